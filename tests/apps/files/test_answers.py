"""Listings, redirects and errors: the form that each client gets, fallbacks, and the user's own lines."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from corserver.apps.files import StaticFiles
from corserver.http.messages import HTTPError

from .conftest import SECRET
from .site import SETTLED_DATE, ask, make_request, open_descriptors, write
from .test_listing import Page

#: What Chromium sends when it is about to show a page, and with `fetch`.
NAVIGATION = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}
FETCH = {"accept": "*/*"}


@pytest.fixture
def app(root: Path) -> StaticFiles:
    return StaticFiles(root)


# listings


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
        (NAVIGATION["accept"], "text/html; charset=utf-8"),
        ("application/json", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("image/png", "text/html; charset=utf-8"),
    ],
)
async def test_a_listing_is_in_the_form_that_is_asked_for(app: StaticFiles, accept: str | None, kind: str) -> None:
    headers = {} if accept is None else {"accept": accept}
    get, head = await ask(app, "/plain/", "GET", headers), await ask(app, "/plain/", "HEAD", headers)

    assert (get.status, get.headers["content-type"], get.headers["vary"]) == (200, kind, "Accept")
    assert get.headers["content-length"] == str(len(get.body))
    assert (get.headers["cache-control"], get.headers["x-content-type-options"]) == ("no-cache", "nosniff")
    assert b"b.txt" in get.body
    assert head.headers == get.headers


@pytest.mark.parametrize("accept", ["text/html", "application/json", "text/plain"])
async def test_a_listing_that_has_not_changed_is_not_sent_again(app: StaticFiles, root: Path, accept: str) -> None:
    first = await ask(app, "/plain/", "GET", {"accept": accept})
    known = {"accept": accept, "if-none-match": first.headers["etag"]}
    again = await ask(app, "/plain/", "GET", known)

    assert (again.status, again.body, again.headers["vary"]) == (304, b"", "Accept")
    assert (again.headers["etag"], again.headers["cache-control"]) == (first.headers["etag"], "no-cache")
    assert (await ask(app, "/plain/", "GET", {"accept": accept, "if-match": '"x"'})).status == 412
    assert (await ask(app, "/plain/", "GET", {"accept": accept, "if-modified-since": SETTLED_DATE})).status == 200
    write(root / "plain" / "c.txt")
    assert (await ask(app, "/plain/", "GET", known)).status == 200


async def test_each_form_of_a_listing_has_a_tag_of_its_own(app: StaticFiles) -> None:
    forms = [{"accept": "text/html"}, {"accept": "application/json"}, {"accept": "text/plain"}]

    assert len({(await ask(app, "/plain/", "GET", form)).headers["etag"] for form in forms}) == 3


async def test_json_and_text_name_what_the_page_names(app: StaticFiles) -> None:
    page = await ask(app, "/")
    data = json.loads((await ask(app, "/", "GET", {"accept": "application/json"})).body)
    text = (await ask(app, "/", "GET", {"accept": "text/plain"})).body.decode()

    hrefs = [href for href, _ in Page(page.body.decode()).links[4:]]
    assert [entry["href"] for entry in data["entries"]] == hrefs
    assert text.splitlines() == [href.removeprefix("./") for href in hrefs]
    by_name = {entry["name"]: entry for entry in data["entries"]}
    assert by_name["data.json"] == {
        "name": "data.json",
        "type": "file",
        "size": 8,
        "modified": "2026-01-02T03:04:05Z",
        "href": "./data.json",
    }
    assert by_name["plain"]["type"] == "directory"
    assert "size" not in by_name["plain"]
    assert not {".env", ".git", "link.txt", "linkdir", "loop", "dangling"} & set(by_name)


async def test_a_large_directory_is_streamed(root: Path) -> None:
    (root / "many").mkdir()
    for i in range(3000):
        (root / "many" / f"file {i:05}.txt").touch()
    app = StaticFiles(root)
    before = open_descriptors()
    for accept, count in (("text/html", b"<tr>"), ("application/json", b'"href"'), ("text/plain", b".txt\n")):
        response = await app(make_request("/many/", headers={"accept": accept}))
        assert not isinstance(response.body, bytes)
        pieces = [piece async for piece in response.body]

        assert response.header(b"content-length") is None
        assert b"".join(pieces).count(count) in (3000, 3001)
        assert max(map(len, pieces)) < 64 * 1024
    assert open_descriptors() == before


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["sub/", "a", "b", "c"]),
        ("?sort=name&desc", ["sub/", "c", "b", "a"]),
        ("?sort=size", ["sub/", "b", "c", "a"]),
        ("?sort=size&desc", ["sub/", "a", "c", "b"]),
        ("?sort=modified", ["sub/", "c", "a", "b"]),
        ("?sort=modified&desc", ["sub/", "b", "a", "c"]),
        ("?sort=<script>", ["sub/", "a", "b", "c"]),
        ("?" + "a&" * 3000, ["sub/", "a", "b", "c"]),
    ],
)
async def test_a_page_is_sorted_by_its_links(tmp_path: Path, query: str, names: list[str]) -> None:
    (tmp_path / "sub").mkdir()
    for name, size, second in (("a", 30, 2), ("b", 10, 3), ("c", 20, 1)):
        write(tmp_path / name, b"x" * size, modified_ns=second * 10**9)
    page = Page((await ask(StaticFiles(tmp_path), f"/{query}")).body.decode())

    assert [text for _, text in page.links[4:]] == names
    assert [href for href, _ in page.links[1:4]] == {
        "": ["./?sort=name&desc", "./?sort=size", "./?sort=modified"],
        "?sort=size": ["./", "./?sort=size&desc", "./?sort=modified"],
        "?sort=size&desc": ["./", "./?sort=size", "./?sort=modified"],
    }.get(query, [href for href, _ in page.links[1:4]])


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
