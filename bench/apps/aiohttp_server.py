"""aiohttp with a route for each answer, its CORS lines written down: `python -m bench.apps.aiohttp_server PORT`."""

import importlib
import json
import sys
from typing import Any

from bench.answers import ACTUAL_ANSWER, ITEM, PREFLIGHT_ANSWER

web: Any = importlib.import_module("aiohttp.web")


def _json(value: object) -> Any:
    body = json.dumps(value, separators=(",", ":")).encode()
    return web.Response(body=body, headers=ACTUAL_ANSWER, content_type="application/json")


async def preflight(request: Any) -> Any:
    """The fixed answer."""
    return web.Response(status=204, headers=PREFLIGHT_ANSWER)


async def get_item(request: Any) -> Any:
    """The item of the path."""
    return _json({**ITEM, "id": request.match_info["id"]})


async def post_item(request: Any) -> Any:
    """Read and parse."""
    item = await request.json()
    return _json({"stored": item["name"]})


def main(port: int) -> None:
    """Serve until killed."""
    app = web.Application()
    app.router.add_route("OPTIONS", "/items/{id}", preflight)
    app.router.add_get("/items/{id}", get_item)
    app.router.add_post("/items/{id}", post_item)
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None, keepalive_timeout=75)


if __name__ == "__main__":
    main(int(sys.argv[1]))
