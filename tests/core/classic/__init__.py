"""Tests of the machines for original nodes."""
