"""What is written: the log, the words beside it, and how they look."""
