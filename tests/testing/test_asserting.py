"""The assertions really ask, judge as a browser does, and say plainly what is wrong and what mends it."""

import functools
import re
from typing import Any

import httpx
import pytest
import trio

from corserver import Policy, Request, Response
from corserver.cors.browser import CHROMIUM, Rule
from corserver.testing import assert_blocked, assert_readable, running
from tests.ports import reserved_ports

from .apps import OTHER, POLICY, SITE, make_app

JSON = {"content-type": "application/json"}

READABLE: list[tuple[str, dict[str, Any]]] = [
    ("/hello", {}),
    ("/missing", {}),
    ("/hello", {"read": ["ETag"]}),
    ("/hello", {"headers": JSON}),
    ("/hello", {"headers": [("content-type", "application/json")]}),
    ("/items/7", {"method": "PUT", "body": b"{}", "headers": JSON}),
    ("/hello", {"browser": CHROMIUM}),
]
BLOCKED: list[tuple[str, dict[str, Any], Rule | None]] = [
    ("/hello", {"origin": OTHER}, Rule.ACAO_MISSING),
    ("/hello", {"origin": "null"}, Rule.ACAO_MISSING),
    ("/hello", {"credentials": True}, Rule.ACAC_NOT_TRUE),
    ("/hello", {"headers": {"x-other": "1"}}, Rule.HEADER_NOT_ALLOWED),
    ("/items/7", {"method": "DELETE"}, Rule.METHOD_NOT_ALLOWED),
    ("/hello", {"read": ["x-secret"]}, None),
    ("/hello", {"read": ["x-absent"]}, None),
]


@pytest.mark.parametrize(("path", "options"), READABLE)
def test_what_is_readable_is_not_blocked(path: str, options: dict[str, Any]) -> None:
    with running(make_app(), cors=POLICY) as server:
        assert assert_readable(server.url + path, origin=SITE, **options).is_allowed
        with pytest.raises(AssertionError, match="no script should be able to read it, and a script can"):
            assert_blocked(server.url + path, origin=SITE, **options)


@pytest.mark.parametrize(("path", "options", "rule"), BLOCKED)
def test_what_is_blocked_is_not_readable(path: str, options: dict[str, Any], rule: Rule | None) -> None:
    options = {"origin": SITE, **options}
    with running(make_app(), cors=POLICY) as server:
        assert assert_blocked(server.url + path, rule=rule, **options).rule is rule
        with pytest.raises(AssertionError, match="a script should be able to read it, and cannot"):
            assert_readable(server.url + path, **options)


def test_the_message_names_the_step_the_rule_what_was_observed_and_what_mends_it() -> None:
    with running(make_app(), cors=POLICY) as server:
        with pytest.raises(AssertionError) as caught:
            assert_readable(f"{server.url}/items/7", origin=SITE, method="DELETE", headers={"x-other": "1"})
        url = server.url
    lines = str(caught.value).splitlines()
    assert lines[:10] == [
        f"a script should be able to read it, and cannot: DELETE {url}/items/7 from {SITE}, with x-other; "
        "the Fetch standard decides",
        "  verdict   BLOCKED at the preflight: the method is not in Access-Control-Allow-Methods (which is "
        "case-sensitive)",
        "  rule      METHOD_NOT_ALLOWED, https://fetch.spec.whatwg.org/#cors-preflight-fetch",
        "  step 1    preflight OPTIONS /items/7 -> 204 No Content",
        "  observed  Access-Control-Allow-Methods: PUT",
        "  expected  Access-Control-Allow-Methods: a list with DELETE or `*`",
        "  observed  Access-Control-Allow-Headers: content-type",
        "  expected  Access-Control-Allow-Headers: a list with x-other or `*`",
        "  cause     The script sends DELETE; the server allows PUT, and nothing else.",
        "  mend      in the answer to OPTIONS /items/7:",
    ]
    assert any("Access-Control-Allow-Methods: PUT, DELETE" in line for line in lines[10:])


def test_a_header_that_is_not_exposed_is_mended_by_exposing_it() -> None:
    with running(make_app(), cors=POLICY) as server, pytest.raises(AssertionError) as caught:
        assert_readable(f"{server.url}/hello", origin=SITE, read=["x-secret"])
    assert "x-secret arrives, and the script cannot read it" in str(caught.value)
    assert "Access-Control-Expose-Headers: etag, x-secret" in str(caught.value)


def test_blocked_by_another_rule_is_blocked_by_accident() -> None:
    with running(make_app(), cors=POLICY) as server:
        words = "it should be blocked by METHOD_NOT_ALLOWED, and is by ACAO_MISSING"
        with pytest.raises(AssertionError, match=words):
            assert_blocked(f"{server.url}/hello", origin=OTHER, rule=Rule.METHOD_NOT_ALLOWED)


def test_only_what_a_browser_sends_is_sent() -> None:
    with running(make_app(), cors=POLICY) as server:
        assert_readable(f"{server.url}/items/7", origin=SITE, method="PUT")
        assert_blocked(f"{server.url}/items/7", origin=SITE, method="DELETE")
        assert_blocked(f"{server.url}/hello", origin=OTHER)
        requests = [f"{request.method} {request.target}" for request in server.wait_for(4)]
    assert requests == ["OPTIONS /items/7", "PUT /items/7", "OPTIONS /items/7", "GET /hello"]


def test_redirects_are_followed() -> None:
    async def app(request: Request) -> Response:
        if str(request.path) == "/old":
            return Response(status=302, headers={"Location": "/new"})
        return Response("new")

    with running(app, cors={"/old": Policy(origins=[SITE]), "/new": None}) as server:
        assert_blocked(f"{server.url}/old", origin=SITE, rule=Rule.ACAO_MISSING)
        server.replace_cors(Policy(origins=[SITE]))
        assert_readable(f"{server.url}/old", origin=SITE)


def test_nobody_there_is_neither() -> None:
    with reserved_ports(1) as [port]:
        url = f"http://127.0.0.1:{port}/"
        with pytest.raises(AssertionError, match="nothing listens there"):
            assert_readable(url, origin=SITE)
        with pytest.raises(AssertionError, match="it cannot be reached"):
            assert_blocked(url, origin=SITE)


async def test_they_can_be_called_from_trio() -> None:
    with running(make_app(), cors=POLICY) as server:
        assert_readable(f"{server.url}/hello", origin=SITE)
        await trio.to_thread.run_sync(functools.partial(assert_blocked, f"{server.url}/hello", origin=OTHER))
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{server.url}/hello")).text == "hello"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"url": "127.0.0.1:8000/"}, "write 'http://HOST:PORT/PATH'"),
        ({"url": "ftp://127.0.0.1/"}, "write 'http://HOST:PORT/PATH'"),
        ({"origin": "https://site.example/"}, "write 'https://site.example'"),
        ({"origin": "site.example"}, "write 'https://site.example'"),
        ({"method": "GET it"}, "write one word"),
        ({"headers": ["content-type"]}, "write {'content-type'"),
        ({"headers": {"a b": "1"}}, "write {'content-type'"),
        ({"headers": {"a": "1\n2"}}, "write {'content-type'"),
        ({"read": "etag"}, "write read=['etag']"),
        ({"read": ["e tag"]}, "read: 'e tag' is no header name: write a name, such as 'etag'"),
    ],
)
def test_what_cannot_be_asked_says_what_to_write(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        assert_readable(**{"url": "http://127.0.0.1:1/", "origin": SITE, **options})
