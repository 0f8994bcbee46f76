"""Go's net/http with rs/cors or jub0bs/cors, built from a checkout that is here already: nothing is downloaded."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.answers import HEADER, ITEM_BODY, MAX_AGE, METHOD, ORIGIN
from bench.load import BenchmarkError
from bench.peers.contender import Contender, Place, kept_folder

RS: Final = "github.com/rs/cors"
JUB0BS: Final = "github.com/jub0bs/cors"

_MAIN: Final = """// Package main is a small API behind a CORS middleware.
package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"strings"

	"%(module)s"
)

type item struct {
	ID    string   `json:"id"`
	Name  string   `json:"name"`
	Price float64  `json:"price"`
	Tags  []string `json:"tags"`
	Stock int      `json:"stock"`
}

func send(w http.ResponseWriter, value interface{}) {
	body, err := json.Marshal(value)
	if err != nil {
		http.Error(w, err.Error(), 500)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(body)
}

func items(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		send(w, item{strings.TrimPrefix(r.URL.Path, "/items/"), %(rest)s})
		return
	}
	body, err := io.ReadAll(r.Body)
	var got struct{ Name string }
	if err == nil {
		err = json.Unmarshal(body, &got)
	}
	if err != nil {
		http.Error(w, err.Error(), 400)
		return
	}
	send(w, struct {
		Stored string `json:"stored"`
	}{got.Name})
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/items/", items)
%(wrap)s
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], handler))
}
"""
_REST: Final = '"a small thing", 12.5, []string{"red", "round"}, 112'
assert b'"stock":112' in ITEM_BODY

#: rs/cors decorates an actual request only if its method is allowed; jub0bs/cors allows the safelisted ones always.
_WRAP: Final = {
    RS: f"""	handler := cors.New(cors.Options{{
		AllowedOrigins: []string{{"{ORIGIN}"}},
		AllowedMethods: []string{{"GET", "POST", "{METHOD}"}},
		AllowedHeaders: []string{{"{HEADER}"}},
		MaxAge:         {MAX_AGE},
	}}).Handler(mux)""",
    JUB0BS: f"""	middleware, err := cors.NewMiddleware(cors.Config{{
		Origins:         []string{{"{ORIGIN}"}},
		Methods:         []string{{"{METHOD}"}},
		RequestHeaders:  []string{{"{HEADER}"}},
		MaxAgeInSeconds: {MAX_AGE},
	}})
	if err != nil {{
		log.Fatal(err)
	}}
	handler := middleware.Wrap(mux)""",
}


@dataclass(frozen=True, slots=True)
class Checkout:
    """What a go.mod says."""

    module: str
    go: tuple[int, ...]


def parse_go_mod(text: str) -> Checkout:
    """The module and the Go that it needs. Raises `BenchmarkError` for a module that is not measured."""
    module = re.search(r"^module\s+(\S+)", text, re.MULTILINE)
    if module is None or module[1] not in _WRAP:
        raise BenchmarkError(f"the checkout is {module[1] if module else 'no Go module'}: give one of {RS} or {JUB0BS}")
    needs = re.search(r"^go\s+([\d.]+)", text, re.MULTILINE)
    return Checkout(module[1], _numbers(needs[1]) if needs else ())


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split(".") if number)


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def installed_go() -> tuple[int, ...]:
    """The version of `go`. Raises `BenchmarkError` where there is none."""
    if shutil.which("go") is None:
        raise BenchmarkError("go is not installed: apt-get install golang-go")
    said = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=True).stdout
    return _numbers(said.strip().removeprefix("go").partition("-")[0].partition(" ")[0])


def check_version(checkout: Checkout, installed: tuple[int, ...]) -> None:
    """Raises `BenchmarkError` for a checkout that needs a newer Go."""
    if checkout.go[:2] > installed[:2]:
        raise BenchmarkError(
            f"this checkout of {checkout.module} needs Go {_text(checkout.go)}, and Go {_text(installed)} is "
            "installed: check out an older version of it, or install a newer Go"
        )


def sources(module: str, directory: Path, go: str = "1.19") -> dict[str, str]:
    """The files of a program that uses *module* from *directory*."""
    mod = f"module bench\n\ngo {go}\n\nrequire {module} v0.0.0\n\nreplace {module} => {directory}\n"
    return {"go.mod": mod, "main.go": _MAIN % {"module": module, "rest": _REST, "wrap": _WRAP[module]}}


def write_program(target: Path, module: str, directory: Path, go: str) -> None:
    """Write the program to *target*, with the checkout's own checksums of the modules that it needs."""
    for name, text in sources(module, directory.resolve(), go).items():
        (target / name).write_text(text)
    sums = directory / "go.sum"
    if sums.exists():  # A checkout that needs no other module may have none.
        shutil.copy(sums, target)


def failure(module: str, directory: Path, said: str) -> BenchmarkError:
    """Why nothing was built, of what Go *said*: most often a module that the checkout needs is not there."""
    if "GOPROXY=off" in said:
        return BenchmarkError(
            f"{module} needs modules that are not in Go's cache, and nothing is downloaded here: "
            f"run `go mod download` in {directory}"
        )
    return BenchmarkError(f"the Go server with {module} cannot be built:\n{said.strip()}")


def build(directory: Path) -> Contender:
    """The contender `go`, compiled with the checkout in *directory*. Raises `BenchmarkError` saying what is wrong."""
    try:
        checkout = parse_go_mod((directory / "go.mod").read_text())
    except OSError as error:
        raise BenchmarkError(f"{directory} is no checkout of a Go module: {error.strerror}: go.mod") from error
    installed = installed_go()
    check_version(checkout, installed)
    target = kept_folder("go")
    write_program(target, checkout.module, directory, f"{installed[0]}.{installed[1]}")
    # The checksums are the checkout's, so that no server has to be asked for them.
    environment = {
        **os.environ,
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
        "GOSUMDB": "off",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }
    done = subprocess.run(
        ["go", "build", "-o", "server", "."], cwd=target, env=environment, capture_output=True, text=True, timeout=300
    )
    if done.returncode:
        raise failure(checkout.module, directory, done.stderr)

    def command(place: Place) -> list[str]:
        return [str(target / "server"), str(place.port)]

    version = f"Go {_text(installed)} net/http, {checkout.module}{_described(directory)}"
    return Contender(name="go", command=command, version=lambda: version)


def _described(directory: Path) -> str:
    command = ["git", "-C", str(directory), "describe", "--tags", "--always"]
    done = subprocess.run(command, capture_output=True, text=True)
    return f" {done.stdout.strip()}" if done.returncode == 0 else ""
