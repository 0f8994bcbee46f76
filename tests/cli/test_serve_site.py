"""What the flags make of a site: its header lines, its pages, its login."""

from pathlib import Path

import httpx
import pytest

from .running import corserver


@pytest.mark.parametrize(("flags", "expected"), [([], "corserver"), (["--no-server-header"], None)])
async def test_the_server_line_can_be_left_out(public: Path, flags: list[str], expected: str | None) -> None:
    async with corserver(public, "-p", "0", *flags) as running, httpx.AsyncClient() as client:
        for path in ("data.json", "nope"):
            answer = await client.get(f"{await running.url()}/{path}")
            assert answer.headers.get("server") == expected


async def test_a_site_of_static_pages(public: Path) -> None:
    (public / "about.html").write_text("<p>about")
    (public / "index.html").write_text("<p>home")
    (public / "app.3f2a9c1b.css").write_text("a {}" * 500)
    flags = ["--clean-urls", "--spa", "--compress", "--cache", "10m", "-H", "X-Test: a: b", "-H", "X-Other:c"]
    async with corserver(public, "-p", "0", *flags) as running, httpx.AsyncClient() as client:
        url = await running.url()
        about = await client.get(f"{url}/about")
        assert (about.text, about.headers["cache-control"]) == ("<p>about", "max-age=600")
        assert (about.headers["x-test"], about.headers["x-other"]) == ("a: b", "c")
        assert (await client.get(f"{url}/about.html?x=1")).headers["location"] == "/about?x=1"
        assert (await client.get(f"{url}/users/7")).text == "<p>home"
        style = await client.get(f"{url}/app.3f2a9c1b.css", headers={"Accept-Encoding": "gzip"})
        assert style.headers["content-encoding"] == "gzip"
        assert style.headers["cache-control"] == "max-age=31536000, immutable"


async def test_a_line_of_ones_own_is_on_every_answer_once(public: Path) -> None:
    flags = ["--cors", "localhost", "--auth", "ada:love", "-H", "X-Test: a", "-H", "Cache-Control: no-store"]
    async with corserver(public, "-p", "0", *flags) as running, httpx.AsyncClient() as client:
        url = await running.url()
        asked = {"Origin": "http://localhost", "Access-Control-Request-Method": "PUT"}
        answers = [
            await client.get(f"{url}/data.json", auth=("ada", "love")),
            await client.get(f"{url}/data.json"),
            await client.get(f"{url}/%zz"),
            await client.options(f"{url}/data.json", headers=asked),
        ]
    assert [answer.status_code for answer in answers] == [200, 401, 400, 204]
    for answer in answers:
        assert (answer.headers.get_list("x-test"), answer.headers.get_list("cache-control")) == (["a"], ["no-store"])


async def test_a_line_of_ones_own_takes_the_place_of_the_upstreams(public: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "more.txt").write_text("more")
    async with corserver(tmp_path / "there", "-p", "0", "-H", "X-Test: theirs") as behind:
        flags = ["--fallback", await behind.url(), "-H", "X-Test: ours"]
        async with corserver(public, "-p", "0", *flags) as running, httpx.AsyncClient() as client:
            answers = [await client.get(f"{await running.url()}/{path}") for path in ("data.json", "more.txt", "no")]
    assert [answer.status_code for answer in answers] == [200, 200, 404]
    assert [answer.headers.get_list("x-test") for answer in answers] == [["ours"]] * 3


@pytest.mark.parametrize(
    ("flags", "policy", "opener"),
    [
        ([], "same-origin", None),
        (["--isolate"], "same-origin", "same-origin"),
        (["--cors", "*"], None, None),
        (["--cors", "*", "--isolate"], "cross-origin", "same-origin"),
        (["-H", "Cross-Origin-Resource-Policy: same-site"], "same-site", None),
    ],
)
async def test_who_may_embed_the_answers(
    public: Path, flags: list[str], policy: str | None, opener: str | None
) -> None:
    async with corserver(public, "-p", "0", *flags) as running, httpx.AsyncClient() as client:
        for path in ("data.json", "nope", ""):
            answer = await client.get(f"{await running.url()}/{path}", headers={"Sec-Fetch-Site": "cross-site"})
            assert answer.headers.get("cross-origin-resource-policy") == policy
            assert answer.headers.get("cross-origin-opener-policy") == opener
            assert answer.headers.get("cross-origin-embedder-policy") == (opener and "require-corp")


@pytest.mark.parametrize("way", ["flag", "environment"])
async def test_a_login_guards_everything_and_is_named_without_its_password(public: Path, way: str) -> None:
    flags = ["--auth", "ada:love"] if way == "flag" else []
    environment = {} if flags else {"CORSERVER_AUTH": "ada:love"}
    async with corserver(public, "-p", "0", "--cors", "localhost", *flags, **environment) as running:
        url = await running.url()
        assert "(login: ada)" in await running.line_with("Root")
        async with httpx.AsyncClient(headers={"Origin": "http://localhost:1"}) as client:
            for path in ("data.json", "nope", ""):
                refused = await client.get(f"{url}/{path}")
                assert (refused.status_code, refused.headers["www-authenticate"][:5]) == (401, "Basic")
                assert refused.headers["access-control-allow-origin"] == "http://localhost:1"
            assert (await client.get(f"{url}/data.json", auth=("ada", "love"))).json() == {"a": 1}
            wanted = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
            assert (await client.options(f"{url}/data.json", headers=wanted)).status_code == 204
        assert not [line for line in running.lines if "love" in line]
