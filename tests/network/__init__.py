"""Whole networks of the very cores that the program runs, in virtual time."""
