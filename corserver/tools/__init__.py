"""What people run: tools that look at CORS from outside."""
