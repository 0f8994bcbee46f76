"""A page of site A reads from site B, or does not, and what B has to do with it: in Chromium, on two real origins."""

from functools import partial

import trio

from corserver import App, Policy, Request, Response
from tests.browser.chromium import needs_chromium
from tests.browser.conftest import StartSite
from tests.browser.sites import BLOCKED, Page

pytestmark = needs_chromium


def items() -> App:
    """A small API."""
    app = App()

    @app.get("/items/{id:int}")
    async def get_item(request: Request) -> dict[str, int]:
        return {"id": request.path_params["id"]}

    @app.put("/items/{id:int}")
    async def put_item(request: Request) -> dict[str, object]:
        return {"id": request.path_params["id"], "item": await request.json()}

    @app.post("/items")
    async def post_item(request: Request) -> Response:
        return Response(await request.body(), 201)

    return app


async def test_without_a_header_the_script_is_refused_though_b_saw_the_request(
    page: Page, start_site: StartSite
) -> None:
    """Where B says nothing about other origins, a script of A gets an error; its request was sent and answered."""
    b = await start_site(items())
    outcome, console = await page.run_blocked("return await read(url)", url=f"{b.url}/items/1")
    assert outcome == BLOCKED
    assert "No 'Access-Control-Allow-Origin' header is present" in console
    assert b.requests == ["GET /items/1"]
    assert b.seen[0].headers["origin"] == page.origin


async def test_with_a_header_for_a_the_script_reads(page: Page, start_site: StartSite) -> None:
    """Where B's policy names A, a script of A reads status and body."""
    b = await start_site(items(), Policy([page.origin]))
    outcome = await page.run("return await read(url)", url=f"{b.url}/items/1")
    assert (outcome["status"], outcome["body"]) == (200, '{"id":1}')
    assert b.requests == ["GET /items/1"]


async def test_a_header_for_another_origin_does_not_help(page: Page, start_site: StartSite) -> None:
    """A policy that names A's host with another port is a policy for somebody else."""
    b = await start_site(items(), Policy(["http://127.0.0.1:1"]))
    outcome, console = await page.run_blocked("return await read(url)", url=f"{b.url}/items/1")
    assert outcome == BLOCKED
    assert "No 'Access-Control-Allow-Origin' header is present" in console


async def test_any_origin_and_any_port_are_for_a_too(page: Page, start_site: StartSite) -> None:
    """A is one of everybody, and one of the ports of this machine."""
    sites = [await start_site(items(), Policy([origin])) for origin in ("*", "http://127.0.0.1:*")]
    script = "return [await read(one + '/items/1'), await read(other + '/items/1')].map(r => r.status)"
    assert await page.run(script, one=sites[0].url, other=sites[1].url) == [200, 200]


async def test_a_put_with_json_sends_the_preflight_first(page: Page, start_site: StartSite) -> None:
    """The browser asks for PUT and content-type, is granted both, and then sends what the script gave it."""
    b = await start_site(items(), Policy([page.origin], methods=["PUT"], headers=["content-type"]))
    outcome = await page.run("return await read(url, json('PUT', {colour: 'red'}))", url=f"{b.url}/items/7")
    assert (outcome["status"], outcome["body"]) == (200, '{"id":7,"item":{"colour":"red"}}')
    assert b.requests == ["OPTIONS /items/7", "PUT /items/7"]
    preflight, actual = b.seen
    assert preflight.headers == {
        "origin": page.origin,
        "access-control-request-method": "PUT",
        "access-control-request-headers": "content-type",
    }
    assert actual.headers["origin"] == page.origin
    assert actual.headers["content-type"] == "application/json"
    assert not [name for name in actual.headers if name.startswith("access-control-request")]


async def test_a_put_where_only_get_is_allowed_never_reaches_the_handler(page: Page, start_site: StartSite) -> None:
    """A preflight that does not grant the method is the end of it: the handler is not run."""
    b = await start_site(items(), Policy([page.origin], methods=["GET"], headers=["content-type"]))
    outcome, console = await page.run_blocked("return await read(url, json('PUT', {}))", url=f"{b.url}/items/7")
    assert outcome == BLOCKED
    assert "Method PUT is not allowed by Access-Control-Allow-Methods in preflight response" in console
    assert b.requests == ["OPTIONS /items/7"]


async def test_a_header_that_is_not_granted_is_named_by_the_console(page: Page, start_site: StartSite) -> None:
    """A granted method does not help if a header is missing from the answer, and the browser says which."""
    b = await start_site(items(), Policy([page.origin], methods=["PUT"]))
    outcome, console = await page.run_blocked("return await read(url, json('PUT', {}))", url=f"{b.url}/items/7")
    assert outcome == BLOCKED
    assert "Request header field content-type is not allowed by Access-Control-Allow-Headers" in console
    assert b.requests == ["OPTIONS /items/7"]


