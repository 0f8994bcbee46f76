"""The record: each request as it came, what was answered, and what CORS did and why."""

import socket
from dataclasses import FrozenInstanceError
from typing import Any

import httpx
import pytest

from corserver.cors.decision import Reason
from corserver.testing import running

from .apps import OTHER, POLICY, SITE, make_app

PREFLIGHT = {"Origin": SITE, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}


def test_a_request_that_reached_the_app_has_the_headers_that_it_saw() -> None:
    with running(make_app(), cors=POLICY) as server:
        httpx.put(f"{server.url}/items/7", headers={"Origin": SITE, "X-Mine": "1"})
        (request,) = server.wait_for(1)
    assert (request.method, request.target, request.status, request.reached_app) == ("PUT", "/items/7", 200, True)
    assert (request.headers["x-mine"], request.origin) == ("1", SITE)
    assert request.reason is request.decision.reason is Reason.ALLOWED_EXACT
    assert request.sentence == "the policy names the origin"
    assert request.failure == ""
    assert str(request) == f"PUT /items/7 200 from {SITE}: the policy names the origin"
    assert repr(request) == f"<Recorded {request}>"


def test_a_preflight_reaches_no_app_and_has_its_headers_too() -> None:
    with running(make_app(), cors=POLICY) as server:
        httpx.options(f"{server.url}/items/7", headers=PREFLIGHT)
        (request,) = server.wait_for(1)
    assert (request.method, request.status, request.reached_app) == ("OPTIONS", 204, False)
    assert PREFLIGHT.items() <= {name.title(): value for name, value in request.headers.items()}.items()
    assert request.headers["host"] == server.url.removeprefix("http://")


def test_a_denied_request_reaches_the_app_and_says_why() -> None:
    with running(make_app(), cors=POLICY) as server:
        httpx.get(f"{server.url}/hello", headers={"Origin": OTHER})
        (request,) = server.wait_for(1)
    assert (request.status, request.reached_app, request.reason) == (200, True, Reason.ORIGIN_NOT_ALLOWED)
    assert SITE in request.sentence


def test_one_connection_mixes_what_reaches_the_app_and_what_does_not() -> None:
    with running(make_app(), cors=POLICY) as server, httpx.Client(base_url=server.url) as client:
        for _ in range(3):
            client.get("/hello", headers={"X-Mine": "1"})
            client.options("/hello", headers=PREFLIGHT)
            client.get("/missing")
        requests = server.wait_for(9)
    assert [request.reached_app for request in requests] == [True, False, True] * 3
    assert ["x-mine" in request.headers for request in requests] == [True, False, False] * 3
    assert [request.status for request in requests] == [200, 204, 404] * 3


def test_a_refused_head_is_recorded_too() -> None:
    with running(make_app()) as server, socket.create_connection(server.address) as connection:
        connection.sendall(b"GET /hello HTTP/1.1\r\nHost: a b\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 400"
        (request,) = server.wait_for(1)
    assert (request.status, request.reached_app, request.origin) == (400, False, None)
    assert str(request) == "GET /hello 400"


@pytest.mark.parametrize("name", ["status", "headers", "decision"])
def test_a_record_does_not_change(name: str) -> None:
    with running(make_app()) as server:
        httpx.get(server.url)
        request: Any = server.wait_for(1)[0]
    with pytest.raises(FrozenInstanceError):
        setattr(request, name, None)
