"""The curl commands that send what a browser sends, ready to be pasted."""

from shlex import quote

from corserver.tools.check.exchanges import Sending
from corserver.tools.check.report import Report


def commands(report: Report, *, insecure: bool = False) -> list[str]:
    """The command of each message that was sent."""
    return [curl(step.sending, insecure=insecure) for step in report.steps]


def curl(sending: Sending, *, insecure: bool = False) -> str:
    """One line. Of a HEAD curl needs to be told so; it invents neither a Content-Type nor a User-Agent of its own."""
    parts = ["curl", "-i"]
    if insecure:
        parts.append("-k")
    if sending.method == b"HEAD":
        parts.append("--head")
    elif sending.method != b"GET" or sending.body is not None:
        parts += ["-X", quote(_text(sending.method))]
    for name, value in sending.headers:
        # curl drops a header that ends in a colon, and sends one without a value for a semicolon
        line = f"{_text(name)}: {_text(value)}" if value else f"{_text(name)};"
        parts += ["-H", quote(line)]
    if sending.body is not None:
        parts += ["--data-raw", quote(sending.body.decode("utf-8", "replace"))]
        if not any(name.lower() == b"content-type" for name, _ in sending.headers):
            parts += ["-H", quote("Content-Type:")]
    return " ".join([*parts, quote(str(sending.url))])


def _text(value: bytes) -> str:
    return value.decode("latin-1")
