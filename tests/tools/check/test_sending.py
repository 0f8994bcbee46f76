"""Over real sockets: what goes wrong is named, deadlines hold, TLS is judged as a browser judges it."""

import ssl
from collections.abc import Awaitable, Callable

import pytest
import trio
import trustme

from corserver.cors.browser import Rule, parse_url
from corserver.tools.check.question import Question
from corserver.tools.check.report import Outcome, Report
from corserver.tools.check.sending import Sender, check

Behaviour = Callable[[trio.SocketStream], Awaitable[None]]
ANSWER = b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\n"


async def listening(nursery: trio.Nursery, behaviour: Behaviour) -> int:
    async def connection(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some()
            await behaviour(stream)

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    nursery.start_soon(trio.serve_listeners, connection, listeners)
    port: int = listeners[0].socket.getsockname()[1]
    return port


async def asked(url: str, sender: Sender | None = None) -> Report:
    parsed = parse_url(url)
    assert parsed is not None
    return await check(Question(url=parsed, origin=b"http://localhost:3000"), sender or Sender(timeout=20))


async def hang(stream: trio.SocketStream) -> None:
    await trio.sleep_forever()


async def close(stream: trio.SocketStream) -> None:
    pass


async def chatter(stream: trio.SocketStream) -> None:
    await stream.send_all(b"SSH-2.0-OpenSSH_9.2\r\n")


@pytest.mark.parametrize(
    ("behaviour", "seconds", "words"),
    [
        (hang, 0.05, "no answer in time (waited 0.05 s)"),
        (close, 20, "the connection was closed before a response came"),
        (chatter, 20, "what came back is not HTTP (it begins with b'SSH-2.0-OpenSSH_9.2"),
    ],
)
async def test_no_answer_is_unreachable_and_says_why(
    nursery: trio.Nursery, behaviour: Behaviour, seconds: float, words: str
) -> None:
    port = await listening(nursery, behaviour)
    report = await asked(f"http://127.0.0.1:{port}/", Sender(timeout=seconds))
    assert (report.outcome, report.rule) == (Outcome.UNREACHABLE, Rule.NETWORK_ERROR)
    assert f"127.0.0.1 port {port}: {words}" in report.reason


async def test_nothing_listens() -> None:
    with trio.socket.socket() as probe:
        await probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        report = await asked(f"http://127.0.0.1:{port}/")
    assert "nothing listens there" in report.reason


async def test_a_host_that_does_not_exist() -> None:
    assert "no such host" in (await asked("http://nothing.invalid/")).reason


async def test_a_body_that_never_ends_is_not_waited_for(nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corserver.tools.check.sending.BODY_SECONDS", 0.01)

    async def stream_events(stream: trio.SocketStream) -> None:
        await stream.send_all(ANSWER + b"Content-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await trio.sleep_forever()

    port = await listening(nursery, stream_events)
    report = await asked(f"http://127.0.0.1:{port}/")
    assert (report.outcome, report.status) == (Outcome.ALLOWED, 200)


async def test_duplicates_case_and_odd_bytes_are_judged_as_they_came(nursery: trio.Nursery) -> None:
    async def odd(stream: trio.SocketStream) -> None:
        await stream.send_all(b"HTTP/1.1 200 OK\r\naCCess-control-ALLOW-origin:http://localhost:3000\x0b\r\n\r\n")

    port = await listening(nursery, odd)
    report = await asked(f"http://127.0.0.1:{port}/")
    assert report.rule is Rule.ACAO_MISMATCH
    assert report.steps[0].rows[0].observed == "http://localhost:3000\\x0b"


async def secure(nursery: trio.Nursery) -> int:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async def connection(stream: trio.SocketStream) -> None:
        encrypted = trio.SSLStream(stream, context, server_side=True)
        try:
            await encrypted.receive_some()
            await encrypted.send_all(ANSWER + b"Content-Length: 0\r\n\r\n")
        except trio.BrokenResourceError:
            pass  # the client does not trust it
        finally:
            await trio.aclose_forcefully(encrypted)

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    nursery.start_soon(trio.serve_listeners, connection, listeners)
    port: int = listeners[0].socket.getsockname()[1]
    return port


async def test_a_certificate_that_is_not_trusted_is_named_and_can_be_looked_past(nursery: trio.Nursery) -> None:
    url = f"https://127.0.0.1:{await secure(nursery)}/"
    report = await asked(url)
    assert report.outcome is Outcome.UNREACHABLE
    assert "the certificate is not trusted" in report.reason
    assert (await asked(url, Sender(insecure=True))).is_allowed


async def test_plain_http_behind_https_is_no_tls(nursery: trio.Nursery) -> None:
    port = await listening(nursery, chatter)
    assert (
        "no TLS connection (what came back is not TLS: is it http://?)"
        in (await asked(f"https://127.0.0.1:{port}/")).reason
    )


async def test_tls_behind_http_is_said_to_be_tls(nursery: trio.Nursery) -> None:
    async def alert(stream: trio.SocketStream) -> None:
        await stream.send_all(b"\x15\x03\x01\x00\x02\x02\x46")

    port = await listening(nursery, alert)
    assert "it is TLS: is it https://?" in (await asked(f"http://127.0.0.1:{port}/")).reason
