"""The true cause: what is behind a "CORS error", named from the status and the headers that came.

The rule says what the browser misses. Often that is a consequence: authentication that ran before CORS, a path that
does not exist, a server that failed. A person who is told the rule only mends the wrong thing.
"""

from corserver.cors.browser import Failure, Rule, Stage, Url, parse_url
from corserver.cors.origins import OriginPattern, OriginSet, diagnose
from corserver.tools.check.exchanges import Reply, Trouble
from corserver.tools.check.fetching import Fetched, Turn
from corserver.tools.check.words import text

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
    special = _origin_cause(failure, turn)
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
        case Rule.METHOD_NOT_ALLOWED if _in_other_case(failure):
            method = text(failure.request.method)
            return (
                f"Methods are compared with their case, and fetch() does not upper-case `{method}` (only DELETE, GET, "
                "HEAD, OPTIONS, POST and PUT)."
            )
    return ""


def _in_other_case(failure: Failure) -> bool:
    method = failure.request.method
    return method != method.upper()


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


def _status_cause(reply: Reply, url: Url, behind: Reply | None) -> str:
    status, target = reply.status, url.path
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
        return f"The preflight is redirected ({status}), and a browser does not follow. {redirect_hint(reply, url)}"
    if status >= 400:
        return f"The server does not take the preflight for one and refuses it ({status})."
    return _silence(reply)


def _silence(reply: Reply) -> str:
    if _varies(reply):
        return "The server knows CORS (it sends `Vary: Origin`), and this origin is not on its list."
    return "The server answers, but says nothing about CORS: it is not set up for this path, or not for this origin."


def _varies(reply: Reply) -> bool:
    return b"origin" in (reply.get(b"vary") or b"").lower()


def redirect_hint(reply: Reply, url: Url) -> str:
    """Where a redirect leads, and what is usually behind one like it."""
    target = parse_url((reply.get(b"location") or b"").decode("latin-1"), url)
    if target is None:
        return "It has no Location that is a URL."
    if (url.scheme, target.scheme) == ("http", "https") and (url.host, url.path) == (target.host, target.path):
        return f"The server wants https: ask for {target} in the script."
    if url.path.rstrip("/") == target.path.rstrip("/") and url.host == target.host:
        return f"Only a slash at the end differs: ask for {target} in the script."
    if any(word in target.path.lower() for word in ("login", "signin", "sign-in", "auth", "sso")):
        return (
            f"It leads to a login page ({target}): authentication ran before CORS. {_EXEMPT[0].upper()}{_EXEMPT[1:]}."
        )
    return f"It leads to {target}: ask for that in the script, or let every hop answer with CORS headers."


def _response_cause(failure: Failure, reply: Reply, turn: Turn, fetched: Fetched) -> str:
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
