"""Directories, as the app answers them: indexes, redirects, links and listings."""

import os
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from corserver.apps.files import StaticFiles
from corserver.cors.scopes import Path as URLPath
from corserver.http.messages import Request

from .site import ask, write
from .test_listing import Page


async def test_index(app: StaticFiles, root: Path) -> None:
    answer = await ask(app, "/sub/")

    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"<p>sub", "text/html; charset=utf-8")
    assert (await ask(app, "/sub/", "GET", {"if-none-match": answer.headers["etag"]})).status == 304
    assert (await ask(StaticFiles(root, index="page.html"), "/sub/deep/")).body == b"<p>deep"
    assert (await ask(StaticFiles(root / "sub"), "/")).body == b"<p>sub"


@pytest.mark.parametrize(
    ("target", "mounted", "location"),
    [
        ("/sub", 0, "/sub/"),
        ("/sub?", 0, "/sub/?"),
        ("/sub?a=/b&c=%20?", 0, "/sub/?a=/b&c=%20?"),
        ("//sub", 0, "/sub/"),
        ("///sub///deep", 0, "/sub/deep/"),
        ("/s%75b", 0, "/sub/"),
        ("/static/sub", 1, "/static/sub/"),
        ("//evil.example/sub", 1, "/evil.example/sub/"),
        ("/%2Fevil.example/sub", 1, "/%2Fevil.example/sub/"),
        ("/%5Cevil.example/sub", 1, "/%5Cevil.example/sub/"),
        ("/static", 1, "/static/"),
        ("/a/b?x", 2, "/a/b/?x"),
    ],
)
async def test_a_directory_without_its_slash_is_sent_there(
    app: StaticFiles, target: str, mounted: int, location: str
) -> None:
    answer = await ask(app, target, mounted=mounted)

    assert (answer.status, answer.headers["location"]) == (301, location)
    assert urlsplit(urljoin("http://site.example", location)).netloc == "site.example"
    assert "cache-control" in answer.headers


async def test_a_mount_with_its_slash_is_its_root(app: StaticFiles, root: Path) -> None:
    write(root / "index.html", b"home")

    assert (await ask(app, "/static/", mounted=1)).body == b"home"
    assert (await ask(app, "/", mounted=0)).body == b"home"
    assert (await ask(app, "http://site.example/static/?x=/", mounted=0)).status == 400
    absolute = Request(method="GET", target="http://a/static?x=/", path=URLPath(("static",), False)).below(1, {})
    assert (await app(absolute)).header(b"location") == b"/static/?x=/"


async def test_a_file_with_a_slash_is_not_found(app: StaticFiles) -> None:
    assert await ask(app, "/data.json/") == await ask(app, "/nope")


async def test_a_strange_name_of_a_directory_is_encoded_in_its_location(app: StaticFiles, root: Path) -> None:
    (root / "a b?#%ü").mkdir()

    assert (await ask(app, "/a%20b%3f%23%25%c3%bc")).headers["location"] == "/a%20b%3F%23%25%C3%BC/"


async def test_every_listed_link_leads_to_its_file(root: Path) -> None:
    names = [
        b"<img src=x onerror=alert(1)>",
        b"javascript:alert(1)",
        b"a?b#c%d.txt",
        b"caf\xe9",
        b" x ",
        "ü&amp;x".encode(),
    ]
    for name in names:
        write(root / "odd" / os.fsdecode(name), name)
    app = StaticFiles(root)

    page = await ask(app, "/odd/")
    links = [href for href, _ in Page(page.body.decode()).links[5:]]
    bodies = {(await ask(app, urlsplit(urljoin("http://a/odd/", href)).path)).body for href in links}

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert bodies == set(names)


@pytest.mark.parametrize("target", ["/", "/plain/", "/.well-known/"])
async def test_what_is_listed_is_found(app: StaticFiles, target: str) -> None:
    page = await ask(app, target)
    links = [urljoin(target, href) for href, _ in Page(page.body.decode()).links]

    assert len(links) > 1
    assert {(await ask(app, link)).status for link in links} == {200}


async def test_without_listings_a_directory_is_its_index_or_nothing(root: Path) -> None:
    app = StaticFiles(root, listing=False)
    nothing = await ask(app, "/nope")

    assert (await ask(app, "/sub/")).status == 200
    assert (await ask(app, "/sub")).status == 301
    assert nothing.status == 404
    assert await ask(app, "/plain/") == nothing
    assert await ask(app, "/plain") == nothing
    assert await ask(app, "/") == nothing


async def test_an_index_that_cannot_be_answered_is_none(app: StaticFiles, special: Path) -> None:
    (special / "linked").mkdir()
    (special / "linked" / "index.html").symlink_to("../../outside/secret.txt")
    for target in ("/pipes/", "/linked/"):
        answer = await ask(app, target)
        assert answer.status == 200
        assert b"Nothing in here" in answer.body
