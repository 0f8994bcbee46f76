"""`python -m corserver` is the command `corserver`."""

from corserver.cli import main

main()
