"""The true cause: what is behind a "CORS error", named from the status and the headers that came.

The rule says what the browser misses. Often that is a consequence: authentication that ran before CORS, a path that
does not exist, a server that failed. A person who is told the rule only mends the wrong thing.
"""

from corserver.cors.browser import Failure, Rule, Stage, Url, parse_url
from corserver.cors.fetch import CORS_RESPONSE_HEADERS, vary_members
from corserver.cors.origins import OriginPattern, OriginSet, diagnose
from corserver.tools.check.exchanges import Reply, Trouble
from corserver.tools.check.fetching import Fetched, Turn
from corserver.tools.check.rows import ALLOW_HEADERS, ALLOW_METHODS, listed
from corserver.tools.words import names, text

#: A refusal in a server's own words is no longer than this.
_MAX_WORDS = 200
_EXEMPT = "let CORS run before it, or exempt OPTIONS requests that carry Access-Control-Request-Method"

#: Fetch "redirect-taint".
LOST_ORIGIN = (
    "After a redirect from one foreign origin to another the browser no longer says who asks: it sends `Origin: null`, "
    "and only `*` (without credentials) or `null` is an answer to that. Ask for the last URL directly."
)


def cause(fetched: Fetched, behind: Reply | Trouble | None) -> str:
    """What is behind the failure of *fetched*; *behind* is what a plain GET got, where the preflight failed."""
    verdict = fetched.verdict
    if verdict is None or verdict.failure is None or not fetched.turns:
        return ""
    turn, failure = fetched.turns[-1], verdict.failure
    if isinstance(turn.outcome, Trouble):
        return str(turn.outcome)
    special = _origin_cause(failure, turn) or _list_cause(failure, turn.outcome)
    if special:
        return special
    if failure.stage is Stage.PREFLIGHT:
        return _preflight_cause(failure, turn.outcome, turn, behind if isinstance(behind, Reply) else None)
    return _response_cause(failure, turn.outcome, turn, fetched) if failure.rule is Rule.ACAO_MISSING else ""


def _origin_cause(failure: Failure, turn: Turn) -> str:
    match failure.rule:
        case Rule.ACAO_MISMATCH | Rule.ACAO_INVALID:
            if turn.message.origin == b"null" and turn.message.hop.origin_is_tainted:
                return LOST_ORIGIN
            return difference(failure.value, turn.message.origin or b"")
        case Rule.ACAO_MULTIPLE:
            return (
                "Two places add the header, such as the app and a proxy before it, or several origins were written "
                "into one line. Only one line with one origin is understood."
            )
        case Rule.ACAO_WILDCARD_WITH_CREDENTIALS:
            return (
                "The script asks with credentials, and `*` does not do for those: name the origin, or leave "
                "`credentials: 'include'` out of the script if it needs no cookies."
            )
        case Rule.ACAC_NOT_TRUE:
            given = f" (it says `{text(failure.value)}`)" if failure.value else ""
            return f"The script asks with credentials, and the server does not say that it may{given}."
    return ""


def _list_cause(failure: Failure, reply: Reply) -> str:
    """What is wrong with Access-Control-Allow-Methods or -Headers, and what the script has to do with it."""
    method = text(failure.request.method)
    match failure.rule:
        case Rule.METHOD_NOT_ALLOWED if method != method.upper():
            return (
                f"Methods are compared with their case, and fetch() does not upper-case `{method}` (only DELETE, GET, "
                "HEAD, OPTIONS, POST and PUT)."
            )
        case Rule.METHOD_NOT_ALLOWED:
            return f"The script sends {method}; the server allows {_allowed(reply, ALLOW_METHODS, failure)}."
        case Rule.HEADER_NOT_ALLOWED if CORS_RESPONSE_HEADERS.intersection(failure.names):
            return (
                f"The script sends {names(failure.names)}. That is for the server to send: in a request it allows "
                "nothing, and needs leave like any other header."
            )
        case Rule.HEADER_NOT_ALLOWED:
            sent = names(failure.names)
            return f"The script sends {sent}; the server allows {_allowed(reply, ALLOW_HEADERS, failure)}."
        case Rule.AUTHORIZATION_NOT_LISTED:
            return (
                "The server allows any header by `*`. That does not cover Authorization, which must be named beside it."
            )
        case Rule.ACAM_UNPARSABLE | Rule.ACAH_UNPARSABLE:
            return f"`{text(failure.value)}` is no name: between names there are commas, and nothing around them."
    return ""


