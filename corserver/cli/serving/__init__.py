"""What the commands that serve do: a server in the terminal, from its sockets and its app to the last signal."""
