"""The house holds: who may import whom, no cycles, files and functions of a readable size."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "corserver"
FILES = sorted(PACKAGE.rglob("*.py"))
#: What is held to the same size, and has no cycles either.
HOUSE = sorted(path for room in ("corserver", "tests", "bench", "docs") for path in (ROOT / room).rglob("*.py"))

#: What an app is given, and what it returns.
MESSAGES = ("corserver.http.messages", "corserver.http.header_lines", "corserver.http.json_text")
#: room -> what its files may import inside the package, and which distributions outside the standard library.
#: The longest room that a module's name begins with counts.
ROOMS: dict[str, tuple[set[str], set[str]]] = {
    "corserver.cors": ({"corserver.cors"}, {"publicsuffixlist"}),
    "corserver.http": ({"corserver.cors", "corserver.http"}, {"trio", "h11", "outcome", "multipart"}),
    "corserver.apps": (
        {
            "corserver.apps",
            "corserver.http.messages",
            "corserver.http.header_lines",
            "corserver.http.fileslice",
            "corserver.http.memory",
            "corserver.cors.scopes",
        },
        {"trio"},
    ),
    "corserver.apps.asgi": (
        {
            "corserver.apps",
            "corserver.http.messages",
            "corserver.http.header_lines",
            "corserver.http.fileslice",
            "corserver.cors.scopes",
        },
        {"trio", "trio_asyncio"},
    ),
    "corserver.apps.websocket": (
        {"corserver.apps.websocket", *MESSAGES, "corserver.cors"},
        {"trio", "wsproto"},
    ),
    "corserver.apps.proxy": (
        {
            "corserver.apps",
            "corserver.http.authority",
            "corserver.http.messages",
            "corserver.http.header_lines",
            "corserver.http.wire",
            "corserver.cors.scopes",
        },
        {"trio"},
    ),
    "corserver.apps.live": (
        {"corserver.apps.live", "corserver.apps.wrapping", *MESSAGES, "corserver.cors.scopes"},
        {"trio", "watchfiles"},
    ),
    "corserver.config": ({"corserver.cors", "corserver.http.limits", "corserver.config"}, set()),
    "corserver.tools": (
        {"corserver.cors", "corserver.http", "corserver.apps", "corserver.config", "corserver.tools"},
        {"trio", "h11", "click", "rich", "hdrh"},
    ),
    "corserver.testing": ({"corserver"}, {"trio", "pytest"}),
    "corserver.cli": ({"corserver"}, {"trio", "click", "rich", "watchfiles", "trustme", "cryptography"}),
    "corserver": ({"corserver"}, set()),
}
#: What must not be imported even though the room could.
FORBIDDEN = {
    ("corserver.cors.browser", "corserver.cors.policy"),
    ("corserver.cors.policy", "corserver.cors.browser"),
    ("corserver.cli.output", "corserver.cli.options"),
    ("corserver.cli.output", "corserver.cli.serving"),
    ("corserver.cli.options", "corserver.cli.serving"),
}
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 60


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_in(module: str, room: str) -> bool:
    return module == room or module.startswith(room + ".")


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, inside functions too; a name taken from a package may be a module of it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = absolute(path, node)
            names = [f"{module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else module for name in names)


def absolute(path: Path, node: ast.ImportFrom) -> str:
    """The module that a name is imported from. In the package, only the engine's files name each other relatively."""
    if node.level == 0:
        assert node.module is not None
        return node.module
    assert not path.is_relative_to(PACKAGE) or is_in(module_name(path), "corserver.cors"), f"{path}: a relative import"
    package = path.relative_to(ROOT).parts[: -node.level]
    return ".".join([*package, *([node.module] if node.module else [])])


MODULES = {module_name(path): path for path in HOUSE}


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_a_file_imports_only_what_its_room_may(path: Path) -> None:
    module = module_name(path)
    inside, outside = ROOMS[max((room for room in ROOMS if is_in(module, room)), key=len)]
    for imported in imports(path):
        top = imported.partition(".")[0]
        if top == "corserver":
            assert any(is_in(imported, room) for room in inside), f"{module} imports {imported}"
            assert not any(is_in(module, a) and is_in(imported, b) for a, b in FORBIDDEN), (
                f"{module} imports {imported}"
            )
        else:
            assert top in outside | sys.stdlib_module_names, f"{module} imports {imported}"


def test_there_is_no_import_cycle() -> None:
    graph = {module: set(imports(path)) & MODULES.keys() - {module} for module, path in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("path", HOUSE, ids=module_name)
def test_files_and_functions_stay_readable(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= MAX_FILE_LINES
    tree = ast.parse(text)
    assert ast.get_docstring(tree) or not text, "a file says its one job in its first line"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < MAX_FUNCTION_LINES, f"{node.name} is too long"


def test_the_engine_loads_the_standard_library_only() -> None:
    code = "import sys, corserver.cors, corserver.cors.browser; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-Sc", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert {name.partition(".")[0] for name in loaded.split()} <= {*sys.stdlib_module_names, "corserver", "__main__"}


def test_the_engine_can_be_lifted_out_as_it_stands(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE / "cors", tmp_path / "elsewhere", ignore=shutil.ignore_patterns("__pycache__"))
    code = """
import elsewhere, elsewhere.browser
policy = elsewhere.Policy(["https://a.example"], ["PUT"])
print(policy.decide(elsewhere.CORSRequest(b"OPTIONS", (b"https://a.example",), (b"PUT",))).status)
"""
    command = [sys.executable, "-S", "-c", code]
    assert subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout == "204\n"
