"""CORS through a real connection: the vectors of the engine, and that no response escapes the policy."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

import pytest

from corserver.cors.policy import Policy
from corserver.cors.scopes import PathPattern, Scope, Scopes
from corserver.http.exchange import Service
from corserver.http.limits import Limits
from corserver.http.log import Entry
from corserver.http.messages import HTTPError, Request, Response
from tests.cors.vectors import VECTORS
from tests.cors.vectors.governing import POLICIES
from tests.cors.vectors.vector import Vector

from .peer import Answer, Cutter, ask, byte_by_byte, converse, read_answers, request, whole

SITE = "https://example.com"
POLICY = Policy([SITE], ["PUT", "PATCH"], ["content-type", "x-a"], ["etag", "x-id"], credentials=True, max_age=600)
ANY = Policy(["*"], ["*"], ["*"], ["etag"])


def served(policy: Policy | None, app: object = None, **limits: object) -> Service:
    async def hello(request: Request) -> Response:
        return Response("hello")

    scopes = Scopes(default=policy)
    return Service(app=app or hello, scopes=scopes, limits=Limits(**limits))  # type: ignore[arg-type]


def cors_lines(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The CORS lines and Vary, names lower-case, in order."""
    lower = [(name.lower(), value) for name, value in headers]
    return [line for line in lower if line[0].startswith(b"access-control-") or line[0] == b"vary"]


WIRED = [vector for vector in VECTORS if vector.on_the_wire]


@pytest.mark.parametrize("cut", [whole, byte_by_byte])
@pytest.mark.parametrize("vector", WIRED, ids=lambda vector: vector.id)
async def test_the_vectors_hold_on_the_wire(autojump_clock: object, vector: Vector, cut: Cutter) -> None:
    ran = []

    async def app(request: Request) -> Response:
        ran.append(request)
        return Response("hello", headers=vector.app_headers)

    lines = b"".join(name + b": " + value + b"\r\n" for name, value in vector.lines)
    data = b"%s %s HTTP/1.1\r\nHost: server.test\r\n%s\r\n" % (vector.method, vector.target, lines)
    if cut is byte_by_byte and len(data) > 3000:
        cut = whole
    server = Service(app=app, scopes=Scopes(default=POLICIES[vector.policy]))
    answer = await ask(server, data, cut=cut, method=vector.method.decode())
    if len(data) > Limits().head:
        assert answer.status == 431
        return
    assert cors_lines(vector.expected) == cors_lines(answer.headers)
    if vector.status is not None:
        assert (vector.status, []) == (answer.status, ran)
    elif vector.target != b"*":
        assert (answer.status, len(ran)) == (200, 1)


# ---------------------------------------------------------------------------------------------- every status, both ways


async def answer_by_path(request: Request) -> Response:
    match str(request.path):
        case "/raises":
            raise RuntimeError("oops")
        case "/reads":
            return Response(await request.body())
        case "/json":
            return Response.json(await request.json())
        case "/stream":
            return Response(_stream(), headers={"ETag": '"1"'})
        case "/moved":
            return Response(status=302, headers={"Location": "https://elsewhere.example/"})
    status = int(request.path.segments[0])
    if status >= 400:
        raise HTTPError(status, "as asked", {"Allow": "GET"} if status == 405 else {})
    return Response(b"", status)


async def _stream() -> AsyncIterator[bytes]:
    yield b"piece"


