"""`demo`: how Access-Control-Allow-Origin works, shown live by a page of one origin that asks another.

    runs      the values: what the script does, and what site B answers
    form      what the page's form says becomes a run, or a list of mistakes
    cases     the gallery: the classic cases, each a filled form
    record    what went over the wire, as site B's own server saw it
    foretold  what the model of the browser says will happen, before anything is sent
    story     the foretold, the record and what the script got, put together for the page to draw
    sites     the two sites

The page itself is in `page/`: it makes the request, and draws; it decides nothing.
"""
