"""Fuzzing: random inputs for a long time; each program prints the number that repeats its run."""
