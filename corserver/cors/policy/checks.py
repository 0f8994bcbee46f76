"""The checks that a policy passes before it exists. Each gives refusals; none stops at the first."""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from .. import fetch
from ..origins import (
    DEFAULT_PORTS,
    Malformation,
    OriginPattern,
    diagnose,
    is_loopback_host,
    is_punycode_sound,
    mend,
    parse_origin,
    with_scheme,
)
from .faults import Fault, Refusal

MAX_MAX_AGE = 86400

_NOT_EXPOSABLE = frozenset(
    {b"origin", b"access-control-request-method", b"access-control-request-headers"}
    | {b"access-control-allow-methods", b"access-control-allow-headers", b"access-control-max-age"}
)
_EXAMPLES = {"origins": "https://app.example.com", "methods": "PUT", "headers": "content-type", "expose": "etag"}
#: Methods in use, all upper-case. fetch() upper-cases the first six only.
_USUAL_METHODS = fetch.NORMALIZED_METHODS | {b"PATCH", b"QUERY", b"PROPFIND", b"REPORT"}


def refuse(fault: Fault, option: str, given: object, write: str, why: str | None = None) -> Refusal:
    """A refusal of the value *given* to *option*; *why* where the fault's own sentence is not enough."""
    shown = repr(given)
    return Refusal(fault, option, shown if len(shown) <= 200 else shown[:200] + "...", why or fault.value, write)


def strings(option: str, value: object) -> tuple[tuple[str, ...], list[Refusal]]:
    """The entries of a list option, without repetition; a lone "*" may stand for ["*"]."""
    if isinstance(value, str) and value == "*":
        return ("*",), []
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value if isinstance(value, str) else ""
        entries = re.findall(r"[^,\s]+", text)
        write = f"{option}={entries or [_EXAMPLES[option]]}"
        return tuple(dict.fromkeys(entries)), [refuse(Fault.NOT_A_LIST, option, value, write)]
    named: dict[str, None] = {}
    wrong: list[Refusal] = []
    for entry in value:
        if isinstance(entry, str):
            named[entry] = None
        else:
            write = repr(entry.decode("utf-8", "replace")) if isinstance(entry, bytes) else "a string, or leave it out"
            wrong.append(refuse(Fault.NOT_A_STRING, option, entry, write))
    return tuple(named), wrong


def check_origins(texts: tuple[str, ...]) -> tuple[tuple[OriginPattern, ...], list[Refusal]]:
    """The patterns that *texts* write, or were probably meant to, `*` apart."""
    patterns: list[OriginPattern] = []
    refusals: list[Refusal] = []
    for text in texts:
        if text == "*":
            continue
        pattern = OriginPattern.parse(_bytes(text))
        if pattern is None:
            # What was meant goes on to the checks of credentials, so that its every mistake is told at once.
            refusal, pattern = _refuse_origin(text)
            refusals.append(refusal)
        if pattern is not None:
            patterns.append(pattern)
    if "*" in texts and len(texts) > 1:
        refusals.append(
            refuse(Fault.ORIGIN_ANY_WITH_OTHERS, "origins", list(texts), 'origins=["*"], or the others without "*"')
        )
    return tuple(patterns), refusals


def check_credentials(patterns: Iterable[OriginPattern], insecure: bool, public_suffixes: bool) -> Iterator[Refusal]:
    """What may not be combined with credentials, unless the dangerous keyword was given."""
    for pattern in patterns:
        if not (insecure or pattern.is_secure):
            write = f"{str(_secured(pattern))!r}; or, knowing the risk, dangerously_allow_insecure_origins=True"
            yield refuse(Fault.INSECURE_WITH_CREDENTIALS, "origins", str(pattern), write)
        if pattern.subdomains and not public_suffixes and not is_loopback_host(pattern.host):
            yield from _check_public_suffix(pattern)


