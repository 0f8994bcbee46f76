"""Which policy governs what a router answers: that of the route, of the mount, or of the app that it stands in."""

import json
import random
from typing import Any

import pytest

from corserver.apps.router import App
from corserver.cors.policy import Policy
from corserver.cors.scopes import INHERIT, Path, PathPattern, PolicyChoice, Scope, Scopes
from corserver.http.exchange import Service
from corserver.http.messages import Request, Response

from ..http.peer import Answer, ask, converse, read_answers, request
from . import modelled
from .modelled import Entry, Router

P, Q, R = Policy(["https://p.example"]), Policy(["https://q.example"]), Policy(["https://r.example"])


def test_a_policy_goes_with_the_route_the_mount_or_the_app() -> None:
    async def handler(request: Request) -> None:
        return None

    inner = App(cors=R)
    inner.get("/own", cors=Q)(handler)
    inner.get("/none", cors=None)(handler)
    inner.get("/inherits")(handler)
    app = App(cors=P)
    app.get("/a")(handler)
    app.put("/a", cors=Q)(handler)
    app.get("/public/{x}", cors=None)(handler)
    app.mount("/inner", inner)
    app.mount("/outer", inner, cors=Q)
    app.mount("/plain", App())
    found = {
        (method, target): app.cors.policy_for(Path.parse(target.encode()), method)
        for method, target in [
            ("GET", "/a"),
            ("HEAD", "/a"),
            ("PUT", "/a"),
            ("DELETE", "/a"),
            ("GET", "/nowhere"),
            ("GET", "/public/1"),
            ("PUT", "/public/1"),
            ("GET", "/inner/own"),
            ("GET", "/inner/none"),
            ("GET", "/inner/inherits"),
            ("GET", "/inner/nowhere"),
            ("GET", "/inner"),
            ("GET", "/outer/own"),
            ("GET", "/outer/nowhere"),
            ("GET", "/plain/x"),
        ]
    }
    assert found == {
        ("GET", "/a"): P,
        ("HEAD", "/a"): P,
        ("PUT", "/a"): Q,
        ("DELETE", "/a"): P,
        ("GET", "/nowhere"): P,
        ("GET", "/public/1"): None,
        ("PUT", "/public/1"): P,
        ("GET", "/inner/own"): Q,
        ("GET", "/inner/none"): None,
        ("GET", "/inner/inherits"): R,
        ("GET", "/inner/nowhere"): R,
        ("GET", "/inner"): R,
        ("GET", "/outer/own"): Q,
        ("GET", "/outer/nowhere"): Q,
        ("GET", "/plain/x"): P,
    }


def test_the_policy_is_never_that_of_a_route_which_does_not_answer() -> None:
    """A route above a mount answers before the mount's own, more literal route: so its policy counts too."""

    async def handler(request: Request) -> None:
        return None

    inner = App(cors=R)
    inner.get("/special", cors=Q)(handler)
    app = App(cors=P)
    app.get("/api/{x}")(handler)
    app.mount("/api", inner)
    assert app.cors.policy_for(Path.parse(b"/api/special"), "GET") == P
    assert app.cors.policy_for(Path.parse(b"/api/special"), "PUT") == R


async def test_a_405_has_the_policy_that_the_routes_of_its_path_share_where_the_app_has_none() -> None:
    async def handler(request: Request) -> Response:
        return Response()

    inner = App()
    inner.get("/shared", cors=P)(handler)
    inner.put("/shared", cors=P)(handler)
    inner.get("/apart", cors=P)(handler)
    inner.put("/apart", cors=Q)(handler)
    inner.get("/partly", cors=P)(handler)
    inner.put("/partly")(handler)
    inner.get("/mounted", cors=P)(handler)
    inner.mount("/mounted", handler)
    outer = App()
    outer.mount("/inner", inner)
    for app, prefix in ((inner, ""), (outer, "/inner")):
        for path, policy in {"/shared": P, "/apart": None, "/partly": None, "/mounted": None, "/none": None}.items():
            assert app.cors.policy_for(Path.parse(f"{prefix}{path}".encode()), "DELETE") == policy
        assert app.cors.without("/live/*").policy_for(Path.parse(f"{prefix}/shared".encode()), "DELETE") == P
        service = Service(app=app, scopes=app.cors)
        answer = await ask(service, request("POST", f"{prefix}/shared", "Origin: https://p.example"))
        assert (answer.status, answer.get(b"access-control-allow-origin")) == (405, [b"https://p.example"])


