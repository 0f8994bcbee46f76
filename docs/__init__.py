"""What the documentation is made by: the reference, the pictures, and what others do."""
