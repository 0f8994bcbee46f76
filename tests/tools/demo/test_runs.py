"""What site B answers, as values."""

from corserver import Policy
from corserver.cors.browser import Credentials
from corserver.cors.decision import CORSRequest
from corserver.tools.demo.runs import ANY_METHOD, Answered, Script, SiteB

A = b"https://a.example"


def test_a_policy_answers_the_preflight_and_decorates_the_rest() -> None:
    site = SiteB(policy=Policy([A.decode()], ["PUT"]), status=404)
    assert site.answer("OPTIONS", "/run/1/data", CORSRequest(b"OPTIONS", (A,), (b"PUT",))).status == 204
    answered = site.answer("PUT", "/run/1/data", CORSRequest(b"PUT", (A,)))
    assert (answered.status, dict(answered.headers)[b"Access-Control-Allow-Origin"]) == (404, A)


def test_without_a_policy_the_app_is_asked_and_knows_nothing_of_preflights() -> None:
    answered = SiteB().answer("OPTIONS", "/run/1/data", CORSRequest(b"OPTIONS", (A,), (b"PUT",)))
    assert (answered.status, answered.headers) == (405, ((b"Allow", b"GET, POST, PUT, DELETE"),))


def test_answers_by_hand_go_as_they_are() -> None:
    by_hand = {"PUT": Answered(200), ANY_METHOD: Answered(301, ((b"Location", b"/"),))}
    site = SiteB(by_hand=by_hand)
    assert [site.app_answer(method, "/run/1/data").status for method in ("PUT", "GET", "OPTIONS")] == [200, 301, 301]
    assert site.code == "PUT: 200\n\nany method: 301\n  Location: /"


def test_the_end_of_a_redirect_has_answers_of_its_own() -> None:
    site = SiteB(by_hand={ANY_METHOD: Answered(307, ((b"Location", b"moved"),))}, moved={ANY_METHOD: Answered(404)})
    assert [site.app_answer("GET", f"/run/1/{name}").status for name in ("data", "moved")] == [307, 404]
    assert site.code == "any method: 307\n  Location: moved\n\nmoved, any method: 404"


def test_a_script_names_only_what_differs() -> None:
    assert Script().options == {}
    script = Script(method="PUT", headers=(("X-A", "1"),), body="x", credentials=Credentials.INCLUDE)
    assert script.options == {"method": "PUT", "headers": {"X-A": "1"}, "credentials": "include", "body": "x"}


def test_the_policy_is_shown_as_it_is_written() -> None:
    assert SiteB(policy=Policy(["*"])).code == "Policy(\n    origins=['*'],\n)"
    assert SiteB().code == "# no CORS policy"
