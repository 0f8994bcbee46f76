"""What a script of site A gets to know of site B's responses: headers, errors, cookies, files."""

from pathlib import Path

import pytest

from corserver import App, Policy, Request, Response, StaticFiles
from corserver.config import cors_policy
from tests.browser.chromium import needs_chromium
from tests.browser.conftest import StartSite
from tests.browser.sites import BLOCKED, Page

pytestmark = needs_chromium


def tagged() -> App:
    app = App()

    @app.get("/")
    async def root(request: Request) -> Response:
        return Response("text", headers={"X-Tag": "blue", "ETag": '"1"'})

    return app


async def test_a_header_is_hidden_unless_it_is_exposed(page: Page, start_site: StartSite) -> None:
    """Of a readable response the script sees the safelisted headers, and of the others those that are exposed."""
    b = await start_site(tagged(), Policy([page.origin], expose=["X-Tag"]))
    outcome = await page.run("return await read(url)", url=b.url)
    assert outcome["headers"] == {"content-length": "4", "content-type": "text/plain; charset=utf-8", "x-tag": "blue"}


async def test_all_headers_may_be_exposed(page: Page, start_site: StartSite) -> None:
    """`expose=["*"]` shows whatever the response has."""
    b = await start_site(tagged(), Policy([page.origin], expose=["*"]))
    headers = (await page.run("return await read(url)", url=b.url))["headers"]
    assert (headers["x-tag"], headers["etag"]) == ("blue", '"1"')


def broken() -> App:
    app = App()

    @app.get("/crash")
    async def crash(request: Request) -> None:
        raise RuntimeError("the handler's own fault")

    @app.put("/items")
    async def put(request: Request) -> dict[str, object]:
        return {"item": await request.json()}

    return app


#: What the page asks for, as arguments of its `read`, and the status that it is to see.
ERRORS = {
    "'/crash'": 500,
    "'/nothing'": 404,
    "'/crash', {method: 'DELETE'}": 405,
    "'/items', {...json('PUT'), body: '{'}": 400,
    "'/%zz'": 400,
    "'/' + 'a'.repeat(9000)": 414,
    "'/' + 'a'.repeat(60000)": 414,
    "'/', {headers: {'X-A': 'a'.repeat(40000)}}": 431,
}


async def test_errors_are_readable(page: Page, start_site: StartSite) -> None:
    """Whoever answers with an error, handler, router, reader of JSON or parser: the script reads status and text."""
    b = await start_site(broken(), Policy([page.origin], methods=["PUT", "DELETE"], headers=["content-type", "x-a"]))
    asked = ", ".join(f"await ask({arguments})" for arguments in ERRORS)
    script = f"const ask = (path, init) => read(b + path, init); return [{asked}];"
    outcomes = await page.run(script, b=b.url)
    assert [outcome.get("status", outcome) for outcome in outcomes] == list(ERRORS.values())
    assert [outcome["body"][:3] for outcome in outcomes] == [str(status) for status in ERRORS.values()]


def members() -> App:
    app = App()

    @app.post("/login")
    async def login(request: Request) -> Response:
        return Response("welcome", headers={"Set-Cookie": "member=7; HttpOnly"})

    @app.get("/me")
    async def me(request: Request) -> dict[str, object]:
        return {"member": request.cookies.get("member")}

    return app


LOGIN = "await read(b + '/login', {method: 'POST', credentials: 'include'});"


async def test_with_credentials_the_cookie_is_sent_and_the_answer_read(page: Page, start_site: StartSite) -> None:
    """A policy with credentials lets the script log in, and read what B says to who has the cookie."""
    b = await start_site(members(), Policy([page.origin], credentials=True))
    script = LOGIN + "return [await read(b + '/me', {credentials: 'include'}), await read(b + '/me')].map(r => r.body)"
    # Without `include` the cookie stays at home, whatever the policy.
    assert await page.run(script, b=b.url) == ['{"member":"7"}', '{"member":null}']
    assert "cookie" not in b.seen[-1].headers


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        ("page", "The value of the 'Access-Control-Allow-Credentials' header in the response is ''"),
        ("*", "must not be the wildcard '*' when the request's credentials mode is 'include'"),
    ],
)
async def test_without_credentials_the_cookie_is_sent_but_nothing_is_read(
    page: Page, start_site: StartSite, origin: str, words: str
) -> None:
    """A policy without credentials, `*` above all, refuses a script that sends them; B saw the cookie all the same."""
    b = await start_site(members(), Policy([page.origin if origin == "page" else origin]))
    script = LOGIN + "return await read(b + '/me', {credentials: 'include'})"
    outcome, console = await page.run_blocked(script, b=b.url)
    assert outcome == BLOCKED
    assert words in console
    assert b.seen[-1].headers["cookie"] == "member=7"


