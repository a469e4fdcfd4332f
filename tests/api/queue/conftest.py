"""A worker's phone, and the deployment that it reaches while there is a network."""

import pytest
from playwright.sync_api import Page

from api.app import create_app
from engine.wiring import Sanlian
from tests.api.queue.phone import GRID, WORKER
from tests.support.browser import OpenPage, ServeApp
from tests.support.demo import NOW
from tests.support.people import act_in_browser
from tests.support.watching import PHONE_WIDTH


@pytest.fixture
def site(sanlian: Sanlian, serve_app: ServeApp) -> str:
    """The demo, served."""
    return serve_app(create_app(sanlian), lifespan="off")


@pytest.fixture
def number(sanlian: Sanlian) -> str:
    """A demand in the hands of the worker."""
    with sanlian.uow.read() as tx:
        own = [one.matter for one in tx.matters.all() if one.matter.place == GRID]
        found = min((one for one in own if one.kind == "demand" and one.state == "grid_doing"), key=lambda one: one.id)
        return tx.demands.get_many([found.id])[found.id].number


@pytest.fixture
def page(site: str, sanlian: Sanlian, open_page: OpenPage) -> Page:
    """The worker's phone."""
    made = open_page(width=PHONE_WIDTH, height=844, bypass_csp=True)
    made.clock.set_fixed_time(NOW)
    act_in_browser(made, site, sanlian, WORKER)
    return made
