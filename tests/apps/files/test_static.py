"""The app: methods, files, parts, conditions, directories, and what is not shown."""

import os
import time
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import trio

from corserver.apps.files import StaticFiles
from corserver.cors.scopes import Path as URLPath
from corserver.http.fileslice import CHUNK, FileShrank
from corserver.http.messages import HTTPError, Request

from .conftest import SECRET
from .site import SETTLED_DATE, ask, make_request, open_descriptors, tag_of, write
from .test_listing import Page

HUNDRED = bytes(range(100))


@pytest.fixture
def app(root: Path) -> StaticFiles:
    return StaticFiles(root)


# methods


async def test_get(app: StaticFiles, root: Path) -> None:
    answer = await ask(app, "/data.json")

    assert answer.status == 200
    assert answer.body == b'{"a": 1}'
    assert dict(answer.headers) == {
        "content-type": "application/json",
        "content-length": "8",
        "etag": tag_of(root / "data.json"),
        "last-modified": SETTLED_DATE,
        "cache-control": "no-cache",
        "accept-ranges": "bytes",
        "x-content-type-options": "nosniff",
    }


@pytest.mark.parametrize("target", ["/data.json", "/empty.txt", "/sub/", "/plain/", "/plain", "/nope", "/.env"])
async def test_head_is_get_without_a_body(app: StaticFiles, target: str) -> None:
    get, head = await ask(app, target), await ask(app, target, "HEAD")

    assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")


async def test_options_says_what_there_is(app: StaticFiles) -> None:
    there, not_there = await ask(app, "/data.json", "OPTIONS"), await ask(app, "/nope", "OPTIONS")

    assert there == not_there
    assert (there.status, there.headers["allow"], there.body) == (204, "GET, HEAD, OPTIONS", b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "FOO", "get"])
@pytest.mark.parametrize("target", ["/data.json", "/nope", "/", "/plain", "/.env"])
async def test_other_methods_are_refused_alike_everywhere(app: StaticFiles, method: str, target: str) -> None:
    answer = await ask(app, target, method)

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert answer == await ask(app, "/elsewhere", method)


# files


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7])
async def test_files_of_any_size(app: StaticFiles, root: Path, size: int) -> None:
    content = bytes(i * 7 % 251 for i in range(size))
    write(root / "file.bin", content)

    get, head = await ask(app, "/file.bin"), await ask(app, "/file.bin", "HEAD")

    assert (get.status, get.body, get.headers["content-length"]) == (200, content, str(size))
    assert head.headers == get.headers


@pytest.mark.parametrize("length", [CHUNK, CHUNK + 1])
async def test_parts_of_a_large_file(app: StaticFiles, root: Path, length: int) -> None:
    content = bytes(i * 7 % 251 for i in range(3 * CHUNK))
    write(root / "file.bin", content)

    answer = await ask(app, "/file.bin", "GET", {"range": f"bytes=10-{10 + length - 1}"})

    assert (answer.status, answer.body) == (206, content[10 : 10 + length])


async def test_names_that_are_not_ascii_or_not_utf_8(app: StaticFiles, root: Path) -> None:
    write(root / "ü ß.txt", b"1")
    write(root / os.fsdecode(b"caf\xe9.txt"), b"2")

    assert (await ask(app, "/%C3%BC%20%C3%9F.txt")).body == b"1"
    assert (await ask(app, "/caf%E9.txt")).body == b"2"


