"""The environ: what an app sees of a request (PEP 3333, and its ancestor, RFC 3875)."""

import io
import json
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from corserver import App
from corserver.apps.wsgi import wsgi
from corserver.http.exchange import Service

from ...http.peer import ask as ask_service
from ...http.peer import request
from .asking import TEXT, ask, returning, service_of


def shown(environ: WSGIEnvironment) -> Iterable[bytes]:
    """The environ's strings and numbers, as JSON."""
    found = {key: value for key, value in environ.items() if not hasattr(value, "read")}
    return [json.dumps(found, default=str).encode()]


async def environ_of(method: str, target: str, *headers: str, body: bytes = b"", **options: Any) -> dict[str, Any]:
    answer = await ask_service(service_of(returning(shown), **options), request(method, target, *headers, body=body))
    assert answer.status == 200
    found: dict[str, Any] = json.loads(answer.body)
    return found


async def test_the_host_is_the_one_that_an_absolute_target_names() -> None:
    """Of two heads that differ in their request line alone, too: the lines of one are not another's."""
    service = service_of(returning(shown))
    for target, host in [("/", "localhost"), ("http://named.example/a", "named.example")] * 2:
        answer = await ask_service(service, request("GET", target, "X-A: b"))
        assert json.loads(answer.body)["HTTP_HOST"] == host


async def test_what_the_standard_wants_is_there() -> None:
    environ = await environ_of("POST", "/a/b?c=d&e=%20", "Content-Type: text/x", "X-Own: 1", body=b"12345")
    expected = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a/b",
        "QUERY_STRING": "c=d&e=%20",
        "REQUEST_URI": "/a/b?c=d&e=%20",
        "CONTENT_TYPE": "text/x",
        "CONTENT_LENGTH": "5",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "HTTP_X_OWN": "1",
        "wsgi.version": [1, 0],
        "wsgi.url_scheme": "http",
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    assert expected.items() <= environ.items()
    assert "HTTP_CONTENT_LENGTH" not in environ
    assert "HTTP_CONTENT_TYPE" not in environ
    assert "FileWrapper" in environ["wsgi.file_wrapper"]


async def test_what_was_not_sent_is_not_there() -> None:
    environ = await environ_of("GET", "/")
    assert not {"CONTENT_TYPE", "CONTENT_LENGTH"} & environ.keys()
    assert environ["QUERY_STRING"] == ""


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/caf%C3%A9", "/caf\xc3\xa9"),
        ("/%ff", "/\xff"),
        ("/a%2Fb", "/a/b"),
        ("/a%20b/", "/a b/"),
        ("//a//b", "//a//b"),
        ("/", "/"),
    ],
)
async def test_a_path_is_decoded_to_bytes_in_a_native_string(target: str, path: str) -> None:
    assert (await environ_of("GET", target))["PATH_INFO"] == path


async def test_header_values_are_native_strings_and_lines_of_one_name_are_joined() -> None:
    environ = await environ_of("GET", "/", "X-A: caf\xe9", "X-B: 1", "X-B: 2", "Cookie: a=1", "Cookie: b=2")
    assert (environ["HTTP_X_A"], environ["HTTP_X_B"]) == ("caf\xe9", "1,2")
    assert environ["HTTP_COOKIE"] == "a=1; b=2"


async def test_a_header_with_an_underscore_passes_for_no_other() -> None:
    spoofed = ["X_Forwarded_For: 6.6.6.6", "Content_Length: 9", "Content_Type: x/y", "Remote_User: admin"]
    environ = await environ_of("GET", "/", "X-Forwarded-For: 1.2.3.4", *spoofed)
    assert environ["HTTP_X_FORWARDED_FOR"] == "1.2.3.4"
    assert not {"CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_REMOTE_USER", "HTTP_CONTENT_LENGTH"} & environ.keys()


async def test_no_header_is_taken_for_a_variable_of_the_servers() -> None:
    environ = await environ_of("GET", "/", "REMOTE-ADDR: 6.6.6.6", "wsgi.url-scheme: https", "Script-Name: /x")
    assert (environ["REMOTE_ADDR"], environ["wsgi.url_scheme"], environ["SCRIPT_NAME"]) == ("", "http", "")


@pytest.mark.parametrize(
    ("authority", "server"),
    [("a.localhost:8000", ("a.localhost", "8000")), ("[::1]", ("[::1]", "80")), ("[::1]:81", ("[::1]", "81"))],
)
async def test_without_an_address_the_server_has_the_name_that_it_is_called(
    authority: str, server: tuple[str, str]
) -> None:
    data = f"GET / HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode()
    environ = json.loads((await ask_service(service_of(returning(shown)), data)).body)
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == server


