"""Requests that are no preflights, and the lines of the response to each."""

from typing import Final

from corserver.cors.decision import Reason

from .lines import CREDENTIALS, EVIL, GOOD, P1_ACTUAL, VARY, acrh, expose, max_age
from .origins import NOT_ALLOWED
from .preflights import ANY, EXACT, ORIGIN, PUT
from .vector import Vector

_STAR_ACTUAL: Final = (ANY, expose(b"*"))

ACTUALS: Final = (
    Vector(id="F02", policy="P1", method=b"OPTIONS", lines=(), expected=(VARY,), reason=Reason.NOT_CORS),
    Vector(id="F03", policy="P1", method=b"OPTIONS", lines=(GOOD,), expected=P1_ACTUAL, reason=EXACT),
    Vector(
        id="F04", policy="P1", method=b"OPTIONS", lines=(PUT,), expected=(VARY,), reason=Reason.OPTIONS_NOT_PREFLIGHT
    ),
    Vector(id="F05", policy="P1", lines=(GOOD, PUT, acrh(b"x-a")), expected=P1_ACTUAL, reason=EXACT),
    Vector(id="F05-put", policy="P1", method=b"PUT", lines=(GOOD,), expected=P1_ACTUAL, reason=EXACT),
    Vector(id="F05-unlisted", policy="P1", method=b"DELETE", lines=(GOOD,), expected=P1_ACTUAL, reason=EXACT),
    Vector(id="V01-V13", policy="P2", lines=(), expected=(VARY,), reason=Reason.NOT_CORS),
    Vector(id="V02", policy="P2", lines=(EVIL,), expected=(VARY,), reason=NOT_ALLOWED),
    Vector(id="V03", policy="P*", lines=(), expected=_STAR_ACTUAL, reason=Reason.NOT_CORS),
    Vector(id="V03-origin", policy="P*", lines=(EVIL,), expected=_STAR_ACTUAL, reason=Reason.ALLOWED_ANY),
    Vector(
        id="V04",
        policy="P1",
        lines=(GOOD,),
        app_headers=((b"Vary", b"Accept-Encoding"),),
        expected=((b"Vary", b"Accept-Encoding"), *P1_ACTUAL),
        reason=EXACT,
    ),
    Vector(id="V05", policy="P1", lines=((b"Vary", b"x"),), expected=(VARY,), reason=Reason.NOT_CORS),
    Vector(
        id="V06",
        policy="P1",
        lines=(GOOD,),
        app_headers=((b"Vary", b"*"),),
        expected=((b"Vary", b"*"), *P1_ACTUAL[:-1]),
        reason=EXACT,
    ),
    Vector(
        id="V07",
        policy="P1",
        lines=(GOOD,),
        app_headers=((b"vary", b"Accept,\torigin"),),
        expected=((b"vary", b"Accept,\torigin"), *P1_ACTUAL[:-1]),
        reason=EXACT,
    ),
    Vector(
        id="V07-not-a-member",
        policy="P1",
        lines=(),
        app_headers=((b"Vary", b"X-Origin"),),
        expected=((b"Vary", b"X-Origin"), VARY),
        reason=Reason.NOT_CORS,
    ),
    Vector(id="V09", policy="P1", lines=(), expected=(VARY,), reason=Reason.NOT_CORS),
    Vector(
        id="V12-304",
        policy="P1",
        lines=(GOOD, (b"If-None-Match", b'"1"')),
        app_headers=((b"ETag", b'"1"'),),
        expected=P1_ACTUAL,
        reason=EXACT,
    ),
    Vector(id="V12-head", policy="P1", method=b"HEAD", lines=(GOOD,), expected=P1_ACTUAL, reason=EXACT),
    Vector(
        id="E05",
        policy="P1",
        lines=(GOOD,),
        app_headers=(ANY, (b"access-control-allow-ORIGIN", b"https://evil.net"), max_age(b"1")),
        expected=P1_ACTUAL,
        reason=EXACT,
    ),
    Vector(
        id="E05-denied",
        policy="P1",
        lines=(EVIL,),
        app_headers=(ANY, CREDENTIALS),
        expected=(VARY,),
        reason=NOT_ALLOWED,
    ),
    Vector(
        id="E06", policy="PN", lines=(GOOD,), app_headers=(ANY, VARY), expected=(ANY, VARY), reason=Reason.NO_POLICY
    ),
    Vector(id="E06-nothing", policy="PN", lines=(GOOD,), expected=(), reason=Reason.NO_POLICY),
    Vector(id="E06-no-origin", policy="PN", lines=(), expected=(), reason=Reason.NOT_CORS),
    Vector(id="E06-options", policy="PN", method=b"OPTIONS", lines=(GOOD, PUT), expected=(), reason=Reason.NO_POLICY),
    Vector(id="E10", policy="P1", method=b"POST", lines=(EVIL,), expected=(VARY,), reason=NOT_ALLOWED),
    Vector(
        id="E11",
        policy="P1",
        method=b"POST",
        lines=((b"Origin", b"null"),),
        expected=(VARY,),
        reason=Reason.ORIGIN_NULL,
    ),
    Vector(
        id="W08",
        policy="expose-all",
        lines=(GOOD,),
        app_headers=(
            (b"Content-Type", b"text/plain"),
            (b"X-B", b"1"),
            (b"Date", b"Fri, 01 Jan 2027 00:00:00 GMT"),
            (b"ETag", b'"1"'),
            (b"x-b", b"2"),
            (b"Set-Cookie", b"a=b"),
            (b"Access-Control-Max-Age", b"1"),
        ),
        expected=(ORIGIN, CREDENTIALS, expose(b"date, etag, vary, x-b"), VARY),
        reason=EXACT,
    ),
    Vector(
        id="W08-nothing",
        policy="expose-all",
        lines=(GOOD,),
        expected=(ORIGIN, CREDENTIALS, expose(b"vary"), VARY),
        reason=EXACT,
        on_the_wire=False,  # There it has a Date.
    ),
    Vector(
        id="W08-denied",
        policy="expose-all",
        lines=(EVIL,),
        app_headers=((b"X-B", b"1"),),
        expected=(VARY,),
        reason=NOT_ALLOWED,
    ),
)


#: F06: about the server as a whole, so no path's policy governs it, and it is never a preflight.
SERVER_WIDE: Final = Vector(
    id="F06",
    policy="P1",
    method=b"OPTIONS",
    target=b"*",
    lines=(GOOD, PUT),
    status=204,
    expected=(),
    reason=Reason.NO_POLICY,
)