async def test_a_put_with_a_cookie_is_preflighted_and_any_method_and_header_granted(
    page: Page, start_site: StartSite
) -> None:
    """With credentials `*` is a literal name, so the policy grants any method and header by naming what was asked."""
    app = members()

    @app.put("/me")
    async def put(request: Request) -> dict[str, object]:
        return {"member": request.cookies.get("member"), "name": await request.json()}

    policy = Policy([page.origin], methods=["*"], headers=["*"], credentials=True)
    b = await start_site(app, policy)
    script = LOGIN + "return await read(b + '/me', {...json('PUT', 'Ada'), credentials: 'include'})"
    assert (await page.run(script, b=b.url))["body"] == '{"member":"7","name":"Ada"}'
    assert b.requests == ["POST /login", "OPTIONS /me", "PUT /me"]


async def test_a_part_of_a_file_is_read_across_origins(page: Page, start_site: StartSite, tmp_path: Path) -> None:
    """What `--cors ORIGIN` grants is enough to read files by ranges: status, bytes, Content-Range and ETag."""
    (tmp_path / "tiles.bin").write_bytes(b"0123456789")
    b = await start_site(StaticFiles(tmp_path), cors_policy([page.origin]))
    outcome = await page.run("return await read(url, {headers: {Range: 'bytes=2-5'}})", url=f"{b.url}/tiles.bin")
    assert (outcome["status"], outcome["body"]) == (206, "2345")
    assert outcome["headers"]["content-range"] == "bytes 2-5/10"
    assert outcome["headers"]["accept-ranges"] == "bytes"
    assert outcome["headers"]["etag"]
    assert b.requests == ["GET /tiles.bin"]


async def test_a_revalidated_file_is_read_again(page: Page, start_site: StartSite, tmp_path: Path) -> None:
    """A 304 to the browser's own cache, decorated as all are, leaves the script with the whole file."""
    (tmp_path / "data.json").write_text('{"a":1}')
    b = await start_site(StaticFiles(tmp_path), cors_policy([page.origin]))
    script = "return [await read(url, {cache: 'no-cache'}), await read(url, {cache: 'no-cache'})].map(r => r.body)"
    assert await page.run(script, url=f"{b.url}/data.json") == ['{"a":1}'] * 2
    assert "if-none-match" in b.seen[-1].headers


async def test_all_headers_stay_exposed_after_a_revalidation(page: Page, start_site: StartSite) -> None:
    """A 304 has few of the headers that the browser has kept, and names none, so that all stay exposed."""
    app = App()

    @app.get("/")
    async def rows(request: Request) -> Response:
        lines = {"ETag": '"1"', "Cache-Control": "no-cache"}
        is_known = "if-none-match" in request.headers
        return Response(status=304, headers=lines) if is_known else Response("rows", headers={**lines, "X-Rows": "7"})

    b = await start_site(app, Policy([page.origin], expose=["*"], credentials=True))
    script = (
        "return [await read(url, init), await read(url, init)].map(r => [r.headers['x-rows'], 'date' in r.headers])"
    )
    assert await page.run(script, url=b.url, init={"credentials": "include"}) == [["7", True]] * 2
    assert "if-none-match" in b.seen[-1].headers


async def test_a_file_is_out_of_reach_without_cors(page: Page, start_site: StartSite, tmp_path: Path) -> None:
    """Files are for their own origin until somebody says otherwise."""
    (tmp_path / "data.json").write_text("{}")
    b = await start_site(StaticFiles(tmp_path))
    outcome, console = await page.run_blocked("return await read(url)", url=f"{b.url}/data.json")
    assert outcome == BLOCKED
    assert "No 'Access-Control-Allow-Origin' header is present" in console


async def test_a_cookie_stays_at_home_when_the_page_is_of_another_site(page: Page, start_site: StartSite) -> None:
    """Where B is another site than A (here by its name), credentials are not enough: a cookie is SameSite=Lax."""
    b = await start_site(members(), Policy([page.origin], credentials=True))
    script = LOGIN + "return await read(b + '/me', {credentials: 'include'})"
    outcome = await page.run(script, b=b.url.replace("127.0.0.1", "localhost"))
    assert outcome["body"] == '{"member":null}'
    assert b.requests == ["POST /login", "GET /me"]
