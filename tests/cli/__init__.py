"""Tests of the program: what it tells, and how."""