async def test_a_preflight_from_an_origin_that_is_not_allowed_is_the_end(page: Page, start_site: StartSite) -> None:
    """The preflight of a stranger gets no header at all, and its request is never sent."""
    b = await start_site(items(), Policy(["https://app.example"], methods=["PUT"], headers=["content-type"]))
    outcome, console = await page.run_blocked("return await read(url, json('PUT', {}))", url=f"{b.url}/items/7")
    assert outcome == BLOCKED
    assert "Response to preflight request doesn't pass access control check" in console
    assert b.requests == ["OPTIONS /items/7"]


async def test_a_simple_post_runs_the_handler_though_the_script_is_refused(page: Page, start_site: StartSite) -> None:
    """What a form could send needs no preflight: CORS keeps the answer from the script, not the request from B."""
    b = await start_site(items(), Policy(["https://app.example"]))
    outcome, _ = await page.run_blocked("return await read(url, {method: 'POST', body: 'red'})", url=f"{b.url}/items")
    assert outcome == BLOCKED
    assert b.requests == ["POST /items"]


async def test_the_header_is_needed_on_the_response_too(page: Page, nursery: trio.Nursery) -> None:
    """A good answer to the preflight alone is not enough: a response without the header blocks after it."""
    requests: list[bytes] = []
    listeners = await nursery.start(partial(trio.serve_tcp, partial(forgetful, requests), 0, host="127.0.0.1"))
    url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}/items/7"
    outcome, console = await page.run_blocked("return await read(url, {method: 'PUT'})", url=url)
    assert outcome == BLOCKED
    assert "No 'Access-Control-Allow-Origin' header is present" in console
    assert "preflight" not in console
    assert requests == [b"OPTIONS /items/7 HTTP/1.1", b"PUT /items/7 HTTP/1.1"]


async def forgetful(requests: list[bytes], stream: trio.SocketStream) -> None:
    """A server made by hand, whose author thought of the preflight alone."""
    head = b""
    async with stream:
        while not head.endswith(b"\r\n\r\n"):
            received = await stream.receive_some()
            if not received:  # A connection that the browser opened in case that it needs one.
                return
            head += received
        requests.append(head.partition(b"\r\n")[0])
        cors = b"Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: PUT\r\n"
        lines = cors if head.startswith(b"OPTIONS") else b""
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n" + lines + b"\r\nok")


XHR = """
const xhr = new XMLHttpRequest();
const events = [];
for (const type of ["load", "error"]) xhr.addEventListener(type, () => events.push(type));
await new Promise(done => { xhr.onloadend = done; xhr.open("GET", url); xhr.send(); });
return {events, status: xhr.status, text: xhr.responseText};
"""


async def test_xhr_has_an_error_event_on_denial(page: Page, start_site: StartSite) -> None:
    """A refused XMLHttpRequest fires `error`, with status 0 and no text."""
    b = await start_site(items(), Policy(["https://app.example"]))
    outcome, console = await page.run_blocked(XHR, url=f"{b.url}/items/1")
    assert outcome == {"events": ["error"], "status": 0, "text": ""}
    assert "Access to XMLHttpRequest" in console
    assert b.requests == ["GET /items/1"]


async def test_xhr_has_a_load_event_where_it_may_read(page: Page, start_site: StartSite) -> None:
    """An allowed XMLHttpRequest fires `load` and has the text."""
    b = await start_site(items(), Policy([page.origin]))
    assert await page.run(XHR, url=f"{b.url}/items/1") == {"events": ["load"], "status": 200, "text": '{"id":1}'}


async def test_a_preflight_is_kept_for_max_age(page: Page, start_site: StartSite) -> None:
    """Within max_age a second PUT sends no second preflight, whichever of B's granted headers it has."""
    b = await start_site(items(), Policy([page.origin], methods=["PUT"], headers=["content-type"], max_age=600))
    script = "return [await read(url, json('PUT', 1)), await read(url, {method: 'PUT', body: '2'})].map(r => r.status)"
    assert await page.run(script, url=f"{b.url}/items/7") == [200, 200]
    assert b.requests == ["OPTIONS /items/7", "PUT /items/7", "PUT /items/7"]


async def test_a_max_age_of_zero_keeps_no_preflight(page: Page, start_site: StartSite) -> None:
    """With max_age=0 every PUT asks first."""
    b = await start_site(items(), Policy([page.origin], methods=["PUT"], headers=["content-type"], max_age=0))
    script = "return [await read(url, json('PUT', 1)), await read(url, json('PUT', 2))].map(r => r.status)"
    assert await page.run(script, url=f"{b.url}/items/7") == [200, 200]
    assert b.requests == ["OPTIONS /items/7", "PUT /items/7"] * 2