ORIGIN = f"Origin: {SITE}"
EVERY_STATUS = {
    **{str(s): request("GET", f"/{s}", ORIGIN) for s in (200, 204, 206, 304, 401, 403, 404, 405, 416, 429, 503)},
    "500 raised": request("GET", "/raises", ORIGIN),
    "413 by length": request("POST", "/reads", ORIGIN, "Content-Length: 999999999"),
    "413 by count": request("POST", "/reads", ORIGIN, "Transfer-Encoding: chunked") + b"ff\r\n" + b"x" * 255 + b"\r\n",
    "400 json": request("POST", "/json", ORIGIN, body=b"{"),
    "400 body": request("POST", "/reads", ORIGIN, "Transfer-Encoding: chunked") + b"zz\r\n",
    "400 path": request("GET", "/%zz", ORIGIN),
    "400 parser": request("GET", "/200", ORIGIN, "Bad[Name: 1"),
    "400 framing": request("POST", "/200", ORIGIN, "Content-Length: 1", "Transfer-Encoding: chunked"),
    "400 target": request("GET", "200", ORIGIN),
    "400 no Host": f"GET /200 HTTP/1.1\r\n{ORIGIN}\r\n\r\n".encode(),
    "417": request("POST", "/200", ORIGIN, "Expect: tea"),
    "431 size": request("GET", "/200", ORIGIN, "Cookie: " + "c" * 3000),
    "400 end": request("GET", "/200", ORIGIN).removesuffix(b"\r\n"),
    "400 line": request("GET", "/200", ORIGIN, "X: 1").removesuffix(b"\r\n\r\n") + b"\n",
    "431 fields": request("GET", "/200", ORIGIN, *(f"X-{n}: 1" for n in range(120))),
    "505": request("GET", "/200", ORIGIN, version="2.0"),
    "302": request("GET", "/moved", ORIGIN),
    "stream": request("GET", "/stream", ORIGIN),
    "HEAD": request("HEAD", "/200", ORIGIN),
    "HTTP/1.0": request("GET", "/200", ORIGIN, version="1.0"),
    "plain OPTIONS": request("OPTIONS", "/200", ORIGIN),
}


@pytest.mark.parametrize("cut", [whole, byte_by_byte])
@pytest.mark.parametrize("data", EVERY_STATUS.values(), ids=EVERY_STATUS.keys())
async def test_every_response_is_readable_by_the_allowed_origin(
    autojump_clock: object, data: bytes, cut: Cutter
) -> None:
    method = data.split(b" ")[0].decode()
    answer = await ask(served(POLICY, answer_by_path, head=2500, body=200), data, cut=cut, method=method)
    assert {
        b"access-control-allow-origin": SITE.encode(),
        b"access-control-allow-credentials": b"true",
        b"access-control-expose-headers": b"etag, x-id",
    } == answer.cors
    assert answer.vary == [b"Origin"]


@pytest.mark.parametrize("data", EVERY_STATUS.values(), ids=EVERY_STATUS.keys())
async def test_no_response_tells_another_origin_anything(autojump_clock: object, data: bytes) -> None:
    method = data.split(b" ")[0].decode()
    denied = data.replace(SITE.encode(), b"https://evil.example")
    good = await ask(served(POLICY, answer_by_path, head=2500, body=200), data, method=method)
    bad = await ask(served(POLICY, answer_by_path, head=2500, body=200), denied, method=method)
    assert (bad.cors, bad.vary) == ({}, [b"Origin"])
    assert (good.status, good.body) == (bad.status, bad.body)


@pytest.mark.parametrize("data", EVERY_STATUS.values(), ids=EVERY_STATUS.keys())
async def test_a_policy_of_any_origin_answers_without_asking_who(autojump_clock: object, data: bytes) -> None:
    method = data.split(b" ")[0].decode()
    with_origin = await ask(served(ANY, answer_by_path, head=2500, body=200), data, method=method)
    without = data.replace(ORIGIN.encode() + b"\r\n", b"")
    expected = {b"access-control-allow-origin": b"*", b"access-control-expose-headers": b"etag"}
    assert (expected, []) == (with_origin.cors, with_origin.vary)
    assert (await ask(served(ANY, answer_by_path, head=2500, body=200), without, method=method)).cors == expected


@pytest.mark.parametrize("data", EVERY_STATUS.values(), ids=EVERY_STATUS.keys())
async def test_without_a_policy_nothing_is_added(autojump_clock: object, data: bytes) -> None:
    answer = await ask(served(None, answer_by_path, head=2500, body=200), data, method=data.split(b" ")[0].decode())
    assert (answer.cors, answer.vary) == ({}, [])


