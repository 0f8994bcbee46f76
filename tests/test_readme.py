"""What the README says is so: its commands, its example, its names."""

import re
import tomllib
from pathlib import Path

import httpx
import pytest
import trio

import corserver

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_two_commands_stand_first_and_the_ci_runs_the_test_command_word_for_word() -> None:
    run, test = (block.strip() for block in blocks("sh")[:2])
    assert all(command.startswith("python3 -m venv .venv && ") and "\n" not in command for command in (run, test))
    assert test in (ROOT / ".ci" / "run").read_text().splitlines()


async def test_the_example_does_what_is_said_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    public = tmp_path / "public"
    public.mkdir()
    (public / "page.txt").write_text("a page")
    monkeypatch.chdir(tmp_path)
    (example,) = blocks("python")
    names: dict[str, object] = {}
    exec(example.replace("trio.run(serve, app)", ""), names)
    app = names["app"]
    assert isinstance(app, corserver.App)
    site = {"Origin": "https://site-a.example"}
    async with trio.open_nursery() as nursery:
        server: corserver.Server = await nursery.start(
            lambda task_status: corserver.serve(app, port=0, task_status=task_status)
        )
        async with httpx.AsyncClient(base_url=server.url, headers=site) as client:
            asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
            preflight = await client.options("/items/7", headers=asked)
            answers = [
                await client.put("/items/7", json={"a": 1}),
                await client.put("/items/7", content=b"{"),
                await client.get("/page.txt"),
                await client.get("/nothing"),
            ]
        nursery.cancel_scope.cancel()
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-methods"] == "PUT"
    assert [answer.status_code for answer in answers] == [200, 400, 200, 404]
    assert answers[0].json() == {"id": "7", "item": {"a": 1}}
    assert {answer.headers["access-control-allow-origin"] for answer in answers} == {site["Origin"]}


def test_the_public_names_are_there_and_the_versions_agree() -> None:
    assert sorted(corserver.__all__) == sorted(name for name in corserver.__all__ if hasattr(corserver, name))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == corserver.__version__


@pytest.mark.parametrize("link", re.findall(r"\]\((?!https?:)([^)#]+)\)", README))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
