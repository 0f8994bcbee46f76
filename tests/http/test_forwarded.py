"""Who is believed, and what is made of what they say."""

from functools import partial

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from corserver.cors.fetch import Field
from corserver.cors.policy import Policy
from corserver.cors.scopes import Scopes
from corserver.http.connection import Connection
from corserver.http.exchange import Service
from corserver.http.forwarded import Sender, TrustedProxies
from corserver.http.hosts import AllowedHosts
from corserver.http.log import Entry
from corserver.http.messages import Address, Request, Response
from corserver.http.serving import serve

from .peer import read_answers, request

PEER = ("10.0.0.1", 5)
PROXIES = TrustedProxies.parse(["10.0.0.0/8, 2001:db8::/32"])


def sender(*lines: tuple[str, str], proxies: TrustedProxies = PROXIES) -> Sender:
    fields = tuple((name.encode(), value.encode()) for name, value in lines)
    return proxies.sender(fields, PEER, "http", b"here.example")


def test_without_a_word_it_is_the_proxy_that_asks() -> None:
    assert sender() == Sender(PEER, "http", "here.example")


@pytest.mark.parametrize("spoiled", ['"', "for", "for=a b", "for=6.6.6.6, " * 400])
def test_who_spoils_the_one_form_is_not_believed_the_other(spoiled: str) -> None:
    """A proxy of ours has added the true client to the form that it writes, and passed on what the client wrote."""
    written = ("forwarded", f"{spoiled}, for=192.0.2.1")
    assert sender(written) == Sender(PEER, "http", "here.example")
    assert sender(written, ("x-forwarded-for", "6.6.6.6")) == Sender(PEER, "http", "here.example")


@pytest.mark.parametrize(
    ("value", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:1234", "192.0.2.1"),
        ("[2001:db9::1]:80", "2001:db9::1"),
        ("2001:DB9:0::1", "2001:db9::1"),
        ("6.6.6.6, 192.0.2.1", "192.0.2.1"),
        ("6.6.6.6, 192.0.2.1, 10.0.0.2,10.0.0.3", "192.0.2.1"),
        ("10.0.0.9, 10.0.0.2", "10.0.0.9"),
        ("192.0.2.1, unknown", None),
        ("192.0.2.1, 10.0.0.2, <script>", None),
        ("", None),
        (",,", None),
    ],
)
def test_the_client_is_the_last_one_that_is_no_proxy_of_ours(value: str, client: str | None) -> None:
    expected = PEER if client is None else (client, 0)
    assert sender(("x-forwarded-for", value)).client == expected
    if client is not None:
        quoted = ", ".join(
            f'for="{f"[{node.strip()}]" if node.count(":") > 1 and "[" not in node else node.strip()}"'
            for node in value.split(",")
        )
        assert sender(("forwarded", quoted)).client == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("for=192.0.2.1;proto=https;host=a.example", Sender(("192.0.2.1", 0), "https", "a.example")),
        ('For="[2001:db9::1]:5" ; Proto=HTTPS', Sender(("2001:db9::1", 0), "https", "here.example")),
        ('for="192.0.2.1";host="a.example:8443";by=_x', Sender(("192.0.2.1", 0), "http", "a.example:8443")),
        (
            "for=6.6.6.6;proto=http;host=evil, for=192.0.2.1;proto=https;host=a.example, for=10.0.0.2;proto=http",
            Sender(("192.0.2.1", 0), "https", "a.example"),
        ),
        ("for=192.0.2.1;;proto=https ;", Sender(("192.0.2.1", 0), "https", "here.example")),
        (", for=192.0.2.1 , ,", Sender(("192.0.2.1", 0), "http", "here.example")),
        (",; ,", Sender(PEER, "http", "here.example")),
        ('for=192.0.2.1;host="a b"', Sender(("192.0.2.1", 0), "http", "here.example")),
        ("for=192.0.2.1;proto=gopher", Sender(("192.0.2.1", 0), "http", "here.example")),
        ("for=_hidden;proto=https", Sender(PEER, "https", "here.example")),
        ('for="192.0.2.1', Sender(PEER, "http", "here.example")),
        ("192.0.2.1", Sender(PEER, "http", "here.example")),
    ],
)
def test_forwarded(value: str, expected: Sender) -> None:
    assert sender(("forwarded", value)) == expected


def test_scheme_and_host_are_those_that_the_client_used() -> None:
    lines = (
        ("x-forwarded-for", "192.0.2.1, 10.0.0.2"),
        ("x-forwarded-proto", "https, http"),
        ("x-forwarded-host", "a.example"),
    )
    assert sender(*lines) == Sender(("192.0.2.1", 0), "https", "a.example")
    assert sender(("x-forwarded-proto", "https")) == Sender(PEER, "https", "here.example")


