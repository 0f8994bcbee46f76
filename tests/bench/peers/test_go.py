"""The Go server: what a checkout must be, and what is written for it."""

from pathlib import Path

import pytest

from bench.load import BenchmarkError
from bench.peers.go import JUB0BS, RS, Checkout, build, check_version, failure, parse_go_mod, sources, write_program


def test_a_go_mod_says_its_module_and_its_go() -> None:
    assert parse_go_mod(f"module {RS}\n\ngo 1.13\n") == Checkout(RS, (1, 13))
    assert parse_go_mod(f"module {JUB0BS}\n\ngo 1.25.0\n\nrequire x v1.0.0\n") == Checkout(JUB0BS, (1, 25, 0))


@pytest.mark.parametrize(("text", "words"), [("module other\n", "the checkout is other"), ("", "no Go module")])
def test_another_module_is_refused(text: str, words: str) -> None:
    with pytest.raises(BenchmarkError, match=words):
        parse_go_mod(text)


def test_a_checkout_may_be_older_than_go_and_not_newer() -> None:
    check_version(Checkout(RS, (1, 13)), (1, 19, 8))
    check_version(Checkout(RS, (1, 19, 9)), (1, 19, 8))
    check_version(Checkout(RS, ()), (1, 19, 8))
    with pytest.raises(BenchmarkError, match=r"needs Go 1\.23\.0, and Go 1\.19\.8 is installed"):
        check_version(Checkout(RS, (1, 23, 0)), (1, 19, 8))


def test_a_folder_without_a_module_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="is no checkout of a Go module"):
        build(tmp_path)


@pytest.mark.parametrize("module", [RS, JUB0BS])
def test_the_program_uses_the_checkout(module: str) -> None:
    files = sources(module, Path("/checkout"), "1.19")
    assert f"replace {module} => /checkout\n" in files["go.mod"]
    assert f'\t"{module}"\n' in files["main.go"]
    assert "%" not in files["main.go"]


def test_the_checkout_s_checksums_are_beside_the_program(tmp_path: Path) -> None:
    checkout, target = tmp_path / "checkout", tmp_path / "target"
    checkout.mkdir()
    target.mkdir()
    write_program(target, RS, checkout, "1.19")
    assert {path.name for path in target.iterdir()} == {"go.mod", "main.go"}
    (checkout / "go.sum").write_text("golang.org/x/net v0.53.0 h1:sum=\n")
    write_program(target, JUB0BS, checkout, "1.27")
    assert (target / "go.sum").read_text() == "golang.org/x/net v0.53.0 h1:sum=\n"
    assert "go 1.27\n" in (target / "go.mod").read_text()


def test_a_module_that_is_not_there_is_to_be_downloaded_and_other_failures_are_shown() -> None:
    said = "go: downloading golang.org/x/net v0.53.0\na.go:6:2: module lookup disabled by GOPROXY=off\n"
    missing = str(failure(JUB0BS, Path("/checkout"), said))
    assert missing.endswith("run `go mod download` in /checkout")
    assert "lookup" not in missing
    assert str(failure(JUB0BS, Path("/checkout"), "a.go:1:1: syntax\n")).endswith("cannot be built:\na.go:1:1: syntax")
