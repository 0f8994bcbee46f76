"""`check`: plays the browser against any server, says what it would do and why, and what mends it.

Read `report` first, the value that everything ends in, then `investigation`, the generator that finds it out. That is
pure. `sending` alone does I/O; `text` and `as_json` render the report, and know nothing of how it was come by.
"""
