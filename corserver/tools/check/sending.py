"""Sending: the only file of `check` that touches the network. Each message has a connection and a deadline of its own.

Nothing is raised for what a server does or does not do: what goes wrong is a `Trouble`, with the words for it.
"""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import h11
import trio

from corserver.tools.check.exchanges import Reply, Sending, Trouble, TroubleKind
from corserver.tools.check.fetching import Asking
from corserver.tools.check.head import NotHTTP
from corserver.tools.check.investigation import investigate
from corserver.tools.check.question import Question
from corserver.tools.check.report import Report
from corserver.tools.check.talk import Talk

#: How long more of a body is waited for once the head has come: an event stream never ends.
BODY_SECONDS: Final = 1.0
_CHUNK: Final = 16 * 1024
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Sender:
    """How messages are sent: *timeout* in seconds for each; *insecure* trusts any certificate."""

    timeout: float = 10.0
    insecure: bool = False

    async def drive(self, asking: Asking[_T]) -> _T:
        """Send whatever *asking* asks for; what it found in the end."""
        try:
            sending = next(asking)
            while True:
                sending = asking.send(await self.send(sending))
        except StopIteration as end:
            found: _T = end.value
            return found

    async def send(self, sending: Sending) -> Reply | Trouble:
        """Send one message and take its answer."""
        try:
            with trio.fail_after(self.timeout):
                return await self._send(sending)
        except trio.TooSlowError:
            return Trouble(TroubleKind.TIMEOUT, f"waited {self.timeout:g} s")
        except h11.LocalProtocolError as error:
            return Trouble(TroubleKind.UNSENDABLE, str(error))
        except NotHTTP as error:
            return Trouble(TroubleKind.NOT_HTTP, str(error))
        except (OSError, trio.BrokenResourceError, EOFError) as error:
            return _trouble(error)

    async def _send(self, sending: Sending) -> Reply | Trouble:
        talk = Talk(sending)
        request = talk.request()
        url = sending.url
        host, port = url.host.strip("[]"), url.port or (443 if url.scheme == "https" else 80)
        plain = await trio.open_tcp_stream(host, port)
        address = str(plain.socket.getpeername()[0])
        stream = self._secured(plain, host) if url.scheme == "https" else plain
        try:
            await stream.send_all(request)
            return replace(await _receive(stream, talk), address=address)
        finally:
            await trio.aclose_forcefully(stream)

    def _secured(self, stream: trio.SocketStream, host: str) -> "trio.SSLStream[trio.SocketStream]":
        context = ssl.create_default_context()
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        # many servers close without TLS's goodbye; the length of what they send is known otherwise
        return trio.SSLStream(stream, context, server_hostname=host, https_compatible=True)


async def check(question: Question, sender: Sender) -> Report:
    """Ask the server and report."""
    return await sender.drive(investigate(question))


async def _receive(stream: "trio.SSLStream[trio.SocketStream] | trio.SocketStream", talk: Talk) -> Reply:
    reply = None
    while reply is None and not talk.has_head:
        reply = talk.receive(bytes(await stream.receive_some(_CHUNK)))
    with trio.move_on_after(BODY_SECONDS):
        while reply is None:
            reply = talk.receive(bytes(await stream.receive_some(_CHUNK)))
    return talk.reply(is_cut=True) if reply is None else reply


def _trouble(error: BaseException) -> Trouble:
    """The words for what the network said."""
    for cause in _causes(error):
        match cause:
            case socket.gaierror():
                return Trouble(TroubleKind.NO_SUCH_HOST)
            case ssl.SSLCertVerificationError():
                return Trouble(TroubleKind.CERTIFICATE, cause.verify_message)
            case ssl.SSLError():
                return Trouble(TroubleKind.TLS, _tls_words(cause))
            case ConnectionRefusedError():
                return Trouble(TroubleKind.REFUSED)
            case ConnectionResetError() | BrokenPipeError() | EOFError():
                return Trouble(TroubleKind.CLOSED)
    detail = next((cause.strerror for cause in _causes(error) if isinstance(cause, OSError) and cause.strerror), "")
    return Trouble(TroubleKind.UNREACHABLE if isinstance(error, OSError) else TroubleKind.CLOSED, detail)


def _tls_words(error: ssl.SSLError) -> str:
    reason = error.reason or str(error)
    # the second since OpenSSL 3.2
    is_plain = reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE")
    return "what came back is not TLS: is it http://?" if is_plain else reason.replace("_", " ").lower()


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what caused it, and the members of groups."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for member in error.exceptions:
                yield from _causes(member)
        error = error.__cause__
