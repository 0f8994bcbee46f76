"""`bench`: how many preflights a server answers, and how fast.

Read `plan` first, what is asked for. `asking` makes the request's bytes and judges the first answers; `client` is the
load, `shares` runs it in one process or several; `result` is what came of it, which `report` renders and compares.
`emit` writes the same load for other generators.
"""
