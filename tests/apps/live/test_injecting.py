"""What is put into pages, and all that is left alone: conditions, ranges, codings, HEAD, what a script fetches."""

import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath

import pytest

from corserver.apps.files import StaticFiles
from corserver.apps.live.injecting import Injection
from corserver.cors.scopes import Path
from corserver.http.fileslice import CHUNK
from corserver.http.header_lines import Headers
from corserver.http.messages import App, HTTPError, Request, Response

PIECE = b"<script></script>"
INJECTION = Injection(PIECE, b"-live-1")
PAGE = b"<!doctype html><p>hello</p>" * 50
HTML = {"Content-Type": "text/html"}


def request(path: str = "/", method: str = "GET", **headers: str) -> Request:
    lines = {"accept": "text/html", **{name.replace("_", "-"): value for name, value in headers.items()}}
    fields = tuple((name.encode(), value.encode()) for name, value in lines.items())
    return Request(method=method, target=path, path=Path.parse(path.encode()), headers=Headers(fields), authority="h")


async def content(response: Response) -> bytes:
    """All of it, closed as a server does."""
    body = response.body
    if isinstance(body, bytes):
        return body
    whole = b"".join([chunk async for chunk in body])
    await body.aclose()  # type: ignore[attr-defined]
    return whole


def header(response: Response, name: str) -> str | None:
    value = response.header(name.encode())
    return None if value is None else value.decode()


def answering(response: Response) -> App:
    async def app(request: Request) -> Response:
        return response

    return app


@pytest.fixture
def site(tmp_path: FilePath) -> StaticFiles:
    (tmp_path / "index.html").write_bytes(PAGE)
    (tmp_path / "large.html").write_bytes(b"x" * (CHUNK + 1))
    (tmp_path / "coded.html").write_bytes(PAGE)
    (tmp_path / "coded.html.gz").write_bytes(gzip.compress(PAGE))
    (tmp_path / "data.txt").write_bytes(b"data")
    (tmp_path / "404.html").write_bytes(b"<p>nothing here")
    return StaticFiles(tmp_path, compress=True, cache_control="max-age=60")


@pytest.mark.parametrize(("path", "size"), [("/", len(PAGE)), ("/large.html", CHUNK + 1), ("/coded.html", len(PAGE))])
@pytest.mark.parametrize("codings", ["identity", "gzip, br"])
async def test_a_page_is_whole_with_the_piece_whatever_is_accepted(
    site: StaticFiles, path: str, size: int, codings: str
) -> None:
    for extra in ({}, {"range": "bytes=0-5"}, {"range": "bytes=0-1,4-5"}, {"range": "bytes=999999999-"}):
        answer = await INJECTION.answer(site, request(path, accept_encoding=codings, **extra))
        assert answer.status == 200
        body = await content(answer)
        assert (len(body), body.endswith(PIECE)) == (size + len(PIECE), True)
        assert header(answer, "content-length") == str(len(body))
        for name in ("content-encoding", "content-range", "accept-ranges", "last-modified"):
            assert header(answer, name) is None
        assert header(answer, "cache-control") == "max-age=60"
        head = await INJECTION.answer(site, request(path, "HEAD", accept_encoding=codings, **extra))
        assert head.headers == answer.headers


@pytest.mark.parametrize("codings", ["identity", "gzip"])
async def test_a_copy_with_this_very_piece_is_still_good_and_no_other_is(site: StaticFiles, codings: str) -> None:
    page = await INJECTION.answer(site, request("/", accept_encoding=codings))
    tag = header(page, "etag")
    assert tag is not None
    for tags in (tag, f'"x", {tag}', f'{tag}, W/"y"'):
        again = await INJECTION.answer(site, request("/", accept_encoding=codings, if_none_match=tags))
        assert (again.status, header(again, "etag"), await content(again)) == (304, tag, b"")
    plain = header(await site(request("/")), "etag")
    assert plain is not None
    date = header(await site(request("/")), "last-modified")
    assert date is not None
    other = Injection(PIECE, b"-live-2")
    for injection, conditions in (
        (INJECTION, {"if_none_match": plain}),
        (INJECTION, {"if_modified_since": date}),
        (INJECTION, {"if_none_match": "*"}),
        (other, {"if_none_match": tag}),
    ):
        fresh = await injection.answer(site, request("/", accept_encoding=codings, **conditions))
        assert (fresh.status, (await content(fresh)).endswith(PIECE)) == (200, True), conditions


