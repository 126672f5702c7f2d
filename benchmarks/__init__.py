"""Measurements. `python -m benchmarks` (or `make bench`) runs all of them; each prints its figure beside a yardstick.

Machines are shared and noisy, so that a ratio to what runs beside says more than seconds do.
"""
