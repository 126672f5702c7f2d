"""`python seed.py`: a seed of the original system, on the package `rumor`."""

import sys

try:
    from rumor.cli.original import seed
except ImportError as error:
    sys.exit(f"seed.py: {error.name} is not installed for this Python; run: {sys.executable} -m pip install .")

if __name__ == "__main__":
    sys.exit(seed())