async def test_a_request_of_the_old_version_without_a_host_has_a_server_too() -> None:
    environ = json.loads((await ask_service(service_of(returning(shown)), b"GET / HTTP/1.0\r\n\r\n")).body)
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("localhost", "80")
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.0"


async def test_options_are_passed_on() -> None:
    environ = await environ_of("GET", "/a", threads=1, multiprocess=True, root_path="/behind/")
    assert (environ["wsgi.multithread"], environ["wsgi.multiprocess"]) == (False, True)
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/behind", "/a")


@pytest.mark.parametrize("options", [{"threads": 0}, {"root_path": "x"}])
def test_options_that_cannot_be_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="=") as caught:
        wsgi(returning([]), **options)
    assert str(next(iter(options.values()))) in str(caught.value)


@pytest.mark.parametrize(
    ("target", "script_name", "path"),
    [
        ("/old", "/old", ""),
        ("/old/", "/old", "/"),
        ("/old/a%2Fb/", "/old", "/a/b/"),
        ("//old//a//b", "/old", "/a/b"),
        ("/%6fld/caf%C3%A9", "/old", "/caf\xc3\xa9"),
    ],
)
async def test_below_a_mount_the_path_is_divided(target: str, script_name: str, path: str) -> None:
    router = App()
    router.mount("/old", wsgi(returning(shown)))
    environ = json.loads((await ask_service(Service(app=router), request("GET", target))).body)
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == (script_name, path)


async def test_each_request_has_an_environ_of_its_own_which_the_app_may_change() -> None:
    seen: list[Any] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        seen.append(environ.pop("wsgi.version"))
        start_response("200 OK", TEXT)
        return [b""]

    for _ in range(2):
        await ask(app, valid=False)
    assert seen == [(1, 0), (1, 0)]


# --------------------------------------------------------------------------------------------------------------- input

BODY = b"first\nsecond line\n\nlast without an end"


def reading(*calls: tuple[Any, ...]) -> Any:
    """The input, read by these calls, as JSON."""

    def read(environ: WSGIEnvironment) -> Iterable[bytes]:
        found = environ["wsgi.input"]
        results = [list(found) if name == "iter" else getattr(found, name)(*args) for name, *args in calls]
        return [repr(results).encode()]

    return returning(read)


READS: list[tuple[list[tuple[Any, ...]], list[Any]]] = [
    ([("read", -1)], [BODY]),
    ([("read", 6), ("read", 1000), ("read", 1)], [BODY[:6], BODY[6:], b""]),
    ([("read", 0), ("read", len(BODY))], [b"", BODY]),
    ([("readline",), ("readline",), ("readline",), ("readline",), ("readline",)], [*BODY.splitlines(True), b""]),
    ([("readline", 3), ("readline", 100)], [b"fir", b"st\n"]),
    ([("readlines",), ("read", 1)], [BODY.splitlines(True), b""]),
    ([("readlines", 7), ("readline",)], [BODY.splitlines(True)[:2], b"\n"]),
    ([("iter",)], [BODY.splitlines(True)]),
    ([("readline",), ("read", 6), ("iter",)], [b"first\n", b"second", [b" line\n", b"\n", BODY.splitlines(True)[-1]]]),
]


@pytest.mark.parametrize("coding", ["length", "chunked"])
@pytest.mark.parametrize(("calls", "expected"), READS)
async def test_the_input_is_read_in_each_way(coding: str, calls: list[Any], expected: list[Any]) -> None:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(BODY[i : i + 5]), BODY[i : i + 5]) for i in range(0, len(BODY), 5))
    if coding == "length":
        data = request("POST", "/", body=BODY)
    else:
        data = request("POST", "/", "Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n"
    answer = await ask_service(service_of(reading(*calls)), data)
    assert answer.body.decode() == repr(expected)


@pytest.mark.parametrize("headers", [(), ("Content-Length: 0",)])
async def test_where_there_is_no_body_the_input_is_empty(headers: tuple[str, ...]) -> None:
    answer = await ask(reading(("read", -1), ("readline",), ("iter",)), "POST", "/", *headers, valid=False)
    assert answer.body == repr([b"", b"", []]).encode()


async def test_the_validator_reads_it_too() -> None:
    app = returning(lambda environ: [environ["wsgi.input"].read(3), environ["wsgi.input"].readline()])
    assert (await ask(app, "POST", body=b"one\ntwo")).body == b"one\n"


async def test_it_is_a_buffered_stream_as_libraries_expect() -> None:
    app = returning(lambda environ: [io.TextIOWrapper(environ["wsgi.input"], "utf-8").read().encode()])
    assert (await ask(app, "POST", body="caf\xe9".encode(), valid=False)).body == "caf\xe9".encode()