async def test_a_type_for_each_name_and_none_to_sniff(app: StaticFiles, root: Path) -> None:
    write(root / "a.unknown", b"<script>alert(1)</script>")

    answer = await ask(app, "/a.unknown")

    assert answer.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("target", ["/data.json", "/plain", "/plain/", "/nope", "/data.json/", "/..%5c"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
async def test_no_answer_is_for_sniffing(app: StaticFiles, target: str, method: str) -> None:
    assert (await ask(app, target, method)).headers["x-content-type-options"] == "nosniff"


async def test_cache_control_is_the_users(root: Path) -> None:
    hour, none = StaticFiles(root, cache_control="max-age=3600"), StaticFiles(root, cache_control=None)

    assert (await ask(hour, "/data.json")).headers["cache-control"] == "max-age=3600"
    assert (await ask(hour, "/plain/")).headers["cache-control"] == "no-cache"
    assert "cache-control" not in (await ask(none, "/data.json")).headers


async def test_a_file_in_the_making_has_a_weak_tag(app: StaticFiles, root: Path) -> None:
    write(root / "new.txt", b"x" * 10, modified_ns=time.time_ns() + 3600 * 10**9)

    answer = await ask(app, "/new.txt")
    tag = answer.headers["etag"]
    part = await ask(app, "/new.txt", "GET", {"range": "bytes=0-1", "if-range": tag})

    assert tag.startswith('W/"')
    assert (part.status, len(part.body)) == (200, 10)
    assert (await ask(app, "/new.txt", "GET", {"if-none-match": tag})).status == 304


async def test_a_root_is_found_again_after_a_build(app: StaticFiles, root: Path) -> None:
    os.rename(root, root.with_name("old"))
    assert (await ask(app, "/data.json")).status == 404
    write(root / "data.json", b"new")
    assert (await ask(app, "/data.json")).body == b"new"


async def test_a_relative_root_stays_where_it_was(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root.parent)
    app = StaticFiles("static")
    monkeypatch.chdir("/")

    assert (await ask(app, "/data.json")).status == 200


# conditions and parts


def with_tag(headers: dict[str, str], root: Path) -> dict[str, str]:
    tag = tag_of(root / "hundred.bin")
    return {name: value.replace("TAG", tag) for name, value in headers.items()}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "condition",
    [{"if-none-match": '"x", W/TAG'}, {"if-none-match": "*"}, {"if-modified-since": SETTLED_DATE}],
)
async def test_not_modified(app: StaticFiles, root: Path, method: str, condition: dict[str, str]) -> None:
    answer = await ask(app, "/hundred.bin", method, with_tag(condition, root))

    assert (answer.status, answer.body) == (304, b"")
    assert dict(answer.headers) == {
        "etag": tag_of(root / "hundred.bin"),
        "last-modified": SETTLED_DATE,
        "cache-control": "no-cache",
        "x-content-type-options": "nosniff",
    }


@pytest.mark.parametrize(
    "condition", [{"if-match": '"x"'}, {"if-unmodified-since": "Fri, 02 Jan 2026 03:04:04 GMT"}, {"if-match": "x"}]
)
async def test_precondition_failed(app: StaticFiles, condition: dict[str, str]) -> None:
    assert (await ask(app, "/hundred.bin", "GET", {**condition, "range": "bytes=0-1"})).status == 412


async def test_part(app: StaticFiles, root: Path) -> None:
    answer = await ask(app, "/hundred.bin", "GET", {"range": "bytes=5-9"})

    assert (answer.status, answer.body) == (206, HUNDRED[5:10])
    assert answer.headers["content-range"] == "bytes 5-9/100"
    assert answer.headers["content-length"] == "5"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"] == tag_of(root / "hundred.bin")
    assert answer.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("headers", "status", "body"),
    [
        ({"range": "bytes=0-0"}, 206, HUNDRED[:1]),
        ({"range": "bytes=-5"}, 206, HUNDRED[-5:]),
        ({"range": "bytes=95-"}, 206, HUNDRED[95:]),
        ({"range": "bytes=90-1000"}, 206, HUNDRED[90:]),
        ({"range": "bytes=0-60,50-99"}, 200, HUNDRED),
        ({"range": "items=0-1"}, 200, HUNDRED),
        ({"range": "bytes=5-2"}, 200, HUNDRED),
        ({"range": "bytes=0-" + "0-0," * 20_000}, 200, HUNDRED),
        ({"range": "bytes=" + "0-0," * 20_000}, 200, HUNDRED),
        ({"range": "bytes=" + "0-," * 500}, 200, HUNDRED),
        ({"range": "bytes=0-9", "if-range": "TAG"}, 206, HUNDRED[:10]),
        ({"range": "bytes=0-9", "if-range": SETTLED_DATE}, 206, HUNDRED[:10]),
        ({"range": "bytes=0-9", "if-range": "W/TAG"}, 200, HUNDRED),
        ({"range": "bytes=0-9", "if-range": '"stale"'}, 200, HUNDRED),
        ({"range": "bytes=0-9", "if-none-match": "TAG"}, 304, b""),
        ({"range": "bytes=0-9", "if-match": "TAG"}, 206, HUNDRED[:10]),
    ],
)
async def test_parts_and_wholes(
    app: StaticFiles, root: Path, headers: dict[str, str], status: int, body: bytes
) -> None:
    answer = await ask(app, "/hundred.bin", "GET", with_tag(headers, root))

    assert (answer.status, answer.body) == (status, body)
    assert ("content-range" in answer.headers) == (status == 206)


@pytest.mark.parametrize("value", ["bytes=100-", "bytes=99999999999999999999-", "bytes=-0"])
async def test_not_satisfiable(app: StaticFiles, value: str) -> None:
    answer = await ask(app, "/hundred.bin", "GET", {"range": value})

    assert answer.status == 416
    assert answer.headers["content-range"] == "bytes */100"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert len(answer.body) < 100


