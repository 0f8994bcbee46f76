"""The files of a tool's page, and those that draw the picture, as answers."""

from collections.abc import Awaitable, Callable, Mapping
from importlib import resources
from typing import Final

from corserver.http.messages import Request, Response

Answer = Callable[[Request], Awaitable[Response]]

_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
}


def page_files(package: str, headers: Mapping[str, str]) -> dict[str, Answer]:
    """By path, what answers with the files of `page` in *package* and in this one; *headers* are on each."""
    files = [file for each in (__package__, package) for file in (resources.files(each) / "page").iterdir()]
    return {_path(file.name): _answer(file.name, file.read_bytes(), headers) for file in files}


def _path(name: str) -> str:
    return "/" if name == "index.html" else f"/{name}"


def _answer(name: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    response = Response(body, headers={"Content-Type": _TYPES[name.rpartition(".")[2]], **headers})

    async def answer(request: Request) -> Response:
        return response

    return answer
