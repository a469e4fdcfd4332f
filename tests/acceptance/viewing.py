"""The deployment served to whoever holds a post or an office, one signed-in browser for each."""

from dataclasses import dataclass, field
from functools import cached_property

from fastapi import FastAPI
from starlette.testclient import TestClient

from api.app import create_app
from api.sessions import PLAIN_COOKIE
from engine.core.matter import Actor, Matter
from engine.core.scope import Organisation, World
from engine.core.workflow.declaration import Workflow
from engine.wiring import Sanlian
from tests.support.markup import Element, read_markup
from tests.support.people import token_for

ORIGIN = "http://testserver"
AUDITOR = "auditor"


@dataclass
class Viewing:
    """A served deployment with its matters, as they stand."""

    sanlian: Sanlian
    browsers: dict[str, TestClient] = field(default_factory=dict)

    @cached_property
    def app(self) -> FastAPI:
        """The application."""
        return create_app(self.sanlian)

    @cached_property
    def world(self) -> World:
        """Organisation and calendars."""
        with self.sanlian.uow.read() as tx:
            return self.sanlian.door.shelf.world_or_empty(tx)

    @cached_property
    def matters(self) -> tuple[Matter, ...]:
        """Every matter."""
        with self.sanlian.uow.read() as tx:
            return tuple(one.matter for one in tx.matters.all())

    @property
    def organisation(self) -> Organisation:
        """Who holds which post."""
        return self.world.organisation

    def flow_of(self, matter: Matter) -> Workflow:
        """The flow a matter is pinned to."""
        with self.sanlian.uow.read() as tx:
            return self.sanlian.door.shelf.workflow(tx, matter.digest)

    def number_of(self, matter: Matter) -> str:
        """The number of the demand a matter is, or belongs to; empty when there is none."""
        with self.sanlian.uow.read() as tx:
            found = tx.demands.get_many({matter.id, matter.root})
        one = found.get(matter.id) or found.get(matter.root)
        return one.number if one is not None else ""

    def actor(self, who: str) -> Actor:
        """Who acts through a post or as an office."""
        if who not in self.organisation.posts:
            return Actor(post=who, role=who, person=who)
        post = self.organisation.posts[who]
        return Actor(post=post.id, role=post.role, unit=post.unit, person=post.person)

    def near(self, matter: Matter) -> list[str]:
        """One post of each role near a matter: above its place, in the units with its tasks, its reporter; auditors."""
        units = [*self.organisation.ancestors(matter.place), *sorted(seat.unit for seat in matter.seats.values())]
        units += [matter.department] if matter.department else []
        found: dict[str, str] = {}
        for post in self.organisation.posts.values():
            mine = matter.reporter is not None and matter.reporter.person == post.person
            if mine or (post.unit in units and post.role != "resident"):
                found.setdefault(post.role, post.id)
        return [*found.values(), AUDITOR]

    def browser(self, who: str | None) -> TestClient:
        """A browser in which *who* has signed in (None: nobody), kept."""
        name = who or ""
        if name not in self.browsers:
            headers = {"Accept": "text/html", "Origin": ORIGIN}
            made = TestClient(self.app, base_url=ORIGIN, headers=headers, follow_redirects=False)
            if who is not None:
                made.cookies.set(PLAIN_COOKIE, token_for(self.sanlian, who))
            self.browsers[name] = made
        return self.browsers[name]

    def page(self, who: str | None, path: str) -> Element | None:
        """The page *who* gets; None when it is not there for them."""
        answer = self.browser(who).get(path)
        if answer.status_code in (403, 404):
            return None
        assert answer.status_code == 200, f"{path} as {who}: {answer.status_code}"
        return read_markup(answer.text)
