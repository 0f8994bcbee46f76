"""What the servers answer: one policy, one item. Imports next to nothing, as it is part of what starts."""

import json
from typing import Final

ORIGIN: Final = "http://site-a.example"
OTHER_ORIGIN: Final = "http://site-c.example"
METHOD: Final = "PUT"
HEADER: Final = "content-type"
MAX_AGE: Final = 600
PATH: Final = "/items/7"

#: What `GET /items/7` answers, byte for byte.
ITEM: Final = {"id": "7", "name": "a small thing", "price": 12.5, "tags": ["red", "round"], "stock": 112}
ITEM_BODY: Final = json.dumps(ITEM, separators=(",", ":")).encode()
#: What `POST /items/7` takes, 200 bytes of it, and answers.
NEW_ITEM: Final = {"name": "another small thing", "price": 3.75, "tags": ["blue", "square"], "note": "n" * 122}
NEW_ITEM_BODY: Final = json.dumps(NEW_ITEM, separators=(",", ":")).encode()
STORED_BODY: Final = json.dumps({"stored": NEW_ITEM["name"]}, separators=(",", ":")).encode()

#: The answers, where they are written down rather than decided.
PREFLIGHT_ANSWER: Final = {
    "Access-Control-Allow-Origin": ORIGIN,
    "Access-Control-Allow-Methods": METHOD,
    "Access-Control-Allow-Headers": HEADER,
    "Access-Control-Max-Age": str(MAX_AGE),
    "Vary": "Origin",
}
ACTUAL_ANSWER: Final = {"Access-Control-Allow-Origin": ORIGIN, "Vary": "Origin"}
