"""The options of `check` and `explain` that say what a page asks for, and the `Question` that they make, or bench's."""

import functools
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import click

from corserver.cli.options.topics import option
from corserver.cors.browser import Credentials, Mode
from corserver.cors.browser.construct import is_valid_header
from corserver.cors.fetch import Field
from corserver.tools.check.question import (
    BY_NAME,
    Question,
    Unaskable,
    asked_method,
    asked_name,
    asked_origin,
    asked_url,
)

_OPTIONS = (
    option(
        "--origin",
        topic="request",
        common=True,
        default="http://localhost:3000",
        show_default=True,
        metavar="ORIGIN",
        help="The page's origin: what its address bar shows up to the port; null for a sandboxed frame or a file.",
    ),
    option(
        "-X",
        "--method",
        topic="request",
        common=True,
        metavar="METHOD",
        help="As in fetch().  [default: GET; with -d POST]",
    ),
    option(
        "-H",
        "--header",
        "headers",
        topic="request",
        common=True,
        multiple=True,
        metavar="NAME[: VALUE]",
        help="A header that the script sets. Repeatable.",
    ),
    option("-d", "--data", topic="request", common=True, metavar="TEXT", help="The body; @FILE reads it from a file."),
    option(
        "--credentials",
        topic="request",
        common=True,
        type=click.Choice([each.value for each in Credentials]),
        default=Credentials.SAME_ORIGIN.value,
        show_default=True,
        help="As in fetch(): include asks with cookies.",
    ),
    option(
        "--mode",
        topic="request",
        type=click.Choice([each.value for each in Mode]),
        default=Mode.CORS.value,
        show_default=True,
        help="As in fetch().",
    ),
    option(
        "--read",
        topic="request",
        multiple=True,
        metavar="HEADER",
        help="A response header that the script must see. Repeatable.",
    ),
    option(
        "--browser",
        topic="verdict",
        type=click.Choice(list(BY_NAME)),
        help="Who decides: Chrome and Firefox as they were recorded, Safari from WebKit's source.  [default: the "
        "Fetch standard; browsers that differ are named]",
    ),
    option(
        "--expect",
        topic="verdict",
        common=True,
        type=click.Choice(["allowed", "blocked"]),
        help="The verdict that exits with 0; the other one exits with 1.  [default: allowed]",
    ),
    option("--json", "json_", topic="verdict", common=True, is_flag=True, help="The report as JSON."),
)

_Asked = TypeVar("_Asked")
#: What no terminal is to be sent, and no header line holds but by mistake.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """The options of a question as they were typed."""

    origin: str
    method: str | None
    headers: tuple[str, ...] = ()
    data: str | None = None
    credentials: str = Credentials.SAME_ORIGIN.value
    mode: str = Mode.CORS.value
    read: tuple[str, ...] = ()
    browser: str | None = None

    def question(
        self, url: str, *, cookie: str | None = None, security: bool = False, fixes: tuple[str, ...] = ()
    ) -> Question:
        """The question that they ask of *url*. Raises `click.UsageError`, with what to write instead."""
        body, usual = (None, "GET") if self.data is None else (_body(self.data), "POST")
        options: dict[str, Any] = {} if self.browser is None else {"browser": BY_NAME[self.browser]}
        return Question(
            url=_asked(asked_url, url, "URL"),
            origin=_asked(asked_origin, self.origin, "--origin"),
            method=_asked(asked_method, usual if self.method is None else self.method, "--method"),
            headers=tuple(map(_header, self.headers)),
            body=body,
            cookie=None if cookie is None else _cookie(cookie, self.credentials),
            credentials=Credentials(self.credentials),
            mode=Mode(self.mode),
            read=tuple(map(_name, self.read)),
            security=security,
            fixes=fixes,
            **options,
        )


def question_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a question, for a command that is given them as one value, *flags*."""

    @functools.wraps(command)
    def gathered(**given: Any) -> None:
        flags = Flags(**{each.name: given.pop(each.name) for each in fields(Flags)})
        command(flags=flags, **given)

    decorated: Callable[..., None] = gathered
    for decorate in reversed(_OPTIONS):
        decorated = decorate(decorated)
    return decorated


def _asked(read: Callable[[str], _Asked], text: str, option: str, write: str = "") -> _Asked:
    """What *read* makes of *text*. Raises `click.UsageError`, which says to *write* something else."""
    try:
        return read(text)
    except Unaskable as error:
        write = write or error.write
        raise click.UsageError(f"{option}: {text!r} {error.why}{f': write {write}' if write else ''}") from error


def _name(text: str) -> bytes:
    return _asked(asked_name, text, "--read").lower()


def _header(text: str) -> Field:
    name, colon, value = text.partition(":")
    # a name alone is enough to ask; what it holds only matters to the few that are safelisted by their value
    write = "NAME: VALUE, such as 'content-type: application/json'"
    field = (_asked(asked_name, name.strip(), "--header", write), os.fsencode(value.strip() if colon else "1"))
    if not is_valid_header(*field) or _CONTROL.search(value):
        raise click.UsageError(f"--header: {text!r} holds a control character")
    return field


def _cookie(text: str, credentials: str) -> bytes:
    if credentials == Credentials.OMIT.value:
        raise click.UsageError("--cookie: --credentials omit sends no cookies; write --credentials include")
    if _CONTROL.search(text):
        raise click.UsageError(f"--cookie: {text!r} holds a control character")
    return os.fsencode(text)


def _body(data: str) -> bytes:
    if not data.startswith("@"):
        return os.fsencode(data)
    try:
        return Path(data[1:]).read_bytes()
    except OSError as error:
        raise click.UsageError(f"--data: cannot read {data[1:]}: {error.strerror}") from error
