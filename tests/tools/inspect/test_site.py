"""The page's server: what it streams, and whom it refuses."""

import functools
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import trio

from corserver import Server
from corserver.tools.inspect import Inspector
from corserver.tools.inspect.ring import Ring
from tests.cli.output.test_text_lines import DENIED, ENTRY

PATHS = ["/", "/script.js", "/sequence.js", "/style.css", "/api/stream", "/api/exchanges/1", "/nope"]


async def started(nursery: trio.Nursery, inspector: Inspector) -> Server:
    server: Server = await nursery.start(functools.partial(inspector.serve, "http://localhost:8000"))
    return server


async def events(answer: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    kind = ""
    async for text in answer.aiter_lines():
        name, _, value = text.partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)


async def test_what_there_is_comes_first_then_what_ends_and_the_stream_ends_with_the_server(
    nursery: trio.Nursery,
) -> None:
    inspector = Inspector(Ring(kept=2))
    inspector.ring([ENTRY] * 3)
    server = await started(nursery, inspector)
    async with httpx.AsyncClient(base_url=server.url) as client, client.stream("GET", "/api/stream") as answer:
        said = events(answer)
        kind, run = await anext(said)
        assert (kind, run["subject"]) == ("run", "http://localhost:8000")
        kind, lines = await anext(said)
        assert (kind, [each["id"] for each in lines]) == ("lines", [2, 3])
        inspector.ring([ENTRY])
        assert [each["id"] for each in (await anext(said))[1]] == [4]
        with trio.fail_after(5):
            server.stop()
            assert [event async for event in said] == []


async def test_an_exchange_is_told_as_long_as_it_is_kept(nursery: trio.Nursery) -> None:
    inspector = Inspector(Ring(kept=1))
    inspector.ring([ENTRY])
    server = await started(nursery, inspector)
    async with httpx.AsyncClient(base_url=server.url) as client:
        assert (await client.get("/api/exchanges/1")).json()["target"] == "/a"
        inspector.ring([ENTRY])
        assert (await client.get("/api/exchanges/1")).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
        {"Host": "192.0.2.1:80"},
        {"Host": "x.localhost:80"},
    ],
)
async def test_no_other_origin_reaches_any_of_it(nursery: trio.Nursery, headers: dict[str, str]) -> None:
    inspector = Inspector()
    inspector.ring([ENTRY])
    server = await started(nursery, inspector)
    async with httpx.AsyncClient(base_url=server.url) as client:
        for path in PATHS:
            for method in ("GET", "OPTIONS"):
                asks = {"Access-Control-Request-Method": "GET"} if method == "OPTIONS" else {}
                answer = await client.request(method, path, headers={**headers, **asks})
                assert answer.status_code == 403, path
                assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_every_answer_is_guarded_and_only_the_page_is_opened_from_nowhere(nursery: trio.Nursery) -> None:
    inspector = Inspector()
    inspector.ring([ENTRY, ENTRY._replace(decision=DENIED)])
    server = await started(nursery, inspector)
    async with httpx.AsyncClient(base_url=server.url) as client:
        for path in PATHS:
            async with client.stream("GET", path) as answer:
                assert answer.headers["content-security-policy"].startswith("default-src 'none'"), path
                assert answer.headers["cross-origin-resource-policy"] == "same-origin"
                assert answer.headers["x-frame-options"] == "DENY"
            async with client.stream("GET", path, headers={"Sec-Fetch-Site": "none"}) as answer:
                assert (answer.status_code == 200) == (path == "/"), path
