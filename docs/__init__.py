"""What the documentation is made by: the reference, and the pictures."""
