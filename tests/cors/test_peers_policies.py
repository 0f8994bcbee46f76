"""Which policies other CORS libraries are known to accept and to refuse, said in our own words.

A row's id names the library family. Where this engine differs on purpose the comment above the rows says why; what is
refused must offer something that is accepted, which test_policy_mistakes.py holds for every fault.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from corserver.cors import Fault, Policy, PolicyError

_PAGE: Final = ["https://page.example"]
_NOT_A_LIST, _NOT_A_STRING = (Fault.NOT_A_LIST,), (Fault.NOT_A_STRING,)
_ASKED = ("Access-Control-Request-Method", "Access-Control-Request-Headers")
_RESPONSE_ONLY = ("Origin", "Credentials", "Methods", "Headers")


def _words(text: str) -> list[str]:
    return text.split()


#: id, options beside an origin, what is wrong with them
REFUSED: Final[tuple[tuple[str, dict[str, Any], tuple[Fault, ...]], ...]] = (
    ("jub0bs: no origins", {"origins": []}, (Fault.ORIGINS_MISSING,)),
    ("jub0bs: an empty method", {"methods": [""]}, (Fault.METHOD_INVALID,)),
    ("jub0bs: a method beyond ASCII", {"methods": ["fiancé"]}, (Fault.METHOD_INVALID,)),
    ("jub0bs: a method in parentheses", {"methods": ["()"]}, (Fault.METHOD_INVALID,)),
    *(
        (f"jub0bs: {method} is forbidden", {"methods": ["GET", method]}, (Fault.METHOD_FORBIDDEN,))
        for method in _words("CONNECT connect ConNect TRACE trace TRack TRACK track")
    ),
    ("jub0bs: an empty request header", {"headers": [""]}, (Fault.HEADER_INVALID,)),
    ("jub0bs: a request header beyond ASCII", {"headers": ["fiancé"]}, (Fault.HEADER_INVALID,)),
    ("jub0bs: a request header in parentheses", {"headers": ["()"]}, (Fault.HEADER_INVALID,)),
    *(
        (f"jub0bs: {name} is the browser's", {"headers": ["Content-Type", name]}, (Fault.HEADER_FORBIDDEN,))
        for name in ("Connection", "Sec-A", "Proxy-A", "Origin", *_ASKED)
    ),
    *(
        (f"jub0bs: {name} is no request header", {"headers": [name]}, (Fault.HEADER_IS_RESPONSE_ONLY,))
        for name in (
            *(f"Access-Control-Allow-{end}" for end in _RESPONSE_ONLY),
            *("Access-Control-Max-Age", "Access-Control-Expose-Headers"),
        )
    ),
    ("jub0bs: an age below the least", {"max_age": -2}, (Fault.MAX_AGE_INVALID,)),
    ("jub0bs: an age above a day", {"max_age": 86_401}, (Fault.MAX_AGE_INVALID,)),
    ("jub0bs: an empty response header", {"expose": [""]}, (Fault.HEADER_INVALID,)),
    ("jub0bs: a response header beyond ASCII", {"expose": ["fiancé"]}, (Fault.HEADER_INVALID,)),
    *((f"jub0bs: {name} is for no script", {"expose": [name]}, (Fault.EXPOSE_FORBIDDEN,))
      for name in ("Set-Cookie", "set-cookie2")),
    *(
        (f"jub0bs: {name} is not there to be exposed", {"expose": [name]}, (Fault.EXPOSE_IS_NOT_EXPOSABLE,))
        for name in (
            *("Origin", *_ASKED),
            *("Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age"),
        )
    ),
    ("jub0bs: everybody and credentials", {"origins": ["*"], "credentials": True}, (Fault.WILDCARD_WITH_CREDENTIALS,)),
    (
        "jub0bs: two insecure origins with credentials",
        {"origins": ["http://page.example:6060", "http://*.page.example:6060"], "credentials": True},
        (Fault.INSECURE_WITH_CREDENTIALS, Fault.INSECURE_WITH_CREDENTIALS),
    ),
    (
        "jub0bs: many mistakes",
        {
            "origins": ["http://page.example", "https://page.example/"],
            "methods": ["CONNECT", "fiancé"],
            "headers": ["fiancé", "Access-Control-Allow-Origin"],
            "max_age": 86_401,
        },
        (
            *(Fault.ORIGIN_MALFORMED, Fault.METHOD_FORBIDDEN, Fault.METHOD_INVALID, Fault.HEADER_INVALID),
            *(Fault.HEADER_IS_RESPONSE_ONLY, Fault.MAX_AGE_INVALID),
        ),
    ),
    # They take these and sort it out; here a policy says one thing, so that what is read is what is meant.
    ("jub0bs: everybody and one more", {"origins": ["*", *_PAGE]}, (Fault.ORIGIN_ANY_WITH_OTHERS,)),
    ("jub0bs: -1 for no remembering", {"max_age": -1}, (Fault.MAX_AGE_INVALID,)),
    *((f"jub0bs: the method {name}", {"methods": [name]}, (Fault.METHOD_CASE,)) for name in _words("Get hEAD post")),
    ("rs: nothing said is everybody there", {"origins": ()}, (Fault.ORIGINS_MISSING,)),
    ("rs: -1 for no remembering", {"max_age": -1}, (Fault.MAX_AGE_INVALID,)),
    (
        "rs: everybody and a function",
        {"origins": ["*"], "predicate": lambda origin: True},
        (Fault.PREDICATE_WITH_ANY,),
    ),
    (
        "starlette: everything with credentials",
        {"origins": ["*"], "methods": ["*"], "headers": ["*"], "expose": ["X-Status"], "credentials": True},
        (Fault.WILDCARD_WITH_CREDENTIALS,),
    ),
    ("django: headers that are no list", {"headers": object}, _NOT_A_LIST),
    ("django: a header that is no string", {"headers": [object]}, _NOT_A_STRING),
    ("django: headers in a string", {"headers": "accept"}, _NOT_A_LIST),
    ("django: methods that are no list", {"methods": object}, _NOT_A_LIST),
    ("django: a method that is no string", {"methods": [object]}, _NOT_A_STRING),
    ("django: methods in a string", {"methods": "GET"}, _NOT_A_LIST),
    ("django: credentials that are no bool", {"credentials": object}, (Fault.NOT_A_BOOL,)),
    ("django: an age in a string", {"max_age": "10"}, (Fault.MAX_AGE_INVALID,)),
    ("django: an age below 0", {"max_age": -1}, (Fault.MAX_AGE_INVALID,)),
    ("django: origins that are no list", {"origins": object}, _NOT_A_LIST),
    ("django: an origin that is no string", {"origins": [object]}, _NOT_A_STRING),
    ("django: an origin in a string", {"origins": "https://page.example"}, _NOT_A_LIST),
    ("django: exposed headers that are no list", {"expose": object}, _NOT_A_LIST),
    ("django: an exposed header that is no string", {"expose": [object]}, _NOT_A_STRING),
    # They take a string, a list in a string, a time span; here a mistake is told instead of a guess made.
    ("flask: an origin in a string", {"origins": "http://page.example"}, _NOT_A_LIST),
    ("flask: an age in a time span", {"max_age": timedelta(minutes=10)}, (Fault.MAX_AGE_INVALID,)),
    ("flask: headers by expression", {"headers": [r"X-OWN-(.*)"]}, (Fault.HEADER_INVALID,)),
    ("express: headers in a string", {"headers": "header1,header2"}, _NOT_A_LIST),
    ("express: exposed headers in a string", {"expose": "header1,header2"}, _NOT_A_LIST),
    ("express: true for the origin that asks", {"origins": True}, _NOT_A_LIST),
    ("express: false for no CORS", {"origins": False}, _NOT_A_LIST),
    ("tower: everybody among others", {"origins": ["http://page.example", "*"]}, (Fault.ORIGIN_ANY_WITH_OTHERS,)),
    ("tower: everybody, with credentials", {"origins": "*", "credentials": True}, (Fault.WILDCARD_WITH_CREDENTIALS,)),
)  # fmt: skip

#: id, options beside an origin
ACCEPTED: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("jub0bs: all for all", {"origins": ["*"], "methods": ["*"], "headers": ["*"], "expose": ["*"]}),
    ("jub0bs: authorization beside the star, twice", {"headers": ["authoriZation", "*", "Authorization"]}),
    ("jub0bs: an origin twice", {"origins": [*_PAGE, *_PAGE]}),
    ("jub0bs: headers twice in two cases", {"headers": ["x-A", "X-a"], "expose": ["x-B", "X-b"]}),
    ("jub0bs: any header with credentials", {"headers": ["*", "X-A"], "credentials": True}),
    ("jub0bs: methods beside the star", {"methods": ["DELETE", "GET", "PATCH", "*", "*"]}),
    ("jub0bs: response headers beside the star", {"expose": ["X-A", "*", "*"]}),
    ("jub0bs: response headers that need no exposing", {"expose": _words("Cache-Control content-Type expireS X-A")}),
    ("jub0bs: methods that only begin like others", {"methods": _words("getaway headstrong postal chicken")}),
    ("jub0bs: an age where nothing is preflighted", {"max_age": 10}),
    ("jub0bs: the longest age", {"max_age": 86_400}),
    ("jub0bs: subdomains of each other", {"origins": ["https://*.page.example:81", "https://*.a.page.example:81"]}),
    (
        "jub0bs: an insecure origin, knowingly",
        {"origins": ["http://page.example"], "credentials": True, "dangerously_allow_insecure_origins": True},
    ),
    (
        "jub0bs: a public suffix, knowingly",
        {"origins": ["https://*.com"], "credentials": True, "dangerously_allow_public_suffixes": True},
    ),
    ("jub0bs: a public suffix without credentials", {"origins": ["https://*.com"]}),
    ("flask: a set of origins", {"origins": {"http://foo.test", "http://bar.test"}}),
    ("express: lists that are frozen", {"origins": (*_PAGE,), "methods": ("method1", "method2")}),
    ("express: empty lists", {"headers": [], "expose": [], "methods": []}),
    # They refuse it, as `*` is a literal then; here the names that are sent are told in its stead.
    ("jub0bs, tower: expose all with credentials", {"expose": ["*"], "credentials": True}),
    ("tower: any method with credentials", {"methods": ["*"], "credentials": True}),
)


@pytest.mark.parametrize(("name", "options", "faults"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_policy_is_refused(name: str, options: dict[str, Any], faults: tuple[Fault, ...]) -> None:
    with pytest.raises(PolicyError) as caught:
        Policy(**{"origins": _PAGE, **options})

    assert tuple(refusal.fault for refusal in caught.value.refusals) == faults


@pytest.mark.parametrize(("name", "options"), ACCEPTED, ids=[row[0] for row in ACCEPTED])
def test_a_policy_is_accepted_and_gives_itself_back(name: str, options: dict[str, Any]) -> None:
    policy = Policy(**{"origins": _PAGE, **options})

    assert Policy(**policy.describe()) == policy
    assert policy.describe().get("max_age") == options.get("max_age")


def test_jub0bs_a_refused_policy_leaves_the_one_before() -> None:
    policy = Policy(_PAGE)
    with pytest.raises(PolicyError):
        replace(policy, origins=("null",))

    assert policy.permits_origin(_PAGE[0])
    assert not policy.permits_origin("null")
    assert policy == Policy(_PAGE)
