"""Sign in for the tests: a session of whoever holds a post, without the page and without a password."""

from datetime import datetime

from playwright.sync_api import Page

from api.sessions import PLAIN_COOKIE
from engine.core.terms import Office
from engine.services.keep_sessions import Browser, begin
from engine.store.people import Person
from engine.wiring import Sanlian

LONG_AGO = datetime.fromisoformat("2020-01-01T00:00:00+00:00")


def token_for(sanlian: Sanlian, who: str) -> str:
    """
    Return the token of a fresh session of *who*: the id of a post, or an office.

    Whoever is not there yet is made: tests give posts to people without accounts.
    """
    now = sanlian.clock.now()
    with sanlian.uow.write() as tx:
        if who in {office.value for office in Office}:
            found = next((one for one in tx.people.all() if one.office == who), None)
            person = found or Person(id=f"p:{who}", name=who, created_at=LONG_AGO, login=who, office=who)
            post = None
        else:
            held = tx.organisation.load().posts[who]
            found = tx.people.get(held.person)
            person = found or Person(id=held.person, name=held.name, created_at=LONG_AGO, login=held.person)
            post = held.id
        if found is None:
            tx.people.add([person])
        return begin(
            tx, person, browser=Browser(agent="tests"), ids=sanlian.door.ids, salts=sanlian.door.salts, now=now,
            post=post,
        )  # fmt: skip


def act_in_browser(page: Page, site: str, sanlian: Sanlian, who: str) -> None:
    """Let a browser act as *who* from its next page on."""
    page.context.add_cookies([{"name": PLAIN_COOKIE, "value": token_for(sanlian, who), "url": site}])