async def test_with_credentials_all_that_is_sent_is_exposed_by_name(autojump_clock: object) -> None:
    async def app(request: Request) -> Response:
        lines = [("ETag", '"1"'), ("Content-Type", "a/b"), ("X-Rows", "7"), ("Set-Cookie", "a=b")]
        return Response(b"", int(request.path.segments[0]), lines)

    server = replace(served(Policy([SITE], expose=["*"], credentials=True), app), server_header=b"corserver")
    fresh, kept = read_answers(await converse(server, request("GET", "/200", ORIGIN) + request("GET", "/304", ORIGIN)))
    assert fresh.cors[b"access-control-expose-headers"] == b"date, etag, server, vary, x-rows"
    # Of the answer that the browser keeps, and takes a 304's lines for, the names have to stay.
    assert b"access-control-expose-headers" not in kept.cors
    assert kept.cors[b"access-control-allow-origin"] == SITE.encode()


EARLY = {
    "no end of its line": f"GET / HTTP/1.1\r\nX: 1\r\n{ORIGIN}\n".encode(),
    "no request line": b"GET /" + b"x" * 9000,
    "TLS": b"\x16\x03\x01\x00",
    "two origins": request("GET", "/200", ORIGIN, ORIGIN, "Bad[Name: 1"),
    "malformed origin": request("GET", "/200", ORIGIN + "/", "Bad[Name: 1"),
    "null": request("GET", "/200", "Origin: null", "Bad[Name: 1"),
    "no origin": request("GET", "/200", "Bad[Name: 1"),
}


@pytest.mark.parametrize("data", EARLY.values(), ids=EARLY.keys())
async def test_an_error_whose_origin_is_not_known_is_decorated_by_a_policy_of_any_only(
    autojump_clock: object, data: bytes
) -> None:
    closed = await ask(served(POLICY), data)
    open_ = await ask(served(ANY), data)
    assert closed.status == open_.status == (414 if len(data) > 9000 else 400)
    assert closed.cors == {}
    assert closed.vary == ([b"Origin"] if b"\r\n" in data else [])
    assert open_.cors[b"access-control-allow-origin"] == b"*"


@pytest.mark.parametrize(("status", "line", "padding"), [(414, 40000, 1), (431, 1, 40000)])
async def test_what_came_beyond_a_limit_tells_too(autojump_clock: object, status: int, line: int, padding: int) -> None:
    data = request("GET", "/" + "a" * line, "X: " + "y" * padding, ORIGIN)
    answer = await ask(served(POLICY), data + b"Origin: https://in.the.body\r\n")
    assert (answer.status, answer.cors[b"access-control-allow-origin"]) == (status, SITE.encode())


async def test_an_error_is_decorated_by_the_policy_of_its_path(autojump_clock: object) -> None:
    scopes = Scopes([Scope(PathPattern.parse("/api/*"), POLICY)], default=ANY)
    server = Service(app=answer_by_path, scopes=scopes)
    api = await ask(server, request("GET", "/api/x", ORIGIN, "Bad[Name: 1"))
    rest = await ask(server, request("GET", "/x", ORIGIN, "Bad[Name: 1"))
    early = await ask(server, request("GET", "/api/x", ORIGIN, "Cookie: " + "c" * 40000))
    unreadable = await ask(server, request("GET", "/api/%zz", ORIGIN))
    found = [answer.cors[b"access-control-allow-origin"] for answer in (api, early, rest, unreadable)]
    assert [SITE.encode(), SITE.encode(), b"*", b"*"] == found


# ----------------------------------------------------------------------------------------------------------- preflights


PREFLIGHT = request("OPTIONS", "/items/7", ORIGIN, "Access-Control-Request-Method: PUT")


async def test_a_preflight_never_reaches_the_app_and_its_body_is_dropped(autojump_clock: object) -> None:
    async def app(request: Request) -> Response:
        raise AssertionError("the app was asked")

    body = request("GET", "/hidden")
    data = request("OPTIONS", "/", ORIGIN, "Access-Control-Request-Method: PUT", body=body) + PREFLIGHT
    answers = read_answers(await converse(served(POLICY, app), data))
    assert [answer.status for answer in answers] == [204, 204]
    assert not any(answer.get(b"content-length") or answer.body for answer in answers)


