"""`python -m build`: a wheel and an sdist, each of which installs into an empty environment and serves."""

import json
import shutil
import subprocess
import sys
import tarfile
import venv
from collections.abc import Iterator
from email.parser import HeaderParser
from email.policy import default
from functools import partial
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest
import trio
from packaging.requirements import Requirement

import corserver
from tests.cli.running import ENVIRONMENT

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "corserver"
SITE = "https://site-a.example"
#: What lies in the tree and is in no release.
OTHERS = {".git", ".venv", "dist", "build"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the sdist of this tree and, as `python -m build` makes it, the wheel of that sdist."""
    directory = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", directory, ROOT)
    return directory


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def sdist(built: Path) -> Path:
    return next(built.glob("*.tar.gz"))


def run(*command: object) -> str:
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_a_release_is_a_wheel_and_an_sdist_of_this_version(built: Path) -> None:
    version = corserver.__version__
    names = {f"corserver-{version}-py3-none-any.whl", f"corserver-{version}.tar.gz"}
    assert {path.name for path in built.iterdir()} == names


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    files = {path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    about = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
    directory = f"corserver-{corserver.__version__}.dist-info"
    with ZipFile(wheel) as archive:
        held = set(archive.namelist())
    assert held == {str(path.relative_to(ROOT)) for path in files} | {f"{directory}/{name}" for name in about}
    assert "corserver/py.typed" in held


def test_the_sdist_holds_all_that_the_tree_does(sdist: Path) -> None:
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT)
    if tracked.returncode != 0:
        pytest.skip("this tree is no clone: what belongs to it is not known")
    with tarfile.open(sdist) as archive:
        held = {Path(member.name).relative_to(f"corserver-{corserver.__version__}") for member in archive}
    expected = {Path(name) for name in tracked.stdout.splitlines() if (ROOT / name).is_file()}
    assert expected <= held
    assert all(OTHERS.isdisjoint(path.parts) and "__pycache__" not in path.parts for path in held)


def test_the_metadata_says_what_an_index_shows(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        text = archive.read(f"corserver-{corserver.__version__}.dist-info/METADATA").decode()
    data = HeaderParser(policy=default).parsestr(text)
    assert (data["Name"], data["Version"], data["Requires-Python"]) == ("corserver", corserver.__version__, ">=3.11")
    assert (data["License-Expression"], data["License-File"]) == ("MIT", "LICENSE")
    assert data["Description-Content-Type"] == "text/markdown"
    assert str(data.get_payload()).strip() == (ROOT / "README.md").read_text().strip()
    assert {"Framework :: Trio", "Framework :: Pytest", "Typing :: Typed"} <= set(data.get_all("Classifier", []))
    needed = {Requirement(line).name for line in data.get_all("Requires-Dist", []) if "extra ==" not in line}
    assert needed == {"trio", "h11", "click", "rich"}


def closure(*names: str) -> Iterator[str]:
    """The distributions that these need, themselves included, without any extra."""
    seen: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            needed = map(Requirement, distribution(name).requires or ())
            todo += [each.name for each in needed if each.marker is None or each.marker.evaluate({"extra": ""})]
    yield from seen


def environment(directory: Path, *names: str) -> Path:
    """An environment that has these distributions, as they are here, and nothing else; its `bin`."""
    venv.create(directory, symlinks=True)
    site = next(directory.glob("lib/python*/site-packages"))
    for name in closure(*names):
        for file in distribution(name).files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                target = site / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), target)
    return directory / "bin"


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
async def test_it_installs_into_an_empty_environment_and_serves(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    release = request.getfixturevalue(kind)
    # An sdist is built where it is installed, by what builds it.
    with_tools = ["hatchling"] if kind == "sdist" else []
    bin = environment(tmp_path / "env", "trio", "h11", "click", "rich", *with_tools)
    options = ["--no-deps", "--no-index", "--no-compile", "--no-build-isolation", "--quiet"]
    run(sys.executable, "-m", "pip", "--python", bin / "python", "install", *options, release)
    run(sys.executable, "-m", "pip", "--python", bin / "python", "check")
    assert run(bin / "corserver", "--version").split() == ["corserver", corserver.__version__]
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "page.txt").write_text("a page")
    command = [str(bin / "corserver"), "public", "--cors", SITE, "--port", "0", "--json"]
    async with trio.open_nursery() as nursery:
        start = partial(trio.run_process, command, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE)
        process: trio.Process = await nursery.start(start)
        assert process.stdout is not None
        line = b""
        with trio.fail_after(30):
            while not line.endswith(b"\n"):
                line += await process.stdout.receive_some()
        headers = {"Origin": SITE}
        asked = headers | {"Access-Control-Request-Method": "PUT"}
        async with httpx.AsyncClient(base_url=json.loads(line)["url"], trust_env=False) as client:
            page = await client.get("/page.txt", headers=headers)
            preflight = await client.options("/page.txt", headers=asked)
        assert (page.text, page.headers["access-control-allow-origin"]) == ("a page", SITE)
        assert (preflight.status_code, preflight.headers["access-control-allow-methods"]) == (204, "*")
        process.terminate()
