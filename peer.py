"""`python peer.py`: a peer of the original system, on the package `rumor`."""

import sys

try:
    from rumor.cli.original import peer
except ImportError as error:
    sys.exit(f"peer.py: {error.name} is not installed for this Python; run: {sys.executable} -m pip install .")

if __name__ == "__main__":
    sys.exit(peer())
