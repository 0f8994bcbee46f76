"""The values that handlers are given and return."""

import pytest

from corserver.cors.scopes import Path
from corserver.http.body import Body
from corserver.http.forms import Query
from corserver.http.header_lines import Headers, header_fields, shared_fields
from corserver.http.messages import HTTPError, Request, Response


def a_request(target: str = "/", body: bytes = b"", **headers: str) -> Request:
    chunks = [body, b""] if body else [b""]

    async def receive() -> bytes:
        return chunks.pop(0)

    fields = tuple((name.encode(), value.encode()) for name, value in headers.items())
    return Request(
        method="GET",
        target=target,
        path=Path.parse(target.encode().partition(b"?")[0]),
        headers=Headers(fields),
        authority="site.example:81",
        content=Body(receive),
    )


def test_headers_are_found_in_any_case_and_lines_of_one_name_are_joined() -> None:
    headers = Headers(((b"accept", b"a"), (b"x", b"1"), (b"accept", b"b")))
    assert (
        headers["ACCEPT"],
        headers.get_all("Accept"),
        list(headers),
        len(headers),
    ) == ("a, b", ("a", "b"), ["accept", "x"], 2)
    assert headers.get("none") is None
    assert "X" in headers


def test_the_query_is_decoded_and_keeps_its_order() -> None:
    query = a_request("/?a=1&b=%20&a=2&c").query
    assert (query["a"], query.get_all("a"), query["b"], query["c"]) == ("1", ("1", "2"), " ", "")
    assert list(query) == ["a", "b", "c"]
    with pytest.raises(KeyError):
        Query()["a"]


def test_a_query_of_too_many_fields_is_a_400() -> None:
    assert len(a_request("/?" + "a=&" * 999 + "a=").query.pairs) == 1000
    with pytest.raises(HTTPError, match="1000 fields") as raised:
        _ = a_request("/?" + "a=&" * 1000 + "a=").query
    assert raised.value.status == 400


def test_cookies_are_read_and_the_first_of_a_name_counts() -> None:
    assert a_request(cookie='a=1; b="x%20y"; a=2; junk').cookies == {"a": "1", "b": "x y"}


def test_a_cookie_keeps_its_commas_and_several_lines_are_read() -> None:
    request = Request("GET", "/", Path(), Headers(((b"cookie", b'a={"x":1,"y":2}; b=3,4'), (b"cookie", b"c=5"))))
    assert request.cookies == {"a": '{"x":1,"y":2}', "b": "3,4", "c": "5"}


def test_the_url_is_whole() -> None:
    assert a_request("/p?q=1").url == "http://site.example:81/p?q=1"


async def test_bad_json_is_a_400_with_a_reason() -> None:
    for body in (b"{", b"\xff", b"", b"[" * 100_000, b"9" * 5000, b"[NaN]", b"-Infinity"):
        with pytest.raises(HTTPError, match="not JSON") as caught:
            await a_request(body=body).json()
        assert caught.value.status == 400


async def test_json_is_read() -> None:
    assert await a_request(body=b'{"a": [1, null]}').json() == {"a": [1, None]}


def test_a_mounted_app_sees_the_path_below_its_prefix() -> None:
    below = a_request("/files/a/b/").below(1, {"x": 1})
    assert (str(below.path), str(below.mount), below.path_params) == ("/a/b/", "/files", {"x": 1})
    again = below.below(1, {"y": 2})
    assert (str(again.path), str(again.mount), again.path_params) == ("/b/", "/files/a", {"x": 1, "y": 2})


def test_text_is_utf_8_and_says_so() -> None:
    response = Response("ü")
    assert (response.body, response.header(b"content-type")) == (b"\xc3\xbc", b"text/plain; charset=utf-8")
    assert HTTPError(404, "no \udcff").response().body == b"404 Not Found\n\nno \\udcff\n"
    assert Response("<p>", headers={"content-type": "text/html"}).header(b"content-type") == b"text/html"


def test_json_is_compact_and_strict() -> None:
    assert Response.json({"a": "ü"}).body == '{"a":"ü"}'.encode()
    problem = Response.json({}, 400, {"content-type": "application/problem+json"})
    assert problem.headers == ((b"content-type", b"application/problem+json"),)
    assert Response.json(["\ud800ü"]).body == '["\\ud800ü"]'.encode()
    with pytest.raises(ValueError, match="not JSON compliant"):
        Response.json(float("nan"))


@pytest.mark.parametrize("status", [100, 101, 199, 600, 0])
def test_a_status_that_is_not_final_is_refused(status: int) -> None:
    with pytest.raises(ValueError, match="from 200 to 599"):
        Response(status=status)
    with pytest.raises(ValueError, match="from 200 to 599"):
        HTTPError(status)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X\r\nY", "1"),
        ("X", "1\r\nY: 2"),
        ("X", "1\n"),
        ("X", "a\x00"),
        ("X", " 1"),
        ("X", "1\t"),
        ("X", "\x7f"),
        ("", "1"),
        ("X Y", "1"),
        ("X", "€"),
        ("Connection", "close"),
        ("Transfer-Encoding", "chunked"),
    ],
)
def test_header_lines_that_cannot_be_on_the_wire_are_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"header|name|connection"):
        header_fields({name: value})


def test_the_value_of_a_header_is_text() -> None:
    with pytest.raises(TypeError, match="header 'X-Total': its value is str or bytes, not int: 7"):
        header_fields({"X-Total": 7})  # type: ignore[arg-type]


def test_no_length_is_that_of_all_answers() -> None:
    with pytest.raises(ValueError, match="Content-Length: each answer has its own"):
        shared_fields({"X": "1", "Content-Length": "3"})


@pytest.mark.parametrize("lengths", [["x"], ["-1"], ["1", "1"], ["1, 1"], ["9" * 19]])
def test_a_length_is_one_number(lengths: list[str]) -> None:
    with pytest.raises(ValueError, match="one Content-Length"):
        Response(headers=[("Content-Length", length) for length in lengths])


def test_messages_do_not_change() -> None:
    for value in (Response(), a_request(), Headers()):
        with pytest.raises((AttributeError, TypeError)):
            value.status = 1  # type: ignore[union-attr, misc]
