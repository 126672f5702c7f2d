"""Stand-ins for the original system's programs, for tests of mixed networks."""
