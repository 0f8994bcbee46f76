"""What the client gets of an answer's head."""

import pytest

from corserver.apps.proxy.places import Places
from corserver.apps.proxy.returning import Returning
from corserver.apps.proxy.target import Target
from corserver.cors.fetch import Field
from corserver.cors.scopes import Path
from corserver.http.messages import Request

REQUEST = Request(method="GET", target="/", path=Path(), authority="here.example", mount=Path(("m",), slash=False))


def returning(*own: Field, locations: bool = True, cookies: bool = True) -> Returning:
    target = Target.parse("http://api.example/base")
    places = Places(target, "/api", {"/v1": "/version/1"})
    return Returning(target, places, locations=locations, cookies=cookies, own=own, mark=b"m")


def returned(name: bytes, value: bytes, made: Returning | None = None, request: Request = REQUEST) -> bytes:
    fields = (made or returning()).fields([(name, value)], request)
    assert [key for key, _ in fields] == [name, b"via"]
    return fields[0][1]


@pytest.mark.parametrize(
    ("location", "here"),
    [
        (b"http://api.example/base/x?y#z", b"/m/api/x?y#z"),
        (b"HTTP://API.EXAMPLE:80/base", b"/m/api"),
        (b"//api.example/base/x", b"/m/api/x"),
        (b"/base/version/1/x", b"/m/api/v1/x"),
        (b"http://here.example/base/x", b"/m/api/x"),
        (b"/basement", b"/basement"),
        (b"http://api.example/other", b"http://api.example/other"),
        (b"https://api.example/base/x", b"https://api.example/base/x"),
        (b"http://api.example.evil/base/x", b"http://api.example.evil/base/x"),
        (b"http://api.example:8080/base/x", b"http://api.example:8080/base/x"),
        (b"relative?x", b"relative?x"),
        (b"", b""),
        (b"mailto:a@b.example", b"mailto:a@b.example"),
    ],
)
def test_a_location_at_the_upstream_becomes_the_place_here(location: bytes, here: bytes) -> None:
    assert returned(b"location", location) == returned(b"content-location", location) == here
    assert returned(b"location", location, returning(locations=False)) == location


@pytest.mark.parametrize(
    ("value", "here"),
    [
        (b"5; url=http://api.example/base/x", b"5; url=/m/api/x"),
        (b"0;URL='/base/x'", b"0;URL='/m/api/x'"),
        (b"5", b"5"),
    ],
)
def test_a_refresh_goes_where_it_would_go(value: bytes, here: bytes) -> None:
    assert returned(b"refresh", value) == here


@pytest.mark.parametrize(
    ("cookie", "here"),
    [
        (b"a=b; Domain=api.example; Path=/base/x; Secure; HttpOnly", b"a=b; Path=/m/api/x; HttpOnly"),
        (b"a=b;path=/;samesite=None;secure;Partitioned", b"a=b; path=/"),
        (b"a=b; SameSite=Lax; Max-Age=5", b"a=b; SameSite=Lax; Max-Age=5"),
        (b"__Host-a=b; Secure; Path=/", b"__Host-a=b; Secure; Path=/"),
        (b"a=Domain=x", b"a=Domain=x"),
    ],
)
def test_a_cookie_is_made_to_fit_here_on_demand(cookie: bytes, here: bytes) -> None:
    assert returned(b"set-cookie", cookie) == here
    assert returned(b"set-cookie", cookie, returning(cookies=False)) == cookie


def test_a_cookie_stays_secure_where_the_client_is() -> None:
    secure = Request(method="GET", target="/", path=Path(), scheme="https")
    assert returned(b"set-cookie", b"a=b; Secure; SameSite=None", request=secure) == b"a=b; Secure; SameSite=None"


def test_lines_of_one_hop_end_here_via_is_continued_and_own_lines_replace() -> None:
    received = [
        (b"connection", b"keep-alive, x-private"),
        (b"keep-alive", b"timeout=5"),
        (b"transfer-encoding", b"chunked"),
        (b"trailer", b"x"),
        (b"proxy-authenticate", b"Basic"),
        (b"x-private", b"1"),
        (b"via", b"1.1 cdn"),
        (b"cache-control", b"no-store"),
        (b"server", b"theirs"),
    ]
    assert returning((b"Cache-Control", b"max-age=5")).fields(received, REQUEST) == [
        (b"server", b"theirs"),
        (b"Cache-Control", b"max-age=5"),
        (b"via", b"1.1 cdn, 1.1 m"),
    ]
