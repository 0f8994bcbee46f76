"""Redirects, fallbacks and errors: the form that each client gets, and the user's own lines."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from corserver.apps.files import StaticFiles
from corserver.http.messages import HTTPError

from .conftest import SECRET
from .site import NAVIGATION, ask, make_request, write
from .test_listing import Page

FETCH = {"accept": "*/*"}


# errors


@pytest.mark.parametrize(
    ("target", "method", "headers", "status"),
    [
        ("/nope", "GET", {}, 404),
        ("/.env", "GET", {}, 404),
        ("/..%5c", "GET", {}, 400),
        ("/data.json", "POST", {}, 405),
        ("/data.json", "GET", {"if-match": '"x"'}, 412),
        ("/data.json", "GET", {"range": "bytes=99-"}, 416),
    ],
)
@pytest.mark.parametrize("accept", [None, "*/*", "application/json", NAVIGATION["accept"]])
async def test_an_error_is_a_page_for_a_browser_that_shows_one_and_text_for_all_else(
    app: StaticFiles, target: str, method: str, headers: Mapping[str, str], status: int, accept: str | None
) -> None:
    answer = await ask(app, target, method, {**headers, **({} if accept is None else {"accept": accept})})
    is_page = accept == NAVIGATION["accept"]

    assert answer.status == status
    assert answer.headers["content-type"] == f"text/{'html' if is_page else 'plain'}; charset=utf-8"
    assert answer.headers["vary"] == "Accept"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(answer.body) < 4000
    if is_page:
        assert str(status) in answer.body.decode()
        assert "script" not in Page(answer.body.decode()).elements
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


async def test_a_page_of_what_is_not_found_leads_to_the_mount(app: StaticFiles) -> None:
    answer = await ask(app, "/static/x/nope", "GET", NAVIGATION, mounted=2)

    assert Page(answer.body.decode()).links == [("/static/x/", "Start page")]


async def test_an_error_is_still_one_that_is_raised(app: StaticFiles) -> None:
    """Whoever wraps the app, such as the router, reads its status."""
    with pytest.raises(HTTPError) as raised:
        await app(make_request("/data.json", "POST", NAVIGATION))

    assert (raised.value.status, dict(raised.value.headers)[b"Allow"]) == (405, b"GET, HEAD, OPTIONS")


# 404.html and single pages


@pytest.mark.parametrize("target", ["/nope", "/.env", "/link.txt", "/sub/nope", "/fifo"])
async def test_the_sites_own_page_of_what_is_not_found(special: Path, target: str) -> None:
    write(special / "404.html", b"<p>ours")
    app = StaticFiles(special)
    for headers in ({}, FETCH, NAVIGATION):
        answer = await ask(app, target, "GET", headers)
        assert (answer.status, answer.body) == (404, b"<p>ours")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert not {"etag", "last-modified"} & set(answer.headers)
        assert answer == await ask(app, "/elsewhere", "GET", headers)
    assert (
        (await ask(app, target, "GET", {"accept": "application/json"})).headers["content-type"].startswith("text/plain")
    )
    assert (await ask(app, "/404.html")).status == 200
    assert (await ask(app, target, "POST")).status == 405


async def test_a_404_page_that_leads_out_is_none(root: Path) -> None:
    (root / "404.html").symlink_to("../outside/secret.txt")
    answer = await ask(StaticFiles(root), "/nope")

    assert answer.status == 404
    assert SECRET not in answer.body


@pytest.mark.parametrize(
    ("target", "headers", "is_index"),
    [
        ("/users/7", NAVIGATION, True),
        ("/users/7/", NAVIGATION, True),
        ("/users/ada.lovelace", NAVIGATION, True),
        ("/users/7", FETCH, True),
        ("/users/7", {}, True),
        ("/users/7", {"accept": "application/json"}, False),
        ("/assets/gone.js", FETCH, False),
        ("/assets/gone.js", {}, False),
        ("/.env", FETCH, False),
        ("/..%5cx", NAVIGATION, False),
    ],
)
async def test_a_single_page_answers_for_its_paths(
    root: Path, target: str, headers: Mapping[str, str], is_index: bool
) -> None:
    write(root / "index.html", b"<p>the page")
    answer = await ask(StaticFiles(root, spa=True), target, "GET", headers)

    assert (answer.status == 200) == is_index
    assert (answer.body == b"<p>the page") == is_index
    if is_index:
        assert answer.headers["etag"] == (await ask(StaticFiles(root), "/")).headers["etag"]
        again = await ask(
            StaticFiles(root, spa=True), target, "GET", {**headers, "if-none-match": answer.headers["etag"]}
        )
        assert again.status == 304


async def test_a_single_page_is_not_what_everybody_gets_at_its_paths(root: Path) -> None:
    """Else a cache has it for the script that asks for JSON there."""
    write(root / "index.html", b"<p>the page")
    write(root / "index.html.gz", b"the page, packed")
    app = StaticFiles(root, spa=True)
    tag = (await ask(app, "/")).headers["etag"]
    for headers in ({}, {"range": "bytes=0-1"}, {"if-none-match": tag}):
        for method in ("GET", "HEAD"):
            answer = await ask(app, "/users/7", method, {**NAVIGATION, **headers})
            assert set(answer.headers["vary"].split(", ")) == {"Accept-Encoding", "Accept"}, (method, headers)
    assert (await ask(app, "/", "GET", NAVIGATION)).headers["vary"] == "Accept-Encoding"


async def test_before_a_fallback_a_single_page_is_for_who_names_html(root: Path) -> None:
    """What a script asks for is not found here, so that the fallback is asked."""
    write(root / "index.html", b"<p>the page")
    app = StaticFiles(root, spa=True, has_fallback=True)
    assert (await ask(app, "/api/users", "GET", NAVIGATION)).body == b"<p>the page"
    for headers in (FETCH, {}, {"accept": "text/html;q=0, */*"}):
        assert (await ask(app, "/api/users", "GET", headers)).status == 404, headers


async def test_a_single_page_hides_nothing_that_is_there(root: Path) -> None:
    write(root / "index.html", b"<p>the page")
    write(root / "404.html", b"<p>ours")
    app = StaticFiles(root, spa=True)

    assert (await ask(app, "/data.json", "GET", NAVIGATION)).body == b'{"a": 1}'
    assert (await ask(app, "/sub", "GET", NAVIGATION)).status == 301
    assert (await ask(app, "/nope.js", "GET", FETCH)).body == b"<p>ours"
    for hidden in ("/.env", "/link.txt", "/linkdir/secret.txt"):
        assert await ask(app, hidden, "GET", NAVIGATION) == await ask(app, "/nope", "GET", NAVIGATION)
    (root / "index.html").unlink()
    assert (await ask(app, "/nope", "GET", NAVIGATION)).body == b"<p>ours"


async def test_clean_urls_keep_the_query_and_the_mount(root: Path) -> None:
    write(root / "about.html", b"<p>about")
    app = StaticFiles(root, clean_urls=True)

    assert (await ask(app, "/about")).body == b"<p>about"
    for target, location in (
        ("/s/about.html?a=/b", "/s/about?a=/b"),
        ("/s/about/?x", "/s/about?x"),
        ("/s/sub/index.html", "/s/sub/"),
    ):
        answer = await ask(app, target, mounted=1)
        assert (answer.status, answer.headers["location"]) == (301, location)


# the user's own lines


async def test_own_lines_are_on_every_answer_and_replace_ours(root: Path) -> None:
    write(root / "app.js", b"x" * 2000)
    lines = [
        ("X-Own", "1"),
        ("cache-control", "private"),
        ("Vary", "Cookie"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
    ]
    app = StaticFiles(root, headers=lines, compress=True)
    targets = ["/data.json", "/nope", "/plain", "/plain/", "/app.js", "/..%5c"]
    for target in targets:
        for method in ("GET", "HEAD", "OPTIONS", "POST"):
            for headers in ({}, NAVIGATION, {"if-none-match": "*"}, {"range": "bytes=0-1"}, {"range": "bytes=99999-"}):
                answer = await ask(app, target, method, headers)
                assert answer.headers["x-own"] == "1", (target, method, headers)
                assert answer.headers["cache-control"] == "private"
                assert answer.headers["vary"].endswith("Cookie")
                assert answer.headers.get_all("set-cookie") == ("a=1", "b=2")
    assert (await ask(app, "/app.js")).headers["vary"] == "Accept-Encoding, Cookie"
    assert hash(app) == hash(StaticFiles(root, headers=tuple(lines), compress=True))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("ETag", '"x"'), "each answer has its own"),
        (("content-length", "1"), "each answer has its own"),
        (("Content-Type", "text/plain"), "each answer has its own"),
        (("Connection", "close"), "about the connection"),
        (("X", "a\r\nb"), "control characters"),
        (("X Y", "a"), "not a header name"),
    ],
)
def test_lines_that_cannot_be(root: Path, line: tuple[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        StaticFiles(root, headers=[line])