def _allowed(reply: Reply, name: str, failure: Failure) -> str:
    found = listed(reply, name)
    if "*" in found and failure.request.is_credentialed:
        return "`*`, which is a mere name where there are credentials"
    if found:
        return f"{', '.join(found)}, and nothing else"
    return "no more than GET, HEAD and POST" if name == ALLOW_METHODS else "no header that needs leave"


def difference(value: bytes, origin: bytes) -> str:
    """In what the *value* of Access-Control-Allow-Origin is not *origin*."""
    shown, wanted = text(value), text(origin)
    if origin == b"null":
        return f"The page's origin is `null` (a sandboxed frame, a file: or data: page), and `{shown}` is not `null`."
    faults = () if value == b"null" else diagnose(value)
    if faults:
        return f"`{shown}` is no origin: an origin {'; it '.join(fault.value for fault in faults)}."
    pattern = OriginPattern.parse(value)
    near = None if pattern is None else OriginSet((pattern,)).near_miss(origin)
    if near is not None:
        return f"`{wanted}` differs from the allowed `{shown}` {near.difference.value}."
    return f"The server names `{shown}`, and the page is on `{wanted}`."


def _preflight_cause(failure: Failure, reply: Reply, turn: Turn, behind: Reply | None) -> str:
    if failure.rule not in (Rule.ACAO_MISSING, Rule.PREFLIGHT_STATUS_NOT_OK, Rule.PREFLIGHT_REDIRECT):
        return ""
    found = _status_cause(reply, turn.sending.url, behind)
    if behind is not None and behind.get(b"access-control-allow-origin") is not None and reply.status != 403:
        found += f" A GET is answered ({behind.status}) with Access-Control-Allow-Origin: only the preflight fails."
    return found


def _own_words(reply: Reply) -> str:
    """What the server itself says of CORS: Starlette `Disallowed CORS origin`, Spring `Invalid CORS request`."""
    words = b" ".join(reply.body.split())
    return text(words) if b"cors" in words.lower() and len(words) <= _MAX_WORDS else ""


def _refusal(reply: Reply) -> str:
    return f"The server's own CORS settings refuse this ({reply.status}); it says: {_own_words(reply)}"


def _status_cause(reply: Reply, url: Url, behind: Reply | None) -> str:
    status, target = reply.status, url.path
    if status >= 400 and _own_words(reply):
        return _refusal(reply)
    if status in (401, 407, 511):
        return (
            f"Authentication ran before CORS: the preflight got a {status}. A preflight never carries cookies or "
            f"Authorization, so {_EXEMPT}."
        )
    if status == 403 and _varies(reply):
        return "The server knows CORS (it sends `Vary: Origin`), and refuses this origin (403)."
    if status == 403:
        return (
            "The server refused the preflight (403): its CORS settings do not allow this origin, or authentication or "
            f"a CSRF check ran before CORS; then {_EXEMPT}."
        )
    if status in (404, 410):
        if behind is not None and behind.status == status:
            return f"The path is wrong: {target} is a {status} for GET too. Mend the URL first."
        return f"Nothing answers OPTIONS at {target} ({status}): the route takes its own methods only."
    if status in (405, 501):
        allow = reply.get(b"allow")
        listed = "" if allow is None else f"; Allow: {text(allow)}"
        return f"The server does not take OPTIONS here ({status}{listed}): nothing there answers preflights."
    if status >= 500:
        return f"The server failed on the preflight ({status}): that is an error of its own, look into its log."
    if 300 <= status <= 399:
        hint = redirect_hint(reply, url, is_preflight=True)
        return f"The preflight is redirected ({status}), and a browser does not follow. {hint}"
    if status >= 400:
        return f"The server does not take the preflight for one and refuses it ({status})."
    return _silence(reply)


