"""What the page's form says becomes a run, or the list of all its mistakes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from corserver.cors.browser import Credentials
from corserver.cors.browser.construct import is_valid_header
from corserver.cors.fetch import is_token
from corserver.cors.policy import Policy, PolicyError
from corserver.tools.demo.runs import Run, Script, SiteB

#: The fields of the form, each with what it says where nobody says otherwise. Lists are text with commas.
DEFAULTS: Final[Mapping[str, Any]] = {
    "method": "GET",
    "headers": "",
    "body": "",
    "credentials": "same-origin",
    "sandboxed": False,
    "read": "",
    "governed": True,
    "origins": "",
    "methods": "",
    "allowed_headers": "",
    "expose": "",
    "allow_credentials": False,
    "max_age": "",
    "status": "200",
}
STATUSES: Final = ("200", "201", "401", "403", "404", "500")
#: A policy's option -> the field that says it, where they are called differently.
_FIELDS: Final = {"headers": "allowed_headers", "credentials": "allow_credentials"}
_BETWEEN: Final = re.compile(r"[,\s]+")
_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong: in which *field*, the value *given*, *why* it is refused, and what to *write* instead."""

    field: str
    given: str
    why: str
    write: str


class FormError(ValueError):
    """A form that cannot be a run, with every `Mistake` there is."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("; ".join(f"{mistake.field}: {mistake.why}" for mistake in mistakes))
        self.mistakes = mistakes


def read_form(given: Mapping[str, Any]) -> Run:
    """The run that the form asks for. Raises `FormError` with all that is wrong, the policy's refusals among it."""
    form = {name: given.get(name, default) for name, default in DEFAULTS.items()}
    mistakes = [
        Mistake(name, repr(form[name])[:80], "this is not what the form sends", repr(default))
        for name, default in DEFAULTS.items()
        if type(form[name]) is not type(default) or (isinstance(form[name], str) and len(form[name]) > _LONGEST)
    ]
    if mistakes:
        raise FormError(tuple(mistakes))
    script = _script(form, mistakes)
    site_b = SiteB(policy=_policy(form, mistakes), status=_status(form["status"], mistakes))
    if mistakes:
        raise FormError(tuple(mistakes))
    return Run(script=script, site_b=site_b)


def entries(text: str) -> list[str]:
    """The entries of a list with commas, spaces or line ends between them."""
    return [entry for entry in _BETWEEN.split(text) if entry]


def _script(form: Mapping[str, Any], mistakes: list[Mistake]) -> Script:
    method = form["method"].strip()
    if not is_token(method.encode("utf-8")):
        mistakes.append(Mistake("method", repr(method), "a method is one word", "GET, PUT, …"))
    credentials = form["credentials"]
    if credentials not in [each.value for each in Credentials]:
        mistakes.append(Mistake("credentials", repr(credentials), "fetch() knows three words", "include"))
        credentials = "omit"
    return Script(
        method=method,
        headers=tuple(_headers(form["headers"], mistakes)),
        body=form["body"] if form["body"] and method.upper() not in ("GET", "HEAD") else None,
        credentials=Credentials(credentials),
        is_sandboxed=form["sandboxed"],
        read=tuple(entry.lower().encode("utf-8") for entry in entries(form["read"])),
    )


def _headers(text: str, mistakes: list[Mistake]) -> list[tuple[str, str]]:
    """The header lines that the script sets. Two of one name are one line, as `Headers` makes them."""
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not (colon and line.isascii() and is_valid_header(name.encode(), value.encode())):
            mistakes.append(Mistake("headers", line, "a header is a name, a colon and a value", "X-Colour: red"))
        elif name.lower() in map(str.lower, found):
            mistakes.append(Mistake("headers", line, "this name is there already", "one line for each name"))
        else:
            found[name] = value
    return list(found.items())


def _policy(form: Mapping[str, Any], mistakes: list[Mistake]) -> Policy | None:
    if not form["governed"]:
        return None
    try:
        return Policy(
            origins=entries(form["origins"]),
            methods=entries(form["methods"]),
            headers=entries(form["allowed_headers"]),
            expose=entries(form["expose"]),
            credentials=form["allow_credentials"],
            max_age=_max_age(form["max_age"].strip()),
        )
    except PolicyError as error:
        mistakes += [Mistake(_FIELDS.get(r.option, r.option), r.given, r.why, r.write) for r in error.refusals]
        return None


def _max_age(text: str) -> Any:
    """What is no number is left as it is: the policy says so in its own words."""
    return int(text) if text.isascii() and text.isdigit() else text or None


def _status(text: str, mistakes: list[Mistake]) -> int:
    if text in STATUSES:
        return int(text)
    mistakes.append(Mistake("status", repr(text), "B's app answers with one of a few", ", ".join(STATUSES)))
    return 200
