"""`python -m rumor` is the program `rumor`."""

from rumor.cli.main import main

main()
