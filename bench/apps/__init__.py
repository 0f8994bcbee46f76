"""What the Python peers serve: the same three answers as corserver's app in `bench.server`."""
