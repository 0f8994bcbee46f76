"""The sites of a browser test, started on free ports: `page` is site A, `start_site(app)` starts a site B."""

from collections.abc import Awaitable, Callable

import pytest
import trio

from corserver.http.messages import App as AnyApp
from corserver.http.server import Policies
from tests.browser.sites import Page, Site

StartSite = Callable[..., Awaitable[Site]]


@pytest.fixture
async def page(nursery: trio.Nursery) -> Page:
    page = Page()
    await page.start(nursery)
    return page


@pytest.fixture
def start_site(nursery: trio.Nursery) -> StartSite:
    async def start(app: AnyApp, cors: Policies = None) -> Site:
        site = Site(app, cors)
        await site.start(nursery)
        return site

    return start
