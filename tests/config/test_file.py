"""Configuration files: found, read, and refused with a line for every mistake."""

from pathlib import Path

import pytest

from corserver.config import ConfigError, find_config, read_config, read_tables, scope_sentences, scopes_of
from corserver.cors.scopes import Path as RequestPath


def test_the_file_of_its_own_is_before_the_projects(tmp_path: Path) -> None:
    assert find_config(tmp_path) is None
    project = tmp_path / "pyproject.toml"
    project.write_text("[tool.other]\ncorserver = 1\n")
    assert find_config(tmp_path) is None
    project.write_text("[tool.other]\nx = 1\n[tool.corserver]\nport = 1\n[[tool.corserver.cors]]\norigins = '*'\n")
    found = find_config(tmp_path)
    assert found is not None
    assert (found.values["port"], found.line("port"), found.line("cors", 0, "origins")) == (1, 4, 6)
    (tmp_path / "corserver.toml").write_text("port = 2\n")
    found = find_config(tmp_path)
    assert found is not None
    assert (found.path.name, found.values) == ("corserver.toml", {"port": 2})


def test_another_tools_mistake_in_the_projects_file_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.other\n")
    assert find_config(tmp_path) is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a = 1\nb = [1,\n", "x.toml:2: b = [1,\n      this is not TOML: "),
        (b"a = 1\nb = nope\nc = 1", "x.toml:2: b = nope\n      this is not TOML: Invalid value"),
        (b"a = 1\r\nb = 2\r\na = 3\r\n", "x.toml:3: a = 3\n      this is not TOML: Cannot overwrite a value"),
        (b"a = 1\nb = '\xff'\n", "x.toml:2: bytes that are not UTF-8"),
    ],
)
def test_what_is_not_toml_is_said_with_its_line(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "x.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_config(file)
    assert words in str(caught.value)


def tables(tmp_path: Path, text: str) -> tuple[list[tuple[int, str, str]], dict[str, str]]:
    """The mistakes in a file, and else what holds for each path."""
    file = tmp_path / "corserver.toml"
    file.write_text(text)
    found, mistakes = read_tables(read_config(file))
    sentences = {} if mistakes else dict(scope_sentences(scopes_of(found)))
    return [(mistake.line, mistake.given, mistake.why) for mistake in mistakes], sentences


def test_tables_are_scopes_and_grant_what_the_flags_do(tmp_path: Path) -> None:
    text = """
[[cors]]
path = "/api/*"
origins = "https://app.example, https://www.app.example"
methods = ["PUT"]
headers = []
expose = "etag"
credentials = true
max_age = 5

[[cors]]
origins = ["localhost"]

[[cors]]
path = "/api/private/*"
origins = false
"""
    file = tmp_path / "corserver.toml"
    file.write_text(text)
    found, mistakes = read_tables(read_config(file))
    assert not mistakes
    scopes = scopes_of(found)
    api = scopes.policy_for(RequestPath.parse(b"/api/x"), "GET")
    other = scopes.policy_for(RequestPath.parse(b"/x"), "GET")
    assert api is not None
    assert other is not None
    assert other.headers == ("*", "authorization"), "what is not said is granted, what is said to be nothing is not"
    assert api.describe() == {
        "origins": ["https://app.example", "https://www.app.example"],
        "methods": ["PUT"],
        "expose": ["etag"],
        "credentials": True,
        "max_age": 5,
    }
    assert scopes.policy_for(RequestPath.parse(b"/api/private/x"), "GET") is None
    assert [path for path, _ in scope_sentences(scopes)] == ["/api/*", "/api/private/*", "elsewhere"]


def test_one_table_may_be_a_plain_one_and_then_is_for_every_path(tmp_path: Path) -> None:
    mistakes, sentences = tables(tmp_path, "[cors]\norigins = ['https://a.example']\n")
    assert not mistakes
    assert list(sentences) == [""]
    assert sentences[""].startswith("https://a.example (any method")


def test_a_dangerous_wish_has_its_keyword_here_too(tmp_path: Path) -> None:
    text = "[[cors]]\norigins = ['http://a.example']\ncredentials = true\n"
    [(line, given, _)], _ = tables(tmp_path, text)
    assert (line, given) == (2, 'origins = "http://a.example"')
    assert tables(tmp_path, text + "dangerously_allow_insecure_origins = true\n")[0] == []


def test_every_mistake_of_every_table_is_said_with_its_line(tmp_path: Path) -> None:
    text = """\
[[cors]]
path = "/api/*"
origins = ["https://a.example/",
  "https://b.example",
  "null"]
max_age = "x"
max-age = 3
credentials = "yes"
[[cors]]
origin = "*"
[[cors]]
path = "api"
origins = 5
[[cors]]
path = "//api/*"
origins = false
methods = "PUT"
[[cors]]
path = 7
origins = []
[[cors]]
origins = "*"
methods = ["put"]
"""
    mistakes, _ = tables(tmp_path, text)
    assert [(line, given) for line, given, _ in sorted(mistakes)] == [
        (3, 'origins = "https://a.example/"'),
        (5, 'origins = "null"'),
        (6, 'max_age = "x"'),
        (7, "max-age = 3"),
        (8, 'credentials = "yes"'),
        (10, 'origin = "*"'),
        (12, 'path = "api"'),
        (13, "origins = 5"),
        (15, 'path = "//api/*"'),
        (17, 'methods = "PUT"'),
        (19, "path = 7"),
        (21, "[[cors]]"),
        (23, 'methods = "put"'),
    ]
    whys = {line: why for line, _, why in mistakes}
    assert "did you mean origins?" in whys[10]
    assert "a path pattern begins with a slash" in whys[12]
    assert "two tables are for one path" in whys[15]
    assert "two tables are for one path" in whys[21]
    assert "max_age has said it already" in whys[7]
