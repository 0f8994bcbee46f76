"""Two sites on two origins, both on this machine: A serves a page, B the API that it asks."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from corserver.http.messages import App, HTTPError, Request, Response
from corserver.http.server import Policies
from corserver.testing.threads import Running, running

#: What stands for B's URL in the page of A.
PLACEHOLDER = "{api}"


@dataclass(frozen=True, slots=True)
class TwoOrigins:
    """The two servers, running. *page* is A, at `http://localhost:PORT`; *api* is B, at `http://127.0.0.1:PORT`.

    >>> from corserver import App, Policy
    >>> from corserver.testing import two_origins
    >>> with two_origins("<p>hello", App(), cors=lambda site: Policy([site])) as sites:
    ...     sites.page_url == f"{sites.origin}/", sites.origin != sites.api.url
    (True, True)
    """

    page: Running
    api: Running

    @property
    def origin(self) -> str:
        """A's origin, as browsers send it."""
        return f"http://localhost:{self.page.address[1]}"

    @property
    def page_url(self) -> str:
        """What to open in a browser."""
        return f"{self.origin}/"


@contextlib.contextmanager
def two_origins(
    page_html: str | Callable[[str], str],
    app: App,
    *,
    cors: Policies | Callable[[str], Policies] = None,
    **options: Any,
) -> Iterator[TwoOrigins]:
    """Site A, which serves a page, and site B, which serves *app*, on two origins, until the block is left.

    Each has a free port, so that neither knows the other's URL before: `{api}` in *page_html* stands for B's URL (a
    function is given it, and returns the page), and *cors* may be a function that is given A's origin and returns the
    policy. The other *options* are those of `running`, for B. To a browser, A and B are two sites, not only two
    origins: a cookie of B's takes part only with `SameSite=None; Secure`.

    >>> import urllib.request
    >>> from corserver import App, Policy
    >>> from corserver.testing import two_origins
    >>> page = "<script>fetch('{api}/hello')</script>"
    >>> with two_origins(page, App(), cors=lambda site: Policy([site])) as sites:
    ...     text = urllib.request.urlopen(sites.page_url).read().decode()
    ...     text == page.replace("{api}", sites.api.url)
    True
    """
    api: Running | None = None

    async def answer(request: Request) -> Response:
        if str(request.path) != "/":
            raise HTTPError(404)
        assert api is not None, "nobody knows the page's URL before both are running"
        page = page_html.replace(PLACEHOLDER, api.url) if isinstance(page_html, str) else page_html(api.url)
        return Response(page, headers={"Content-Type": "text/html; charset=utf-8"})

    with running(answer) as page:
        origin = f"http://localhost:{page.address[1]}"
        with running(app, cors=cors(origin) if callable(cors) else cors, **options) as api:
            yield TwoOrigins(page, api)
