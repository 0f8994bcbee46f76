"""Listings: the form that each client gets, their tags, and how they are sorted."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from corserver.apps.files import StaticFiles

from .site import NAVIGATION, SETTLED_DATE, ask, make_request, open_descriptors, write
from .test_listing import Page


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


async def test_a_large_directory_is_looked_at_while_it_is_streamed_and_is_let_go_of(root: Path) -> None:
    (root / "many").mkdir()
    for i in range(3000):
        (root / "many" / f"file {i:05}.txt").touch()
    before = open_descriptors()
    for method in ("GET", "HEAD"):
        response = await StaticFiles(root)(make_request("/many/", method=method))
        assert isinstance(response.body, AsyncIterator)
        assert len(open_descriptors() - before) == 1
        if method == "GET":
            first = await anext(response.body)
            (root / "many" / "file 02998.txt").unlink()
            (root / "many" / "file 02999.txt").write_bytes(b"x" * 1234)
            page = first + b"".join([piece async for piece in response.body])
            assert b"file 02997.txt" in page
            assert b"file 02998.txt" not in page
            assert b">1.2 kB<" in page
            assert page.endswith(b'</table>\n<p>2999 files, <data value="1234">1.2 kB</data></p>\n</body>\n</html>\n')
        else:
            await response.body.aclose()  # type: ignore[attr-defined]
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
