"""What other flags say becomes values: header lines, ages, logins, limits."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from decimal import Decimal
from difflib import get_close_matches
from typing import Final

from corserver.http.limits import Limits, can_be_lifted, misfit


def header_lines(values: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The header lines of `-H 'Name: value'`. Raises ValueError."""
    lines = []
    for value in values:
        name, colon, content = value.partition(":")
        if not colon or not name.strip():
            raise ValueError(f"{value!r} is no header line: write 'Name: value'")
        if name.strip().lower().startswith("access-control-"):
            raise ValueError(f"{name.strip()} is written by --cors ORIGIN, on errors and preflights too")
        lines.append((name.strip(), content.strip()))
    return tuple(lines)


def embedding_lines(*, isolate: bool, cors: bool) -> tuple[tuple[str, str], ...]:
    """Who may embed the answers, and for *isolate* what makes a page cross-origin isolated, with shared memory.

    Without CORS no page of another origin may have them, as a script or a picture either: it could learn what is in
    them that way, too.
    """
    if not isolate:
        return () if cors else (_SAME_ORIGIN,)
    resource = ("Cross-Origin-Resource-Policy", "cross-origin") if cors else _SAME_ORIGIN
    return ("Cross-Origin-Opener-Policy", "same-origin"), ("Cross-Origin-Embedder-Policy", "require-corp"), resource


_SAME_ORIGIN: Final = ("Cross-Origin-Resource-Policy", "same-origin")


def cache_control(value: str) -> str:
    """The `Cache-Control` of `--cache`: a time, in seconds or with its unit, `no-cache` or `no-store`.

    Raises ValueError.
    """
    word = value.strip().lower()
    if word in ("no-cache", "no-store"):
        return word
    quantity = _QUANTITY.fullmatch(word)
    if quantity is None or quantity[2] not in _AGES or (Decimal(quantity[1]) * _AGES[quantity[2]]) % 1:
        raise ValueError(
            f"{value!r} is not a number of seconds, nor a time such as 10m, 2h or 7d, nor no-cache or no-store"
        )
    seconds = int(Decimal(quantity[1]) * _AGES[quantity[2]])
    return f"max-age={min(seconds, 2**31 - 1)}" if seconds else "no-cache"


def users(values: Iterable[str]) -> dict[str, str]:
    """The names and passwords of `--auth USER:PASS`. Raises ValueError."""
    found = {}
    for value in values:
        name, colon, password = value.partition(":")
        if not (colon and name and password):
            raise ValueError("--auth is a name and a password with a colon between them: write --auth ada:secret")
        found[name] = password
    return found


#: What may follow a size, in any case: `MB` is decimal, `M` and `MiB` are binary, as in GNU coreutils.
_SIZES: Final = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9} | {
    unit: 1024**power for power, units in enumerate(("k kib", "m mib", "g gib"), 1) for unit in units.split()
}
#: What may follow a time, in seconds.
_TIMES: Final = {"": Decimal(1), "ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600)}
#: What may follow an age, in seconds.
_AGES: Final = {"": Decimal(1), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600), "d": Decimal(86400)}
_QUANTITY: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?) ?([a-z]*)", re.ASCII)


_DEFAULTS: Final = Limits()


def limits(pairs: Iterable[str], base: Limits = _DEFAULTS) -> Limits:
    """*base* with the limits of `NAME=VALUE` pairs; of two of one name the last counts. Dashes and underscores are one.

    A size is in bytes, or has a unit (`64k`, `16MiB`); a time is in seconds, or has one (`500ms`, `2m`); `none` lifts a
    limit that can be lifted. Raises ValueError with every mistake at once.
    """
    found: dict[str, int | float | None] = {}
    mistakes = []
    for pair in pairs:
        try:
            name, value = _limit(pair)
            if words := misfit(name, value):
                raise ValueError(words)
            found[name] = value
        except ValueError as error:
            mistakes.append(f"{pair!r}: {error}")
    if mistakes:
        raise ValueError("\n".join(mistakes))
    return replace(base, **found)  # type: ignore[arg-type]


def limits_sentence(base: Limits = _DEFAULTS) -> str:
    """Every limit with its default, as `limits` reads it."""
    return ", ".join(_shown(name, base) for name in _LIMITS)


_LIMITS: Final = tuple(field.name for field in fields(Limits))


def _limit(pair: str) -> tuple[str, int | float | None]:
    given, equals, value = pair.partition("=")
    name = _limit_name(given)
    if not equals:
        raise ValueError(f"write {_dashed(name)}=VALUE, such as {_shown(name, _DEFAULTS)}")
    return name, _limit_value(name, value)


def _limit_name(given: str) -> str:
    name = given.strip().lower().replace("-", "_")
    if name in _LIMITS:
        return name
    close = [known for known in _LIMITS if name and known.startswith(name)] or get_close_matches(name, _LIMITS)
    meant = f"did you mean {' or '.join(map(_dashed, close))}?" if close else "--help limits has the list"
    raise ValueError(f"there is no limit {given!r}; {meant}")


def _limit_value(name: str, given: str) -> int | float | None:
    value, is_time = given.strip().lower(), name.endswith("_seconds")
    examples = "a time, such as 5, 500ms or 2m" if is_time else "a number or a size, such as 1000, 64k or 16MiB"
    if value == "none":
        if can_be_lifted(name):
            return None
        raise ValueError(f"{_dashed(name)} cannot be lifted; write {examples}")
    units: Mapping[str, int | Decimal] = _TIMES if is_time else _SIZES
    quantity = _QUANTITY.fullmatch(value)
    if quantity is None or quantity[2] not in units:
        raise ValueError(f"{given!r} is not {examples}{', or none' if can_be_lifted(name) else ''}")
    number = Decimal(quantity[1]) * units[quantity[2]]
    if is_time:
        return float(number)
    if number % 1:
        raise ValueError(f"{given!r} is not a whole number")
    return int(number)


def _shown(name: str, base: Limits) -> str:
    return f"{_dashed(name)}={_written(name, getattr(base, name))}"


def _written(name: str, value: float | None) -> str:
    if value is None:
        return "none"
    if name.endswith("_seconds"):
        return f"{value:.9f}".rstrip("0").rstrip(".") + "s"
    for unit, size in (("MiB", 1024**2), ("KiB", 1024)):
        if value and value % size == 0:
            return f"{value // size:.0f}{unit}"
    return f"{value:.0f}"


def _dashed(name: str) -> str:
    return name.replace("_", "-")