async def test_a_preflight_in_http_1_0_or_with_close_is_framed_right(autojump_clock: object) -> None:
    old = PREFLIGHT.replace(b"HTTP/1.1", b"HTTP/1.0")
    closing = PREFLIGHT.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    for data in (old, closing):
        answer = await ask(served(POLICY), data)
        assert (answer.status, answer.get(b"connection"), answer.body) == (204, [b"close"], b"")


async def test_a_refused_preflight_says_why_when_that_was_asked_for(autojump_clock: object) -> None:
    denied = PREFLIGHT.replace(b"https://example.com", b"https://www.example.com")
    assert (await ask(served(POLICY), denied)).body == b""
    answer = await ask(replace(served(POLICY), explain_denials=True), denied)
    assert (answer.status, answer.get(b"content-type")) == (403, [b"text/plain; charset=utf-8"])
    assert answer.body.decode().splitlines() == [
        "origin not in the policy; allowed: https://example.com",
        "`https://www.example.com` differs from the allowed `https://example.com` in the leading `www.`",
        "To mend it: add https://www.example.com to the policy's origins (on the command line: "
        "--cors https://www.example.com)",
        "See https://fetch.spec.whatwg.org/#cors-check",
    ]


async def test_private_network_access_is_ignored(autojump_clock: object) -> None:
    asked = PREFLIGHT.replace(b"\r\n\r\n", b"\r\nAccess-Control-Request-Private-Network: true\r\n\r\n")
    plain, with_it = await ask(served(POLICY), PREFLIGHT), await ask(served(POLICY), asked)
    assert cors_lines(plain.headers) == cors_lines(with_it.headers)


async def test_a_request_keeps_the_table_that_it_began_with(autojump_clock: object) -> None:
    server = served(POLICY)

    async def app(request: Request) -> Response:
        server.scopes = Scopes(default=ANY)
        return Response("hello")

    server.app = app
    first, second = read_answers(await converse(server, request("GET", "/", ORIGIN) * 2))
    assert [SITE.encode(), b"*"] == [a.cors[b"access-control-allow-origin"] for a in (first, second)]


async def test_the_app_is_told_once_that_its_own_cors_headers_are_replaced(
    autojump_clock: object, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(request: Request) -> Response:
        return Response("x", headers={"Access-Control-Allow-Origin": "*", "Vary": "Accept"})

    answers = read_answers(await converse(served(POLICY, app), request("GET", "/", ORIGIN) * 3))
    assert all(answer.cors[b"access-control-allow-origin"] == SITE.encode() for answer in answers)
    assert [answer.vary for answer in answers] == [[b"Accept", b"Origin"]] * 3
    assert caplog.text.count("Access-Control-Allow-Origin is replaced") == 1
    (untouched,) = read_answers(await converse(served(None, app), request("GET", "/", ORIGIN)))
    assert (untouched.cors[b"access-control-allow-origin"], untouched.vary) == (b"*", [b"Accept"])


async def test_an_informational_response_carries_no_cors(autojump_clock: object) -> None:
    head = request("POST", "/reads", ORIGIN, "Content-Length: 3", "Expect: 100-continue")
    data = await converse(served(POLICY, answer_by_path), head)
    informational, _, final = data.partition(b"\r\n\r\n")
    assert informational == b"HTTP/1.1 100 Continue"
    assert b"Access-Control-Allow-Origin" in final


@pytest.mark.parametrize("origin", ["http://localhost", "null"])
async def test_a_request_is_served_whatever_its_origin(autojump_clock: object, origin: str) -> None:
    entries: list[Entry] = []
    server = served(POLICY, answer_by_path)
    server.access_log = entries.append
    answer: Answer = await ask(server, request("POST", "/reads", f"Origin: {origin}", body=b"abc"))
    assert (answer.status, answer.body, answer.cors) == (200, b"abc", {})