def _silence(reply: Reply) -> str:
    if _varies(reply):
        return "The server knows CORS (it sends `Vary: Origin`), and this origin is not on its list."
    return "The answer says nothing about CORS: it is not set up for this path, or not for this origin."


def _varies(reply: Reply) -> bool:
    return b"origin" in vary_members(reply.headers)


def redirect_hint(reply: Reply, url: Url, *, is_preflight: bool = False) -> str:
    """Where a redirect leads, and what is usually behind one like it."""
    target = _target(reply, url)
    if target is None:
        return "It has no Location that is a URL."
    if (url.scheme, target.scheme) == ("http", "https") and (url.host, url.path) == (target.host, target.path):
        return f"The server wants https: ask for {target} in the script."
    if _differs_by_a_slash(target, url):
        return f"Only a slash at the end differs: ask for {target} in the script."
    if any(word in target.path.lower() for word in ("login", "signin", "sign-in", "auth", "sso")):
        login = f"It leads to a login page ({target}): "
        if is_preflight:
            return f"{login}authentication ran before CORS. {_EXEMPT[0].upper()}{_EXEMPT[1:]}."
        return (
            f"{login}the request was not logged in, and a login page is of no use to a script. Send what logs in "
            "(`credentials: 'include'`, or Authorization), and let the server answer 401 with CORS headers instead."
        )
    return f"It leads to {target}: ask for that in the script, or let every hop answer with CORS headers."


def _target(reply: Reply, url: Url) -> Url | None:
    return parse_url((reply.get(b"location") or b"").decode("latin-1"), url)


def _differs_by_a_slash(target: Url, url: Url) -> bool:
    return url.path.rstrip("/") == target.path.rstrip("/") and url.host == target.host


def before_all(fetched: Fetched, behind: Reply | Trouble | None) -> str:
    """What to mend before any header, as a sentence that the headers follow; empty where the headers are all."""
    failure = None if fetched.verdict is None else fetched.verdict.failure
    turn = fetched.turns[-1] if fetched.turns else None
    if failure is None or turn is None or not isinstance(turn.outcome, Reply):
        return ""
    if failure.rule not in (Rule.ACAO_MISSING, Rule.PREFLIGHT_STATUS_NOT_OK, Rule.PREFLIGHT_REDIRECT):
        return ""
    reply, url = turn.outcome, turn.sending.url
    if reply.status >= 400 and _own_words(reply):
        return ""
    if 300 <= reply.status <= 399:
        target = _target(reply, url)
        is_same = target is not None and _differs_by_a_slash(target, url)
        return f"In the script ask for {target}, which is not redirected. If that is blocked too:" if is_same else ""
    if turn.is_preflight and isinstance(behind, Reply) and reply.status in (404, 410) and behind.status == reply.status:
        return f"First find the URL that is meant: nothing is at {url.path}. If that is blocked too:"
    if reply.status >= 500 or (reply.status >= 400 and not turn.is_preflight):
        return f"First mend the {reply.status} itself. So that a script can read what comes then:"
    return ""


def _response_cause(failure: Failure, reply: Reply, turn: Turn, fetched: Fetched) -> str:
    if reply.status >= 400 and _own_words(reply):
        return _refusal(reply)
    if reply.status >= 400:
        had = any(t.is_preflight for t in fetched.turns[:-1])
        before = " The preflight had them, so CORS is set up, but errors bypass it." if had else ""
        return (
            f"This is a {reply.status_text}, not a CORS problem: that is the error to mend first. The answer has no "
            f"CORS headers, so the browser shows a CORS error in its place.{before}"
        )
    if 300 <= reply.status <= 399 and reply.get(b"location") is not None:
        hint = redirect_hint(reply, turn.sending.url)
        return f"The redirect itself ({reply.status}) must have the CORS headers too. {hint}"
    shown = f"The server answered {reply.status}, as curl and Postman show, which do not enforce CORS."
    return f"{shown} The browser hides the answer from the script. {_silence(reply)}"
