"""JSON (RFC 8259): as it is sent, compact, and as it is read."""

import json.encoder
from collections.abc import Callable, Iterable
from typing import Any, Final

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False)


def _pieces_of_json() -> Callable[[object, int], Iterable[str]]:
    # `encode` makes the encoder of CPython's C anew each time, which costs as much as it takes for a small value.
    encoder: Any = json.encoder
    if encoder.c_make_encoder is None:
        return lambda value, _: (_ENCODER.encode(value),)
    made: Callable[[object, int], Iterable[str]] = encoder.c_make_encoder(
        None, _ENCODER.default, encoder.encode_basestring, None, ":", ",", False, False, False
    )
    return made


_encode: Final = _pieces_of_json()


def to_json(value: object) -> str:
    """*value* as compact JSON. Raises TypeError or ValueError where it is not JSON."""
    try:
        return "".join(_encode(value, 0))
    except RecursionError:
        raise ValueError("a value that contains itself, or is nested too deeply, is not JSON") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant)


def from_json(text: str) -> Any:
    """The value that *text* is. Raises ValueError where it is not JSON."""
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
