"""Tests of the core: inputs in, all effects and events out, without waiting."""
