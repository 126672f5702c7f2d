"""What is measured: one module a system, each obeying the commands that `fleet.py` lists.

Libraries are loaded by name, since some of them may be missing; then their measures are left out.
"""