def check_predicate(predicate: object, any_origin: bool, credentials: bool, trusted: bool) -> Iterator[Refusal]:
    """A predicate is a synchronous callable, for a list policy, and with credentials only if it is trusted."""
    if predicate is None:
        return
    call = getattr(predicate, "__call__", None)  # noqa: B004  an object may have an async __call__
    if not callable(predicate) or inspect.iscoroutinefunction(predicate) or inspect.iscoroutinefunction(call):
        yield refuse(Fault.PREDICATE_INVALID, "predicate", predicate, "lambda origin: origin in my_origins")
    if any_origin:
        yield refuse(Fault.PREDICATE_WITH_ANY, "predicate", predicate, 'origins=["*"] without predicate')
    if credentials and not trusted:
        write = "credentials=False; or, knowing the risk, dangerously_trust_predicate=True"
        yield refuse(Fault.PREDICATE_WITH_CREDENTIALS, "predicate", predicate, write)


def check_methods(methods: Iterable[str]) -> Iterator[Refusal]:
    """Methods are tokens, in the case in which browsers send them, and not CONNECT, TRACE or TRACK."""
    for method in methods:
        name = _bytes(method)
        if not fetch.is_token(name):
            meant = [token.upper() for token in _tokens(method) if not fetch.is_forbidden_method(_bytes(token))]
            yield refuse(Fault.METHOD_INVALID, "methods", method, _literals(meant or [_EXAMPLES["methods"]]))
        elif fetch.is_forbidden_method(name):
            yield refuse(Fault.METHOD_FORBIDDEN, "methods", method, "leave it out")
        elif name not in _USUAL_METHODS and name.upper() in _USUAL_METHODS:
            yield refuse(Fault.METHOD_CASE, "methods", method, repr(method.upper()))


def check_headers(headers: Iterable[str]) -> Iterator[Refusal]:
    """Names that a script can put on a request."""
    yield from _check_names("headers", headers, _refuse_request_header)


def check_expose(expose: Iterable[str]) -> Iterator[Refusal]:
    """Names that a script could read from a response if they are exposed."""
    yield from _check_names("expose", expose, _refuse_exposed_header)


def check_max_age(max_age: object) -> Iterator[Refusal]:
    """Seconds, 0 to 86400, or None."""
    valid = max_age is None or (type(max_age) is int and 0 <= max_age <= MAX_MAX_AGE)
    if not valid:
        write = "600"
        if isinstance(max_age, int | float) and not isinstance(max_age, bool) and max_age == max_age:
            write = str(int(min(max(max_age, 0), MAX_MAX_AGE)))
        yield refuse(Fault.MAX_AGE_INVALID, "max_age", max_age, write)


def check_switch(option: str, value: object) -> Iterator[Refusal]:
    """A bool, and not something that merely looks true."""
    if not isinstance(value, bool):
        # "false" is true to Python: which one was meant is not guessed.
        write = f"{option}=True, or {option}=False" if isinstance(value, str) else f"{option}={bool(value)}"
        yield refuse(Fault.NOT_A_BOOL, option, value, write)


def _refuse_origin(text: str) -> tuple[Refusal, OriginPattern | None]:
    value = _bytes(text)
    if value.strip().lower() == b"null":
        write = "the page's real origin, or, for public data, '*'"
        return refuse(Fault.ORIGIN_NULL_PROHIBITED, "origins", text, write), None
    if value.strip().lower().startswith(b"file:"):
        write = "serve the page over http and allow that origin"
        return refuse(Fault.ORIGIN_FILE_PROHIBITED, "origins", text, write), None
    bare = b"://" not in value
    whole = with_scheme(value)
    scheme, separator, rest = whole.partition(b"://")
    subdomains, any_port = rest.startswith(b"*."), rest.endswith(b":*")
    core = scheme + separator + rest[2 if subdomains else 0 : -2 if any_port else None]
    origin = parse_origin(core)
    if origin is not None and not is_punycode_sound(origin.host):
        write, why = (
            "the name as the browser's address bar copies it",
            "an origin has `xn--` labels that are valid Punycode",
        )
        return refuse(Fault.ORIGIN_MALFORMED, "origins", text, write, why), None
    if b"*" in core or (subdomains and not diagnose(core) and not bare):
        meant = _without_wildcards(whole)
        write = "'https://*.example.com'" if meant is None else repr(str(meant))
        return refuse(Fault.ORIGIN_WILDCARD_MISPLACED, "origins", text, write), meant
    faults = (Malformation.SCHEME, *diagnose(core)) if bare and value else diagnose(core if value else value)
    why = " and ".join(fault.value for fault in faults) or "has one port, or any"
    meant = _mended(core, subdomains, any_port)
    write = "an origin such as 'https://app.example.com'" if meant is None else repr(str(meant))
    return refuse(Fault.ORIGIN_MALFORMED, "origins", text, write, f"an origin {why}"), meant


