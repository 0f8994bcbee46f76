"""WSGI apps for the tests, and how they are asked: over a memory stream, checked by `wsgiref.validate` on the way."""

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from wsgiref.validate import validator

from corserver.apps.wsgi import wsgi
from corserver.http.exchange import Service
from corserver.http.limits import Limits

from ...http.peer import Answer, converse, read_answers, request

#: A status, header lines, and what is returned.
Simple = Callable[[WSGIEnvironment], Iterable[bytes]]

TEXT = [("Content-Type", "text/plain")]


def returning(result: Any, status: str = "200 OK", headers: Iterable[tuple[str, str]] = TEXT) -> WSGIApplication:
    """An app that returns *result*, or what it gives for the environ."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response(status, list(headers))
        found: Iterable[bytes] = result(environ) if callable(result) else result
        return found

    return app


def service_of(app: WSGIApplication, *, limits: Limits | None = None, **options: Any) -> Service:
    return Service(app=wsgi(app, **options), limits=limits or Limits())


async def ask(
    app: WSGIApplication, method: str = "GET", target: str = "/", *headers: str, body: bytes = b"", valid: bool = True
) -> Answer:
    """The answer of *app*, which is checked unless it is not *valid*."""
    (answer,) = read_answers(await raw(app, method, target, *headers, body=body, valid=valid), [method])
    return answer


async def raw(
    app: WSGIApplication, method: str = "GET", target: str = "/", *headers: str, body: bytes = b"", valid: bool = True
) -> bytes:
    """The bytes of the answer."""
    data = request(method, target, *headers, body=body)
    return await converse(service_of(validator(app) if valid else app), data)
