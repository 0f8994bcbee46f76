"""The two sites over real sockets: a run, what is refused, and runs that do not disturb each other."""

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import trio

from corserver import serve
from corserver.tools.demo.sites import Demo

FORM = {"origins": "", "method": "GET"}


@asynccontextmanager
async def site_a() -> AsyncIterator[httpx.AsyncClient]:
    async with trio.open_nursery() as nursery:
        server = await nursery.start(functools.partial(serve, Demo().app, port=0))
        async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
            yield client
        nursery.cancel_scope.cancel()


async def begin(client: httpx.AsyncClient, wished: dict[str, Any]) -> Any:
    return (await client.post("/api/runs", json=wished)).json()


async def ask(client: httpx.AsyncClient, begun: Any) -> dict[str, Any]:
    """As a browser whose every CORS check passes would."""
    origin = str(client.base_url).rstrip("/")
    got = await client.request(begun["options"].get("method", "GET"), begun["url"], headers={"Origin": origin})
    return {"response": {"status": got.status_code, "headers": list(map(list, got.headers.items())), "body": got.text}}


async def test_the_page_is_there() -> None:
    async with site_a() as client:
        for path, kind in {"/": "text/html", "/style.css": "text/css", "/script.js": "text/javascript"}.items():
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind)
        assert len((await client.get("/api/cases")).json()["cases"]) == 20


async def test_a_run_is_told_from_the_record() -> None:
    async with site_a() as client:
        begun = await begin(client, {"case": "header-for-a"})
        story = (await client.post(f"/api/runs/{begun['id']}", json=await ask(client, begun))).json()
        assert (story["headline"], story["readable"]) == ("The script reads the answer, a 200", True)
        assert [(event["from"], event["to"]) for event in story["events"]] == [
            ("script", "browser"),
            ("browser", "b"),
            ("b", "browser"),
            ("browser", "browser"),
            ("browser", "script"),
        ]
        answer = story["events"][2]
        assert {"name": "Vary", "value": "Origin", "state": "", "absent": False} in answer["lines"]


async def test_a_browser_that_does_otherwise_is_told_so() -> None:
    async with site_a() as client:
        begun = await begin(client, {"case": "no-header"})
        story = (await client.post(f"/api/runs/{begun['id']}", json=await ask(client, begun))).json()
        assert story["disagreements"] == ["the script was to get an error, and it did not"]


@pytest.mark.parametrize("count", [2, 5])
async def test_runs_have_policies_of_their_own(count: int) -> None:
    async with site_a() as client:
        names = ["header-for-a", "no-header", "any-origin", "readable-404", "hidden-404"][:count]
        begun = [await begin(client, {"case": name}) for name in names]
        answers = [await ask(client, run) for run in begun]
        own = str(client.base_url).rstrip("/")
        allowed = [dict(a["response"]["headers"]).get("access-control-allow-origin") for a in answers]
        assert allowed == [own, None, "*", own, None][:count]


async def test_a_refused_policy_is_shown_with_its_reasons() -> None:
    async with site_a() as client:
        answer = await client.post("/api/runs", json={"origins": "*", "allow_credentials": True})
        (mistake,) = answer.json()["mistakes"]
        assert (answer.status_code, mistake["field"]) == (422, "origins")
        assert "every site on the web" in mistake["why"]


REFUSED: list[tuple[str, dict[str, str], bytes, int]] = [
    ("/api/runs", {"Origin": "http://evil.example"}, b"{}", 403),
    ("/api/runs", {"Origin": "null"}, b"{}", 403),
    ("/api/runs", {"Content-Type": "text/plain"}, b"{}", 415),
    ("/api/runs", {"Host": "evil.example"}, b"{}", 403),
    ("/api/runs", {}, b"[]", 400),
    ("/api/runs", {}, b"{", 400),
    ("/api/runs", {}, b'{"case": "none"}', 404),
    ("/api/runs/0", {}, b'{"error": ""}', 404),
]


@pytest.mark.parametrize(("path", "headers", "body", "status"), REFUSED)
async def test_only_its_own_page_controls_it(path: str, headers: dict[str, str], body: bytes, status: int) -> None:
    async with site_a() as client:
        lines = {"Content-Type": "application/json", **headers}
        answer = await client.post(path, headers=lines, content=body)
        assert answer.status_code == status
        assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("got", [{}, {"error": 1}, {"response": {"status": 200, "headers": [["a"]], "body": ""}}])
async def test_an_outcome_that_no_page_sends_is_refused(got: dict[str, Any]) -> None:
    async with site_a() as client:
        begun = await begin(client, {"case": "no-header"})
        assert (await client.post(f"/api/runs/{begun['id']}", json=got)).status_code == 400


async def test_the_oldest_run_is_forgotten() -> None:
    async with site_a() as client:
        first = await begin(client, {"case": "any-origin"})
        for _ in range(100):
            await begin(client, {"case": "any-origin"})
        assert (await client.get(first["url"])).status_code == 404
