"""Paths here and paths there; and the URL of an upstream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corserver.apps.proxy.places import Places
from corserver.apps.proxy.target import Target
from corserver.cors.scopes import Path
from corserver.http.messages import Request

TARGET = Target.parse("http://api.example/base/")


def asked(target: str) -> Request:
    return Request(method="GET", target=target, path=Path.parse(target.partition("?")[0].encode()))


@pytest.mark.parametrize(
    ("target", "there"),
    [
        ("/api/a?b", b"/base/a?b"),
        ("/api", b"/base"),
        ("/api/", b"/base/"),
        ("/api?q", b"/base?q"),
        ("/%61pi/a%2Fb/%c3%a4//c", b"/base/a%2Fb/%c3%a4//c"),
        ("//api//a", b"/base//a"),
        ("/apis/a", None),
        ("/a", None),
        ("/api/v1/x", b"/base/version/1/x"),
        ("/api/v1", b"/base/version/1"),
        ("/api/v10", b"/base/v10"),
        ("/api/v1/more/y", b"/base/other/y"),
        ("/api/gone/y", b"/base/y"),
    ],
)
def test_where_a_path_leads(target: str, there: bytes | None) -> None:
    places = Places(TARGET, "/api/", {"/v1": "/version/1", "/v1/more": "/other", "/gone": "/"})
    assert places.there(asked(target)) == there


@pytest.mark.parametrize("target", ["/api/..%2Fadmin", "/api/a/..;/b", "/api/..%5cadmin", "/api/%2e%2e%2f", "/api/.;x"])
def test_no_path_leads_out_of_the_base(target: str) -> None:
    assert Places(TARGET, "/api", {}).there(asked(target)) is None


def test_without_anything_a_target_stays_as_it_is() -> None:
    places = Places(Target.parse("http://a"), "", {})
    for target in ("/", "/?x", "//a//b/", "/a;b=c?d?e"):
        assert places.there(asked(target)) == target.encode()


@given(st.lists(st.text(st.sampled_from("ab2F-_é"), min_size=1), max_size=4), st.booleans())
def test_what_leads_there_leads_back(segments: list[str], slash: bool) -> None:
    path = Path(tuple(segments), slash)
    places = Places(TARGET, "/api", {"/a": "/x/y"})
    here = "/api" + (str(path) if segments else "")
    there = places.there(asked(here))
    assert there is not None
    assert places.here(there, Path(slash=False)) == here.encode()


@pytest.mark.parametrize("rest", [b"//evil.example/", b"/\\evil.example", b"/\t/evil.example", b"///evil.example"])
@pytest.mark.parametrize("base", ["", "/base"])
def test_no_path_there_is_another_host_here(rest: bytes, base: str) -> None:
    """An upstream that adds a slash to `//evil.example` and sends the client to its own URL of that."""
    places = Places(Target.parse(f"http://api.example{base}"), "", {})
    assert places.here(base.encode() + rest, Path(slash=False)) == b"/" + rest.lstrip(b"/\\\t")


@pytest.mark.parametrize(("prefix", "rewrite"), [("api", {}), ("/a/../b", {}), ("", {"a": "/b"}), ("", {"/a": "b"})])
def test_a_path_that_is_none_is_refused(prefix: str, rewrite: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"path_prefix|rewrite"):
        Places(TARGET, prefix, rewrite)


@pytest.mark.parametrize(
    ("url", "host", "port", "authority", "base"),
    [
        ("http://localhost:9000", "localhost", 9000, "localhost:9000", b""),
        ("http://localhost:80/", "localhost", 80, "localhost", b""),
        ("https://API.example/a%20b/", "api.example", 443, "api.example", b"/a%20b"),
        ("http://[::1]:9000", "::1", 9000, "[::1]:9000", b""),
        ("https://bücher.example", "xn--bcher-kva.example", 443, "xn--bcher-kva.example", b""),
        ("unix:/run/a.sock", "", 0, "localhost", b""),
        ("unix:/run/a.sock:/b", "", 0, "localhost", b"/b"),
        ("http+unix://%2Frun%2Fa.sock/b", "", 0, "localhost", b"/b"),
    ],
)
def test_the_url_of_an_upstream(url: str, host: str, port: int, authority: str, base: bytes) -> None:
    target = Target.parse(url)
    assert (target.host, target.port, target.authority, target.base) == (host, port, authority, base)
    assert target.uds == ("/run/a.sock" if "unix" in url else "")


@pytest.mark.parametrize(
    "url",
    [
        "localhost:9000",
        "9000",
        "ftp://a",
        "http://",
        "http://a:b@c",
        "http://a?b",
        "http://a#b",
        "http://a:99999",
        "http://a/../b",
        "http://a/b c",
        "http://[::1",
        "unix:relative",
        "",
    ],
)
def test_what_is_no_upstream_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Target.parse(url)
