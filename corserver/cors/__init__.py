"""The decision: which origins may read what, and why. Sans-I/O, standard library only."""
