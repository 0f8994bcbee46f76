"""Further questions to the server: as another origin, and as none. Only with requests that may be repeated.

Two things are asked. Whether the answer changes with the origin without saying so in Vary, so that a cache gives one
page the answer to another. And, with `--security`, whether origins are allowed that nobody meant.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from corserver.cors.browser import Tainting
from corserver.cors.fetch import vary_members
from corserver.cors.origins import Origin, parse_origin
from corserver.tools.check.exchanges import Reply
from corserver.tools.check.fetching import Asking, Fetched, Known, Turn
from corserver.tools.check.report import Note, Probe, Topic
from corserver.tools.words import text

STRANGER = b"https://stranger.example"
_ALLOW_ORIGIN = b"access-control-allow-origin"


@dataclass(frozen=True, slots=True)
class _Seen:
    origin: bytes | None
    reply: Reply

    @property
    def allowed(self) -> bytes | None:
        return self.reply.get(_ALLOW_ORIGIN)

    @property
    def varies(self) -> bool:
        return bool(vary_members(self.reply.headers) & {b"origin", b"*"})

    @property
    def is_reflected(self) -> bool:
        return self.origin is not None and self.allowed == self.origin

    @property
    def has_credentials(self) -> bool:
        return self.reply.get(b"access-control-allow-credentials") == b"true"

    @property
    def is_stored(self) -> bool:
        return b"no-store" not in (self.reply.get(b"cache-control") or b"").lower()


def probe_vary(fetched: Fetched, known: Known) -> Asking[tuple[Note, ...]]:
    """Ask for the same as another origin and as none; what is wrong with Vary, and whether anybody is let in."""
    turn = _last_request(fetched)
    if turn is None or not isinstance(turn.outcome, Reply):
        return ()
    if turn.sending.method not in (b"GET", b"HEAD"):
        return tuple(_untried(turn.sending.method, _Seen(turn.message.origin, turn.outcome)))
    seen = []
    for origin in (turn.message.origin, STRANGER, None):
        outcome = yield from known.ask(turn.sending.with_origin(origin))
        if not isinstance(outcome, Reply):
            return ()
        seen.append(_Seen(origin, outcome))
    return (*_missing_vary(seen), *_reflection(seen))


def _last_request(fetched: Fetched) -> Turn | None:
    """The last message, where it is a cross-origin request that was answered, and no preflight."""
    turn = fetched.turns[-1] if fetched.turns else None
    if turn is None or turn.is_preflight or turn.message.hop.tainting is not Tainting.CORS:
        return None
    return turn if turn.message.origin not in (None, STRANGER) else None


def _untried(method: bytes, seen: _Seen) -> Iterator[Note]:
    """Said where the answer is for one origin and has no Vary, to a method that must not be tried out."""
    if method == b"OPTIONS" or seen.allowed in (None, b"*") or seen.varies:
        return
    sentence = (
        f"Vary: Origin is not there. Whether it is missed was not tried: caches keep no answer to a {text(method)}, "
        "and asking again would act again. They do keep those to GET: check the GET of this URL, too."
    )
    yield Note(Topic.MISSING_VARY, sentence)


def _missing_vary(seen: list[_Seen]) -> list[Note]:
    allowed = {each.allowed for each in seen}
    silent = [each for each in seen if not each.varies and each.is_stored]
    if len(allowed) == 1 or not silent:
        return []
    others = [each for each in silent if each.allowed != seen[0].allowed] or silent
    asked = "without an Origin" if others[0].origin is None else f"from {text(others[0].origin)}"
    got = "none" if others[0].allowed is None else text(others[0].allowed)
    sentence = (
        "Access-Control-Allow-Origin depends on who asks, and Vary does not say so: asked "
        f"{asked} it is {got}. A cache may give this page that answer: it works once and fails later. Send on every "
        "answer, also to requests without an Origin:"
    )
    return [Note(Topic.MISSING_VARY, sentence, ((b"Vary", b"Origin"),), is_warning=True)]


def _reflection(seen: list[_Seen]) -> list[Note]:
    stranger = seen[1]
    if not stranger.is_reflected:
        return []
    if stranger.has_credentials:
        sentence = (
            f"The server allows any origin, with credentials (it echoed {text(STRANGER)}): every site on the web can "
            "read what your users can. Name the origins instead."
        )
        return [Note(Topic.ANY_ORIGIN, sentence, is_warning=True)]
    sentence = f"The server allows any origin (it echoed {text(STRANGER)}); `*` says so plainly, and caches better."
    return [Note(Topic.ANY_ORIGIN, sentence)]


def probe_security(fetched: Fetched, known: Known) -> Asking[tuple[Probe, ...]]:
    """Ask as origins that are easily let in by mistake."""
    turn = next((t for t in fetched.turns if t.message.origin is not None and t.sending.is_safe), None)
    if turn is None:
        return ()
    probes = []
    for name, origin, why in _origins(turn.message.hop.request.origin):
        outcome = yield from known.ask(turn.sending.with_origin(origin))
        if isinstance(outcome, Reply):
            probes.append(_judged(name, why, _Seen(origin, outcome)))
    return tuple(probes)


def _origins(own: bytes) -> list[tuple[str, bytes, str]]:
    found = [
        ("reflection", STRANGER, "any site at all"),
        ("null", b"null", "any page, by a sandboxed frame,"),
    ]
    origin = parse_origin(own)
    if origin is None:
        return found
    host, port = origin.host, origin.port
    found += [
        ("prefix", bytes(Origin(origin.scheme, host + b".stranger.example", port)), "who registers a longer name"),
        ("suffix", bytes(Origin(origin.scheme, b"stranger" + host, port)), "who registers a name with this ending"),
        ("subdomain", bytes(Origin(origin.scheme, b"stranger." + host, port)), "whoever holds any subdomain"),
    ]
    if b"." in host:
        dotless = host.replace(b".", b"x", 1)
        found.append(
            (
                "dot",
                bytes(Origin(origin.scheme, dotless, port)),
                "who registers this name, as if a dot were any letter,",
            )
        )
    if origin.scheme == b"https":
        found.append(("scheme", bytes(Origin(b"http", host, port)), "anybody on the network path"))
    return found


def _judged(name: str, why: str, seen: _Seen) -> Probe:
    is_any = seen.allowed == b"*"
    is_allowed = is_any or seen.is_reflected
    credentials = seen.is_reflected and seen.has_credentials
    if is_any:
        sentence = "`*`: public, without credentials"
    elif not is_allowed:
        sentence = "refused"
    else:
        sentence = f"allowed{' with credentials' if credentials else ''}: {why} may read"
    return Probe(name, seen.origin, is_allowed, credentials, is_allowed and not is_any, sentence)