async def test_head_has_no_parts(app: StaticFiles) -> None:
    answer = await ask(app, "/hundred.bin", "HEAD", {"range": "bytes=0-9"})

    assert (answer.status, answer.headers["content-length"]) == (200, "100")


# directories


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


# what is not shown


NOTHING_LEAKS = [
    # target, status
    ("/../outside/secret.txt", 400),
    ("/%2e%2e/outside/secret.txt", 400),
    ("/.%2e/x", 400),
    ("/sub/%2E%2e/%2e%2E/outside/secret.txt", 400),
    ("/..%2foutside%2fsecret.txt", 404),
    ("/sub%2findex.html", 404),
    ("/%2fetc%2fpasswd", 404),
    ("/%252e%252e%252fsecret", 404),
    ("/%c0%ae%c0%ae/secret", 404),
    ("/%c0%ae%c0%ae%c0%afsecret", 404),
    ("/..%5coutside%5csecret.txt", 400),
    ("/c%3a%5cwindows%5cwin.ini", 400),
    ("/c:/windows/win.ini", 404),
    ("//etc/passwd", 404),
    ("/%5c%5cattacker%5cshare%5cx", 400),
    ("/../static1.txt", 400),
    ("/../../etc/passwd", 400),
    ("/../../etc/nope", 400),
    ("/link.txt", 404),
    ("/absolute-link.txt", 404),
    ("/sibling.txt", 404),
    ("/linkdir", 404),
    ("/linkdir/", 404),
    ("/linkdir/secret.txt", 404),
    ("/linkdir/nope", 404),
    ("/up", 404),
    ("/up/", 404),
    ("/up/static1.txt", 404),
    ("/loop", 404),
    ("/dangling", 404),
    ("/data.json%00.html", 400),
    ("/%zz", 400),
    ("/%", 400),
    ("/%ff", 404),
    ("/" + "x" * 300, 404),
    ("/" + "x" * 6000, 404),
    ("/" + "x/" * 3000, 404),
    ("/CON", 404),
    ("/aux.txt", 404),
    ("/TLS~1.PEM", 404),
    ("/.env::$DATA", 404),
    ("/.env.", 404),
    ("/.env%20", 404),
    ("/data.json::$DATA", 404),
    ("/.env", 404),
    ("/%2eenv", 404),
    ("/.git/HEAD", 404),
    ("/.git", 404),
    ("/.git/", 404),
    ("/.env/", 404),
    ("/.env/.", 400),
    ("/.env?raw??", 404),
    ("/.env?import&raw??", 404),
    ("/.well-known/.hidden", 404),
    ("/plain/.well-known/x", 404),
    ("/linkdir/secret.txt?raw??", 404),
    ("//evil.test/%2e%2e/sub", 400),
    ("/\\evil.test/%2e%2e/sub", 400),
    ("/\\evil.test/sub", 400),
    ("/sub%0d%0aX-Inj:1", 404),
    ("/sub%0aX-Inj:1/", 404),
    ("/data.json/x", 404),
    ("/fifo", 404),
    ("/fifo/", 404),
    ("/socket", 404),
]


@pytest.mark.parametrize(("target", "status"), NOTHING_LEAKS)
async def test_vectors(special: Path, target: str, status: int) -> None:
    app = StaticFiles(special)

    answer = await ask(app, target)

    assert answer.status == status
    assert SECRET not in answer.body
    assert not {"location", "x-inj", "etag"} & set(answer.headers)
    if status == 404:
        assert answer == await ask(app, "/nope")


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/inside-link.txt", 200),
        ("/inside-absolute.txt", 200),
        ("/insidedir/b.txt", 200),
        ("/insidedir/", 200),
        ("/insidedir", 301),
        ("/.well-known/security.txt", 200),
        ("/data.json?raw??", 200),
        ("/data.json?url", 200),
        ("/data.json?inline", 200),
        ("//data.json", 200),
        ("/%64ata.json", 200),
    ],
)
async def test_what_is_inside_is_shown(app: StaticFiles, target: str, status: int) -> None:
    assert (await ask(app, target)).status == status


async def test_dotfiles_on_demand(root: Path) -> None:
    app = StaticFiles(root, dotfiles=True)

    assert (await ask(app, "/.env")).body == b"SECRET=1"
    assert (await ask(app, "/.git/HEAD")).status == 200
    assert b".env" in (await ask(app, "/")).body
    assert (await ask(app, "/link.txt")).status == 404