def test_of_two_forms_that_differ_neither_is_believed() -> None:
    one, other = ("forwarded", "for=6.6.6.6;proto=https"), ("x-forwarded-for", "192.0.2.1")
    assert sender(one, other) == Sender(PEER, "http", "here.example")
    assert sender((one[0], f"{one[1]};"), other) == Sender(PEER, "http", "here.example")
    assert sender(("forwarded", "for=192.0.2.1;proto=https"), other) == Sender(
        ("192.0.2.1", 0), "https", "here.example"
    )


@pytest.mark.parametrize(
    ("entries", "client", "trusted"),
    [
        (["127.0.0.1"], ("127.0.0.1", 1), True),
        (["127.0.0.1"], ("127.0.0.2", 1), False),
        (["127.0.0.1"], ("::ffff:127.0.0.1", 1), True),
        (["fe80::/10"], ("fe80::1%eth0", 1), True),
        (["10.0.0.0/8", "::1"], ("::1", 1), True),
        (["127.0.0.1"], "", False),
        (["unix"], "", True),
        (["unix"], None, True),
        (["unix"], ("127.0.0.1", 1), False),
        (["*"], ("192.0.2.1", 1), True),
        (["*"], "", True),
        ("10.0.0.0/8, ::1", ("10.0.0.1", 1), True),
        ([], ("127.0.0.1", 1), False),
    ],
)
def test_who_is_believed(entries: list[str] | str, client: Address, trusted: bool) -> None:
    assert TrustedProxies.parse(entries).trusts(client) is trusted


@pytest.mark.parametrize("entry", ["10.0.0.1/8", "proxy.example", "10.0.0", "300.0.0.1"])
def test_what_is_no_address_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="is no proxy to trust"):
        TrustedProxies.parse([entry])


@given(st.text(), st.text(), st.text())
def test_nothing_that_is_said_raises_or_gets_into_a_host(forwarded: str, node: str, host: str) -> None:
    fields: list[Field] = [
        (name, value.encode("utf-8"))
        for name, value in ((b"forwarded", forwarded), (b"x-forwarded-for", node), (b"x-forwarded-host", host))
    ]
    found = PROXIES.sender(fields, PEER, "http", b"here.example")
    assert found.authority.isascii()
    assert not set(found.authority) & set(' \r\n"<>/')
    assert found.scheme in ("http", "https")


# -------------------------------------------------------------------------------------------- a server behind one


async def who(request: Request) -> Response:
    return Response(f"{request.client} {request.url}")


async def asked(service: Service, client: Address, *lines: str, method: str = "GET") -> bytes:
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, service, client).run)
        await ours.send_all(request(method, "/", *lines))
        await ours.send_eof()
        received = b"".join([chunk async for chunk in ours])
    (answer,) = read_answers(received, [method])
    return answer.body


LINES = (
    "X-Forwarded-For: 192.0.2.1",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: a.example",
    "Origin: https://a.example",
)


async def test_app_and_log_see_the_client_and_the_decision_its_origin(autojump_clock: object) -> None:
    entries: list[Entry] = []
    scopes = Scopes(default=Policy(["https://b.example"]))
    service = Service(app=who, proxies=PROXIES, access_log=entries.append, scopes=scopes)
    for client, body in (
        (PEER, b"('192.0.2.1', 0) https://a.example/"),
        (("192.0.2.7", 1), b"('192.0.2.7', 1) http://localhost/"),
    ):
        assert await asked(service, client, *LINES) == body
    assert [entry.client for entry in entries] == [("192.0.2.1", 0), ("192.0.2.7", 1)]
    # The same header lines: what is remembered of them for the one must not be taken for the other.
    assert [entry.decision.reason.name for entry in entries] == ["SAME_ORIGIN", "ORIGIN_NOT_ALLOWED"]


async def test_the_host_check_is_about_the_host_line(autojump_clock: object) -> None:
    service = Service(app=who, proxies=PROXIES, hosts=AllowedHosts())
    assert b"https://a.example" in await asked(service, PEER, *LINES)
    forged = request("GET", "/", "X-Forwarded-Host: localhost").replace(b"Host: localhost", b"Host: evil.example")
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, service, PEER).run)
        await ours.send_all(forged)
        assert (await ours.receive_some()).startswith(b"HTTP/1.1 403 ")
        await ours.send_eof()


async def test_of_preflights_too_the_log_has_the_client() -> None:
    entries: list[Entry] = []
    policy = Policy(["https://a.example"], methods=["PUT"])
    start = partial(serve, who, port=0, trusted_proxies=["127.0.0.1"], cors=policy, access_log=entries.append)
    preflight = ("Origin: https://a.example", "Access-Control-Request-Method: PUT")
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            server = await nursery.start(start)
            async with await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port) as stream:
                for number in (1, 2, 2, 1):
                    await stream.send_all(request("OPTIONS", "/", f"X-Forwarded-For: 192.0.2.{number}", *preflight))
                    assert (await stream.receive_some()).startswith(b"HTTP/1.1 204 ")
            nursery.cancel_scope.cancel()
    assert [entry.client for entry in entries] == [(f"192.0.2.{number}", 0) for number in (1, 2, 2, 1)]