async def test_what_is_no_page_is_answered_as_it_is(site: StaticFiles) -> None:
    plain = await site(request("/data.txt"))
    tag = header(plain, "etag")
    assert tag is not None
    for extra in ({}, {"range": "bytes=1-2"}, {"if_none_match": tag}, {"accept_encoding": "gzip"}):
        asked = request("/data.txt", **extra)
        expected = await site(asked)
        answer = await INJECTION.answer(site, asked)
        assert (answer.status, answer.headers) == (expected.status, expected.headers)
        assert await content(answer) == await content(expected)


async def test_a_page_of_an_error_gets_it_too_and_another_error_stays_one(site: StaticFiles) -> None:
    missing = await INJECTION.answer(site, request("/nope"))
    assert (missing.status, (await content(missing)).endswith(PIECE)) == (404, True)
    with pytest.raises(HTTPError) as raised:
        await INJECTION.answer(site, request("/nope", accept="text/plain"))
    assert raised.value.status == 404


@dataclass
class Streamed:
    """A page that streams, and remembers that it was closed."""

    closed: int = 0
    chunks: list[bytes] = field(default_factory=lambda: [b"<p>", b"one"])

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield chunk

    async def aclose(self) -> None:
        self.closed += 1


async def test_a_stream_passes_chunk_by_chunk_and_the_piece_follows() -> None:
    body = Streamed()
    answer = await INJECTION.answer(answering(Response(body, headers=HTML)), request())
    assert not isinstance(answer.body, bytes)
    assert [chunk async for chunk in answer.body] == [b"<p>", b"one", PIECE]
    assert header(answer, "content-length") is None
    await answer.body.aclose()  # type: ignore[attr-defined]
    assert body.closed == 1


async def test_a_page_that_ends_its_connection_does_so_with_the_piece() -> None:
    page = Response("<p>a", headers=HTML, closes=True)
    assert (await INJECTION.answer(answering(page), request())).closes


async def test_what_an_app_answers_for_nothing_is_closed() -> None:
    coded = Streamed()

    async def app(request: Request) -> Response:
        if "accept-encoding" in request.headers:
            return Response(coded, headers={**HTML, "Content-Encoding": "gzip"})
        return Response("<p>", headers=HTML)

    answer = await INJECTION.answer(app, request(accept_encoding="gzip"))
    assert (await content(answer), coded.closed) == (b"<p>" + PIECE, 1)


async def test_an_app_that_codes_whatever_is_asked_is_left_alone() -> None:
    coded = Response(b"\x1f\x8b", headers={**HTML, "Content-Encoding": "gzip"})
    answer = await INJECTION.answer(answering(coded), request())
    assert (answer.body, answer.headers) == (coded.body, coded.headers)


async def test_digests_and_validators_are_not_belied() -> None:
    page = Response(b"<p>", headers={**HTML, "Repr-Digest": "sha-256=:x:", "ETag": 'W/"a"', "Set-Cookie": "a=b"})
    answer = await INJECTION.answer(answering(page), request())
    assert header(answer, "repr-digest") is None
    assert header(answer, "etag") == 'W/"a-live-1"'
    assert header(answer, "set-cookie") == "a=b"


@pytest.mark.parametrize(
    "response",
    [
        Response(status=204, headers=HTML),
        Response(b"{}", headers={"Content-Type": "application/json"}),
        Response(b"<p>", headers={"Content-Type": "text/htmlx"}),
    ],
)
async def test_only_html_with_content_is_a_page(response: Response) -> None:
    answer = await INJECTION.answer(answering(response), request())
    assert (answer.body, answer.headers) == (response.body, response.headers)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("default-src 'none'; img-src *", "default-src 'none'; img-src *; script-src 'self'; connect-src 'self'"),
        ("default-src 'none'; script-src 'nonce-1'", "default-src 'none'; script-src 'nonce-1'"),
        ("default-src 'self'", "default-src 'self'"),
    ],
)
async def test_a_page_without_scripts_may_have_this_one(policy: str, expected: str) -> None:
    page = Response(b"<p>", headers={**HTML, "Content-Security-Policy": policy})
    answer = await INJECTION.answer(answering(page), request())
    assert header(answer, "content-security-policy") == expected