@pytest.mark.parametrize(
    "segments", [("..",), ("..", "outside", "secret.txt"), (".",), ("sub", "..", "..", "static1.txt")]
)
@pytest.mark.parametrize("dotfiles", [False, True])
async def test_segments_that_no_parser_lets_through(root: Path, segments: tuple[str, ...], dotfiles: bool) -> None:
    """The app does not rely on whoever made the request."""
    app = StaticFiles(root, dotfiles=dotfiles)
    with pytest.raises(HTTPError) as raised:
        await app(Request(method="GET", target="/", path=URLPath(segments, slash=False)))

    assert raised.value.status == 404


async def test_what_may_not_be_read_is_not_found(unreadable: Path) -> None:
    app = StaticFiles(unreadable)
    nothing = await ask(app, "/nope")

    for target in ("/data.json", "/plain", "/plain/", "/plain/b.txt", "/inside-link.txt"):
        assert await ask(app, target) == nothing


# what is left open


async def test_no_descriptor_stays_open(app: StaticFiles, root: Path) -> None:
    write(root / "large.bin", bytes(3 * CHUNK))
    before = open_descriptors()
    for method in ("GET", "HEAD", "OPTIONS", "POST"):
        for target, _ in (*NOTHING_LEAKS, ("/large.bin", 200), ("/data.json", 200), ("/plain/", 200), ("/sub", 301)):
            await ask(app, target, method)
            await ask(app, target, method, {"if-none-match": "*"})
            await ask(app, target, method, {"if-match": '"x"'})
            await ask(app, target, method, {"range": "bytes=9999999-"})

    assert open_descriptors() == before


async def test_a_body_that_is_left_early_is_closed_by_aclose(app: StaticFiles, root: Path) -> None:
    write(root / "large.bin", bytes(3 * CHUNK))
    before = open_descriptors()
    response = await app(make_request("/large.bin"))
    assert not isinstance(response.body, bytes)
    assert len(await anext(aiter(response.body))) == CHUNK
    assert open_descriptors() != before
    await response.body.aclose()  # type: ignore[attr-defined]

    assert open_descriptors() == before


async def test_a_file_that_shrinks_while_it_is_sent(app: StaticFiles, root: Path) -> None:
    path = write(root / "large.bin", bytes(3 * CHUNK))
    response = await app(make_request("/large.bin"))
    assert not isinstance(response.body, bytes)
    os.truncate(path, CHUNK)
    chunks = aiter(response.body)
    assert len(await anext(chunks)) == CHUNK
    with pytest.raises(FileShrank):
        await anext(chunks)
    await response.body.aclose()  # type: ignore[attr-defined]


async def test_requests_side_by_side(app: StaticFiles, root: Path) -> None:
    contents = {f"/file{i}.bin": bytes([i]) * (CHUNK + i) for i in range(20)}
    for name, content in contents.items():
        write(root / name[1:], content)
    received: dict[str, bytes] = {}

    async def fetch(name: str) -> None:
        received[name] = (await ask(app, name)).body

    async with trio.open_nursery() as nursery:
        for name in contents:
            nursery.start_soon(fetch, name)

    assert received == contents


async def test_a_cancelled_request_leaves_nothing_behind(app: StaticFiles) -> None:
    before = open_descriptors()
    with trio.CancelScope() as scope:
        scope.cancel()
        await ask(app, "/data.json")

    assert scope.cancelled_caught
    assert open_descriptors() == before


# making one


@pytest.mark.parametrize(
    ("given", "words"),
    [("nope", r"there is no directory .*nope': make it, or write"), ("data.json", "is not a directory: write the one")],
)
def test_a_root_has_to_be_a_directory(root: Path, given: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        StaticFiles(root / given)


def test_an_empty_root_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"write '\.' for the working directory"):
        StaticFiles("")


@pytest.mark.parametrize("index", ["", "a/b", "/", "..", ".", "a\0"])
def test_an_index_is_a_name(root: Path, index: str) -> None:
    with pytest.raises(ValueError, match="is not a file name"):
        StaticFiles(root, index=index)


def test_a_cache_control_is_a_header(root: Path) -> None:
    with pytest.raises(ValueError, match="control characters"):
        StaticFiles(root, cache_control="no-cache\r\nX: 1")


def test_it_is_a_value(root: Path) -> None:
    app = StaticFiles(root)

    assert app == StaticFiles(root, index="index.html")
    assert app != StaticFiles(root, listing=False)
    assert repr(app).startswith(f"StaticFiles(root={root!r}, index='index.html'")
    with pytest.raises(AttributeError):
        app.index = "x"  # type: ignore[misc]
