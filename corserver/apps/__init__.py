"""What answers: each app is an async callable from a request to a response."""
