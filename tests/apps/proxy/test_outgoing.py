"""What the upstream gets of a request's head."""

import pytest

from corserver.apps.proxy.outgoing import Outgoing
from corserver.apps.proxy.target import Target
from corserver.cors.fetch import Field
from corserver.cors.scopes import Path
from corserver.http.header_lines import Headers
from corserver.http.messages import Address, Request

MARK = b"corserver-1"


def outgoing(*own: Field, changes_host: bool = True, prefix: str = "") -> Outgoing:
    target = Target.parse("https://api.example:8443/base")
    return Outgoing(target, changes_host=changes_host, prefix=prefix, own=own, mark=MARK)


def asked(*lines: Field, client: Address = ("192.0.2.1", 5), authority: str = "here.example:80") -> Request:
    return Request(method="GET", target="/", path=Path(), headers=Headers(lines), client=client, authority=authority)


def lines(out: Outgoing, request: Request) -> dict[bytes, bytes]:
    fields = out.fields(request)
    assert len(dict(fields)) == len(fields), "a line stands twice"
    return dict(fields)


def test_the_host_is_the_upstreams_or_stays() -> None:
    assert lines(outgoing(), asked((b"host", b"here.example:80")))[b"host"] == b"api.example:8443"
    assert lines(outgoing(changes_host=False), asked((b"host", b"x")))[b"host"] == b"here.example:80"
    assert lines(outgoing(changes_host=False), asked(authority=""))[b"host"] == b"api.example:8443"


def test_what_is_of_one_hop_ends_here_and_so_does_what_connection_names() -> None:
    one_hop = [
        (b"connection", b"keep-alive, X-Private ,te"),
        (b"connection", b"X-Other"),
        (b"keep-alive", b"timeout=5"),
        (b"proxy-authorization", b"Basic x"),
        (b"proxy-connection", b"close"),
        (b"te", b"gzip"),
        (b"trailer", b"X"),
        (b"upgrade", b"h2c"),
        (b"x-private", b"1"),
        (b"x-other", b"1"),
        (b"expect", b"100-continue"),
        (b"proxy", b"http://attacker.example"),
    ]
    found = lines(outgoing(), asked(*one_hop, (b"cookie", b"a=b"), (b"authorization", b"Basic y")))
    assert not {name for name, _ in one_hop} & found.keys()
    assert (found[b"cookie"], found[b"authorization"]) == (b"a=b", b"Basic y")


def test_what_is_named_by_connection_cannot_take_away_what_is_said_of_the_client() -> None:
    found = lines(outgoing(), asked((b"connection", b"x-forwarded-for, forwarded, host, via")))
    assert found[b"x-forwarded-for"] == b"192.0.2.1"
    assert {b"host", b"forwarded", b"via"} <= found.keys()


@pytest.mark.parametrize(
    ("client", "node", "address"),
    [
        (("192.0.2.1", 5), b"for=192.0.2.1", b"192.0.2.1"),
        (("2001:db8::1", 5), b'for="[2001:db8::1]"', b"2001:db8::1"),
        ("", b"for=unknown", None),
        (None, b"for=unknown", None),
    ],
)
def test_who_asked_is_said_by_the_server_and_not_by_the_client(
    client: Address, node: bytes, address: bytes | None
) -> None:
    forged = [
        (b"forwarded", b"for=10.0.0.1"),
        (b"x-forwarded-for", b"10.0.0.1"),
        (b"x-forwarded-proto", b"https"),
        (b"x-forwarded-port", b"1"),
        (b"x-real-ip", b"10.0.0.1"),
    ]
    found = lines(outgoing(prefix="/api"), asked(*forged, client=client))
    assert found[b"forwarded"] == node + b';host="here.example:80";proto=http'
    assert found.get(b"x-forwarded-for") == address
    assert (found[b"x-forwarded-proto"], found[b"x-forwarded-host"]) == (b"http", b"here.example:80")
    assert found[b"x-forwarded-prefix"] == b"/api"
    assert not {b"x-forwarded-port", b"x-real-ip"} & found.keys()


def test_via_is_continued_and_tells_a_loop() -> None:
    request = asked((b"via", b"1.0 fred"), (b"via", b"1.1 other"))
    assert lines(outgoing(), request)[b"via"] == b"1.0 fred, 1.1 other, 1.1 corserver-1"
    assert not outgoing().has_passed(request)
    assert outgoing().has_passed(asked((b"via", b"1.1 fred, 1.1 corserver-1")))


def test_own_lines_replace_the_clients_and_empty_ones_remove() -> None:
    found = lines(
        outgoing((b"Authorization", b"Bearer t"), (b"Cookie", b"")), asked((b"cookie", b"a"), (b"authorization", b"b"))
    )
    assert found[b"authorization"] == b"Bearer t"
    assert b"cookie" not in found


def test_own_lines_replace_what_the_proxy_says_too() -> None:
    own = ((b"Host", b"api.internal"), (b"X-Forwarded-Proto", b"https"), (b"X-Forwarded-For", b""), (b"Forwarded", b""))
    found = lines(outgoing(*own, prefix="/api"), asked())
    assert (found[b"host"], found[b"x-forwarded-proto"]) == (b"api.internal", b"https")
    assert not {b"x-forwarded-for", b"forwarded"} & found.keys()
    assert lines(outgoing((b"X-Forwarded-Prefix", b"/x"), prefix="/api"), asked())[b"x-forwarded-prefix"] == b"/x"


@pytest.mark.parametrize(
    "line",
    [
        (b"Host", b""),
        (b"Host", b"a/b"),
        (b"Content-Length", b"1"),
        (b"Via", b""),
        (b"Expect", b"x"),
        (b"Trailer", b"X"),
    ],
)
def test_what_own_lines_cannot_replace_is_refused(line: Field) -> None:
    with pytest.raises(ValueError, match="request_headers"):
        outgoing(line)


def test_what_an_upstream_may_take_for_another_name_is_dropped_as_that_is() -> None:
    forged = ((b"x_forwarded_for", b"10.0.0.1"), (b"x-forwarded_proto", b"https"), (b"content_length", b"1"))
    found = lines(outgoing((b"X-Api-Key", b"ours")), asked(*forged, (b"x_api_key", b"theirs"), (b"x_mine", b"1")))
    assert not {name for name, _ in forged} & found.keys()
    assert b"x_api_key" not in found
    assert found[b"x_mine"] == b"1"


def test_an_upgrade_is_asked_for_only_where_the_client_does() -> None:
    wanted = ((b"connection", b"Upgrade"), (b"upgrade", b"websocket"))
    assert lines(outgoing(), asked(*wanted))[b"upgrade"] == b"websocket"
    assert b"upgrade" not in lines(outgoing(), asked(wanted[1]))
