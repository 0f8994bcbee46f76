"""The wire, file by file."""
