"""A configuration file in force: its scopes govern, and a SIGHUP or a change puts others in their place."""

import signal
from pathlib import Path

import httpx
import pytest

from .configured import TABLES
from .running import Running, corserver, errors


async def allowed(url: str, path: str, origin: str = "https://app.example") -> str | None:
    async with httpx.AsyncClient(headers={"Origin": origin}) as client:
        answer = await client.get(f"{url}/{path}")
        assert answer.status_code == 200
        found: str | None = answer.headers.get("access-control-allow-origin")
        return found


async def test_scopes_from_a_file_govern_what_is_served_and_the_banner_has_a_line_for_each(here: Path) -> None:
    (here / "corserver.toml").write_text(TABLES)
    async with corserver("public") as running:
        url = await running.url()
        assert await running.line_with("Config")
        await running.line_with("Stop")
        cors = [line.split(maxsplit=1) for line in running.lines if ": off" in line or "/api/*" in line]
        assert [line.strip() for line in running.lines if ": off" in line] == ["/api/private/*: off", "elsewhere: off"]
        assert cors[0][1].startswith("/api/*: https://app.example (any method")
        assert await allowed(url, "api/data.json") == "https://app.example"
        assert await allowed(url, "api/private/data.json") is None
        assert await allowed(url, "data.json") is None
        async with httpx.AsyncClient() as client:
            policies = {
                path: (await client.get(f"{url}/{path}")).headers.get("cross-origin-resource-policy")
                for path in ("api/data.json", "api/private/data.json", "data.json")
            }
        assert list(policies.values()) == [None, "same-origin", "same-origin"]
    async with corserver("public", "--cors", "https://b.example") as running:
        assert await allowed(await running.url(), "data.json", "https://b.example") == "https://b.example"


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_hangup_puts_other_policies_in_force_and_a_bad_file_leaves_the_old(here: Path, workers: int) -> None:
    file = here / "corserver.toml"
    file.write_text(TABLES)
    async with corserver("public", "--workers", str(workers)) as running, httpx.AsyncClient() as client:
        url = await running.url()
        await running.line_with("Stop")
        aside = Running(running.process, aside=True)
        kept = await client.get(f"{url}/data.json", headers={"Origin": "https://b.example"})
        assert "access-control-allow-origin" not in kept.headers

        file.write_text("port = 1\ncors = 'https://b.example'\n")
        running.process.send_signal(signal.SIGHUP)
        await running.line_with("https://b.example (any method" if workers == 1 else "All 2 workers were replaced.")
        await aside.line_with("a restart is needed for what changed beside the policies: port")
        assert await allowed(url, "data.json", "https://b.example") == "https://b.example"
        assert await allowed(url, "api/data.json") is None
        if workers == 1:
            changed = await client.get(f"{url}/data.json", headers={"Origin": "https://b.example"})
            assert changed.headers.get("access-control-allow-origin") == "https://b.example"
            assert "cross-origin-resource-policy" not in changed.headers
            assert changed.extensions["network_stream"] is kept.extensions["network_stream"], (
                "no connection was dropped"
            )

        file.write_text("cors = 'https://c.example/'\n")
        running.process.send_signal(signal.SIGHUP)
        await aside.line_with("the configuration was not replaced, the old one stays in force:")
        assert (await aside.line_with("corserver.toml:1:")).strip() == 'corserver.toml:1: cors = "https://c.example/"'
        assert await allowed(url, "data.json", "https://b.example") == "https://b.example"
        assert await running.stop() == 0


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_change_of_the_watched_file_does_the_same(here: Path, workers: int) -> None:
    file = here / "corserver.toml"
    file.write_text(TABLES)
    async with corserver("public", "--workers", str(workers), "--watch-config") as running:
        url = await running.url()
        await running.line_with("Stop")
        new = here / "new"
        new.write_text("port = 0\ncors = 'https://b.example'\n")
        new.replace(file)
        await running.line_with("https://b.example (any method" if workers == 1 else "All 2 workers were replaced.")
        assert await allowed(url, "data.json", "https://b.example") == "https://b.example"
        assert await running.stop() == 0
        assert await errors(running) == ""
