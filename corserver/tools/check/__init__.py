"""`check`: plays the browser against any server, says what it would do and why, and what mends it.

Read `report` first, the value that everything ends in, then `investigation`, the generator that finds it out. Three
parts do not know of each other: what is pure (all of it but two files), `sending`, which alone does I/O, and `text`
and `as_json`, which render the report.
"""
