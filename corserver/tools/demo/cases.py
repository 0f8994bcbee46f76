"""The gallery: the classic cases, each a filled form, and the sentence that is to be learnt from it.

`{a}` stands for the origin of A's page, `{moved}` for the path that a redirect leads to, on an origin that is neither
A's nor B's. Where B writes its CORS lines by hand, as it must where corserver would not send what the case is about,
`by_hand` has B's answers by method, and the form has no policy; `moved` has those at the end of a redirect.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from corserver.cors.browser import Url
from corserver.tools.demo.form import DEFAULTS, read_form
from corserver.tools.demo.runs import ANY_METHOD, MOVED, Answered, Run

#: The first case of each part of the gallery, and what the part is about.
PARTS: Final = {
    "no-header": "The one line",
    "put-json": "Preflights",
    "redirect": "Redirects",
    "star-credentials": "Credentials",
    "hidden-header": "Response headers",
    "hidden-404": "Errors",
    "null-origin": "No origin",
}
_ELSEWHERE: Final = "https://other.example"
_JSON: Final = {
    "method": "PUT",
    "headers": "Content-Type: application/json",
    "body": '{"colour": "red"}',
}


@dataclass(frozen=True, slots=True)
class Case:
    """A case by its *name*; *lesson* is what it shows."""

    name: str
    title: str
    lesson: str
    form: Mapping[str, Any]
    by_hand: Mapping[str, Answered] = field(default_factory=dict)
    moved: Mapping[str, Answered] = field(default_factory=dict)

    def filled(self, origin: str) -> dict[str, Any]:
        """The whole form, for a page of *origin*."""
        form = {**DEFAULTS, **self.form}
        return {key: value.replace("{a}", origin) if isinstance(value, str) else value for key, value in form.items()}

    def run(self, origin: str, url: Url) -> Run:
        """The run of this case, for a page of *origin* that asks for *url*."""
        run = read_form(self.filled(origin))
        # 127.0.0.1 and localhost are one machine and two hosts: by its other name B is another origin.
        elsewhere = replace(url, host="localhost", path=f"{url.path.rpartition('/')[0]}/{MOVED}")
        values = {b"{a}": origin.encode(), b"{moved}": str(elsewhere).encode()}
        by_hand = {method: _filled(answered, values) for method, answered in self.by_hand.items()}
        moved = {method: _filled(answered, values) for method, answered in self.moved.items()}
        return replace(run, site_b=replace(run.site_b, by_hand=by_hand, moved=moved))

    def as_json(self, origin: str) -> dict[str, Any]:
        """For the page."""
        return {
            "name": self.name,
            "part": PARTS.get(self.name),
            "title": self.title,
            "lesson": self.lesson,
            "form": self.filled(origin),
        }


def _filled(answered: Answered, values: Mapping[bytes, bytes]) -> Answered:
    return replace(answered, headers=tuple((name, values.get(value, value)) for name, value in answered.headers))


def _answered(status: int, body: bytes = b"", **lines: str) -> Answered:
    headers = ((name.replace("_", "-").encode(), value.encode()) for name, value in lines.items())
    return Answered(status, tuple(headers), body)


def _json(**lines: str) -> Answered:
    return _answered(200, b'{"from": "site B"}', Content_Type="application/json", **lines)


_PUT_ALLOWED: Final = _answered(
    204,
    Access_Control_Allow_Origin="{a}",
    Access_Control_Allow_Methods="PUT",
    Access_Control_Allow_Headers="content-type",
    Vary="Origin",
)

CASES: Final = (
    Case(
        "no-header",
        "B says nothing",
        "The request is sent, B answers 200, and the browser keeps the answer from the script: nobody said that A may "
        "read it.",
        {"governed": False},
    ),
    Case(
        "header-for-a",
        "B names A",
        "One line on B's answer is all it takes. B decides; nothing that A sends could.",
        {"origins": "{a}"},
    ),
    Case(
        "any-origin",
        "B says *",
        "Anybody may read: right for public data. There is no Vary then, because the answer is the same for all.",
        {"origins": "*"},
    ),
    Case(
        "wrong-origin",
        "B names another origin",
        "The browser compares byte for byte: scheme, host and port. One fixed origin serves one page only.",
        {"governed": False},
        {ANY_METHOD: _json(Access_Control_Allow_Origin=_ELSEWHERE)},
    ),
    Case(
        "put-json",
        "PUT with JSON",
        "What no HTML form could send, the browser asks for first. That OPTIONS is the preflight.",
        {**_JSON, "origins": "{a}", "methods": "PUT", "allowed_headers": "Content-Type"},
    ),
    Case(
        "put-get-only",
        "PUT, but B allows GET",
        "The preflight's answer does not list PUT, and so the PUT never leaves the browser.",
        {**_JSON, "origins": "{a}", "methods": "GET", "allowed_headers": "Content-Type"},
    ),
    Case(
        "header-not-listed",
        "Content-Type not listed",
        "JSON is not one of the three content types that a form can send: the header needs leave, too.",
        {**_JSON, "origins": "{a}", "methods": "PUT"},
    ),
    Case(
        "missing-on-actual",
        "Header on the preflight only",
        "Both answers need the line. Here the PUT was carried out; the script just cannot know.",
        {**_JSON, "governed": False},
        {
            "OPTIONS": _PUT_ALLOWED,
            "PUT": _answered(200, b'{"saved": true}', Content_Type="application/json"),
        },
    ),
    Case(
        "preflight-401",
        "The preflight gets a 401",
        "A preflight carries no cookie and no Authorization. Whoever asks it to log in has broken CORS.",
        {"headers": "Authorization: Bearer 123", "governed": False},
        {
            "OPTIONS": _answered(
                401,
                Access_Control_Allow_Origin="{a}",
                Access_Control_Allow_Headers="authorization",
                WWW_Authenticate="Bearer",
            ),
        },
    ),
    Case(
        "preflight-redirect",
        "The preflight is redirected",
        "A slash too few, http for https: an OPTIONS that is sent elsewhere is a no.",
        {**_JSON, "governed": False},
        {
            ANY_METHOD: _answered(
                301,
                Location="data/",
                Access_Control_Allow_Origin="{a}",
                Access_Control_Allow_Methods="PUT",
                Access_Control_Allow_Headers="content-type",
            ),
        },
    ),
    Case(
        "redirect",
        "The request is redirected",
        "The browser follows by itself, and checks every answer on the way: a redirect needs the line, too.",
        {"governed": False},
        {ANY_METHOD: _answered(307, Location=MOVED, Access_Control_Allow_Origin="{a}", Vary="Origin")},
        {ANY_METHOD: _json(Access_Control_Allow_Origin="{a}", Vary="Origin")},
    ),
    Case(
        "redirect-fails",
        "Where it leads says nothing",
        "The preflight passes, the PUT is redirected, and the new URL is asked anew, with a preflight of its own. It "
        "knows nothing of CORS.",
        {**_JSON, "governed": False},
        {
            "OPTIONS": _PUT_ALLOWED,
            "PUT": _answered(307, Location=MOVED, Access_Control_Allow_Origin="{a}", Vary="Origin"),
        },
        {ANY_METHOD: _answered(404)},
    ),
    Case(
        "redirect-elsewhere",
        "It leads to another origin",
        "B sends the browser on to a third origin. From there on it is B's word, not A's: Origin becomes null, and a "
        "list that names A does not match.",
        {"governed": False},
        {ANY_METHOD: _answered(307, Location="{moved}", Access_Control_Allow_Origin="{a}", Vary="Origin")},
        {ANY_METHOD: _json(Access_Control_Allow_Origin="{a}", Vary="Origin")},
    ),
    Case(
        "star-credentials",
        "* with credentials",
        "For a request with cookies everybody is too many: then B must name the origin.",
        {"credentials": "include", "origins": "*"},
    ),
    Case(
        "credentials",
        "B names A, with credentials",
        "The origin by name, and Access-Control-Allow-Credentials: true beside it.",
        {"credentials": "include", "origins": "{a}", "allow_credentials": True},
    ),
    Case(
        "hidden-header",
        "A response header is hidden",
        "The script reads the body, yet of the headers only seven: X-Total-Count is null.",
        {"origins": "{a}", "read": "X-Total-Count"},
    ),
    Case(
        "exposed-header",
        "The header is exposed",
        "Access-Control-Expose-Headers names what scripts may see beyond those seven.",
        {"origins": "{a}", "expose": "X-Total-Count", "read": "X-Total-Count"},
    ),
    Case(
        "hidden-404",
        "A 404 that looks like CORS",
        "The path is wrong, but the error page has no CORS line: the script and the console blame CORS.",
        {"governed": False, "status": "404"},
    ),
    Case(
        "readable-404",
        "The same 404, readable",
        "With the line on every answer, errors too, the script sees what really happened.",
        {"origins": "{a}", "status": "404"},
    ),
    Case(
        "null-origin",
        "From a sandboxed frame",
        "There the origin is the word null. Anybody can have it, so no policy should name it.",
        {"sandboxed": True, "origins": "{a}"},
    ),
)
