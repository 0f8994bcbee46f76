"""A Django project in one file: a few views, sessions in signed cookies, uploads, streams, files, and mistakes."""

import contextvars
import functools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.urls import path

MIDDLEWARE = [
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
]

#: Port and path of the request that runs in this context, and of those that Django has finished with.
_running: contextvars.ContextVar[tuple[str, str]] = contextvars.ContextVar("_running")
finished: list[tuple[str, str]] = []


@functools.cache
def django_app() -> WSGIHandler:
    """The project as a WSGI app, as its `wsgi.py` would have it."""
    settings.configure(
        SECRET_KEY="a key of the tests",
        DEBUG=False,
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        MIDDLEWARE=MIDDLEWARE,
        INSTALLED_APPS=["corsheaders", "django.contrib.sessions"],
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        FILE_UPLOAD_MAX_MEMORY_SIZE=1 << 16,
        FILE_UPLOAD_TEMP_DIR=tempfile.gettempdir(),
        LOGGING_CONFIG=None,
        USE_TZ=True,
    )
    django.setup()
    request_started.connect(_started)
    request_finished.connect(_finished)
    return get_wsgi_application()


def _started(environ: dict[str, Any], **kwargs: Any) -> None:
    _running.set((environ["SERVER_PORT"], environ["PATH_INFO"]))


def _finished(**kwargs: Any) -> None:
    finished.append(_running.get())


def hello(request: HttpRequest, name: str = "nobody") -> HttpResponse:
    answer = JsonResponse({"hello": name, "query": request.GET.dict(), "method": request.method, "url": request.path})
    answer["X-Total"] = "7"
    return answer


def count(request: HttpRequest) -> HttpResponse:
    request.session["count"] = request.session.get("count", 0) + 1
    return HttpResponse(str(request.session["count"]))


def upload(request: HttpRequest) -> HttpResponse:
    found = request.FILES["file"]
    return JsonResponse({"size": found.size, "on_disk": hasattr(found, "temporary_file_path"), **request.POST.dict()})


def raw(request: HttpRequest) -> HttpResponse:
    size = 0
    while chunk := request.read(65536):
        size += len(chunk)
    return HttpResponse(str(size))


def stream(request: HttpRequest) -> HttpResponseBase:
    def pieces() -> Iterator[bytes]:
        for number in range(1000):
            yield b"%d\n" % number

    return StreamingHttpResponse(pieces(), content_type="text/plain")


def file(request: HttpRequest) -> HttpResponseBase:
    return FileResponse(Path(os.environ["DJANGO_SITE_FILE"]).open("rb"), filename="data.bin")


def missing(request: HttpRequest) -> HttpResponse:
    raise Http404("not here")


def mistake(request: HttpRequest) -> HttpResponse:
    raise LookupError("a view's mistake")


def late_mistake(request: HttpRequest) -> HttpResponseBase:
    def pieces() -> Iterator[bytes]:
        yield b"one"
        raise LookupError("a stream's mistake")

    return StreamingHttpResponse(pieces())


urlpatterns = [
    path("", hello),
    path("hello/<str:name>/", hello),
    path("count/", count),
    path("upload/", upload),
    path("raw/", raw),
    path("stream/", stream),
    path("file/", file),
    path("missing/", missing),
    path("mistake/", mistake),
    path("late/", late_mistake),
]
