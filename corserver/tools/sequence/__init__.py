"""The picture of who sends what to whom: its events, and the script and style that draw them on a page."""