def test_a_scope_for_some_methods_is_for_no_other_where_somebody_may_answer_them() -> None:
    scopes = Scopes([Scope(PathPattern.parse("/a"), P, ("GET",))])
    assert scopes.policy_for(Path.parse(b"/a"), "GET") == P
    assert scopes.policy_for(Path.parse(b"/a"), "PUT") is None


@pytest.mark.parametrize(("default", "inner"), [(P, P), (None, None), (INHERIT, None)])
def test_the_policy_of_a_mount_is_not_that_of_the_routes_and_mounts_beside_it(
    default: PolicyChoice, inner: Policy | None
) -> None:
    """Files for everybody at `/` do not open the API, and an app that is mounted has that of the app around it."""

    async def handler(request: Request) -> Response:
        return Response()

    below = App()
    below.get("/c")(handler)
    below.mount("/d", handler)
    app = App(cors=default)
    app.get("/a")(handler)
    app.mount("/b", below)
    app.mount("/", handler, cors=Q)
    for path in ("/a", "/b", "/b/c", "/b/d/e", "/b/nothing"):
        assert app.cors.policy_for(Path.parse(path.encode()), "GET") == inner
    for path in ("/", "/nothing"):
        assert app.cors.policy_for(Path.parse(path.encode()), "GET") == Q
    above = App(cors=R)
    above.mount("/above", app)
    above.mount("/", handler, cors=Q)
    assert above.cors.policy_for(Path.parse(b"/above/b/c"), "GET") == (R if default is INHERIT else default)


# ------------------------------------------------------------------------------- a second mind, and random routers

CHOICES: list[PolicyChoice] = [
    INHERIT,
    INHERIT,
    None,
    *(Policy([f"https://{name}.example"], ["*"]) for name in "pqrs"),
    Policy("*", ["*"]),
]


def built(router: Router) -> App:
    app = App(cors=CHOICES[router.choice])
    for entry in router.entries:
        cors = CHOICES[entry.choice]
        if entry.app is not None:
            app.mount(entry.pattern.removesuffix("/*") or "/", built(entry.app), cors=cors)
        else:
            app.route(entry.pattern, methods=entry.methods, cors=cors)(_handler(entry))
    return app


def _handler(entry: Entry) -> Any:
    async def handler(request: Request) -> dict[str, Any]:
        return {"number": entry.number, "values": [str(value) for value in request.path_params.values()]}

    return handler


def said(answer: Answer) -> modelled.Said:
    told = json.loads(answer.body) if answer.status == 200 and answer.body else {"number": None, "values": []}
    allow = frozenset(b"".join(answer.get(b"allow")).decode().split(", ")) - {""}
    return modelled.Said(answer.status, told["number"], tuple(told["values"]), allow)


def lines(choice: int, origin: str) -> tuple[bytes | None, bool]:
    """Access-Control-Allow-Origin, and whether the answer varies by origin."""
    policy = CHOICES[choice]
    if not isinstance(policy, Policy):
        return None, False
    if policy.origins == ("*",):
        return b"*", False
    return (origin.encode() if origin in policy.origins else None), True


def lines_of(answer: Answer) -> tuple[bytes | None, bool]:
    return answer.cors.get(b"access-control-allow-origin"), b"Origin" in answer.vary


@pytest.mark.parametrize("seed", range(20))
async def test_the_handler_and_the_policy_are_those_of_one_path(autojump_clock: object, seed: int) -> None:
    die = random.Random(seed)
    for depth in (0, 1, 1, 1, 2, 2, 2, 2):
        router = modelled.routers(die, depth)
        app = built(router)
        service = Service(app=app, scopes=app.cors)
        for _ in range(8):
            await hold(service, router, die.choice(modelled.METHODS), modelled.targets(die, router), die.choice("pqrs"))


async def hold(service: Service, router: Router, method: str, target: str, name: str) -> None:
    expected, choice = router.ask(method, target)
    origin = f"https://{name}.example"
    data = request(method, target, f"Origin: {origin}")
    preflight = request("OPTIONS", target, f"Origin: {origin}", f"Access-Control-Request-Method: {method}")
    for answer in read_answers(await converse(service, data * 2), [method] * 2):
        assert (said(answer), target) == (expected.without_body(method), target)
        assert (lines_of(answer), target) == (lines(choice, origin), target)
    asked = await ask(service, preflight, method="OPTIONS")
    assert lines_of(asked) == lines(choice, origin)
    if expected.status != 400 and isinstance(CHOICES[choice], Policy):
        assert asked.status == (403 if lines(choice, origin)[0] is None else 204)