def _mended(core: bytes, subdomains: bool, any_port: bool) -> OriginPattern | None:
    scheme, separator, rest = (mend(core) or b"").partition(b"://")
    start = scheme + separator + (b"*." if subdomains else b"") + rest
    return (OriginPattern.parse(start + b":*") if any_port else None) or OriginPattern.parse(start)


def _without_wildcards(value: bytes) -> OriginPattern | None:
    scheme, _, rest = value.partition(b"://")
    after = rest.rpartition(b"*")[2]
    return OriginPattern.parse(scheme + b"://*." + after.removeprefix(b"."))


def _check_public_suffix(pattern: OriginPattern) -> Iterator[Refusal]:
    try:
        from publicsuffixlist import PublicSuffixList
    except ImportError:
        write = "pip install 'corserver[psl]'; or, knowing the risk, dangerously_allow_public_suffixes=True"
        yield refuse(Fault.PUBLIC_SUFFIX_UNKNOWN, "origins", str(pattern), write)
        return
    host = pattern.host.decode("ascii").removesuffix(".")
    if PublicSuffixList().publicsuffix(host) == host:
        write = "the origins themselves; or, knowing the risk, dangerously_allow_public_suffixes=True"
        yield refuse(Fault.PUBLIC_SUFFIX_WITH_CREDENTIALS, "origins", str(pattern), write)


def _check_names(option: str, names: Iterable[str], refuse_name: Callable[[bytes], Fault | None]) -> Iterator[Refusal]:
    for name in names:
        lower = _bytes(name).lower()
        if not fetch.is_token(lower):
            meant = [token.lower() for token in _tokens(name) if refuse_name(_bytes(token).lower()) is None]
            yield refuse(Fault.HEADER_INVALID, option, name, _literals(meant or [_EXAMPLES[option]]))
        elif (refused := refuse_name(lower)) is not None:
            yield refuse(refused, option, name, "leave it out")


def _refuse_request_header(name: bytes) -> Fault | None:
    if name in fetch.CORS_RESPONSE_HEADERS:
        return Fault.HEADER_IS_RESPONSE_ONLY
    return Fault.HEADER_FORBIDDEN if fetch.is_forbidden_request_header(name) else None


def _refuse_exposed_header(name: bytes) -> Fault | None:
    if name in fetch.FORBIDDEN_RESPONSE_HEADERS:
        return Fault.EXPOSE_FORBIDDEN
    return Fault.EXPOSE_IS_NOT_EXPOSABLE if name in _NOT_EXPOSABLE else None


def _secured(pattern: OriginPattern) -> OriginPattern:
    scheme = {b"ws": b"wss"}.get(pattern.scheme, b"https")
    return replace(pattern, scheme=scheme, port=None if pattern.port == DEFAULT_PORTS[scheme] else pattern.port)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _literals(values: Iterable[str]) -> str:
    return ", ".join(map(repr, values))


def _tokens(text: str) -> list[str]:
    # What was probably meant by `GET, PUT`, `x request id` or `Content-Type: application/json`.
    names = (part.partition(":")[0].strip().replace(" ", "-") for part in text.split(","))
    tokens = ("".join(char for char in name if fetch.is_token(_bytes(char))) for name in names)
    return [token for token in tokens if token]
