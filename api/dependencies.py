"""What every request is given: the deployment, one reading of the clock, and the post acted as."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from starlette.datastructures import FormData

from api.words import Words
from engine.core.abilities import abilities_of
from engine.core.matter import Actor
from engine.core.scope import Organisation, Post, World
from engine.core.terms import Ability
from engine.core.workflow.declaration import Workflow
from engine.errors import Forbidden
from engine.services.naming import post_name
from engine.wiring import Sanlian

POST_COOKIE = "sanlian-post"
THEME_COOKIE = "sanlian-theme"
SIZE_COOKIE = "sanlian-size"
THEMES = frozenset({"dark", "outdoor"})
SIZES = frozenset({"l", "xl"})
# Whose desk a visitor sees first: the one that looks after everything.
FIRST_ROLE = "service_centre"
MAX_FILES = 20
MAX_FIELDS = 200
MAX_TEXT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Look:
    """How this browser wants pages to look."""

    theme: str = ""
    size: str = ""


@dataclass(frozen=True, slots=True)
class Viewer:
    """The post a visitor acts as."""

    id: str
    label: str
    actor: Actor
    abilities: frozenset[Ability] = frozenset()

    def may(self, ability: Ability) -> bool:
        """Whether this post has *ability*."""
        return ability in self.abilities


@dataclass(frozen=True, slots=True)
class PageFrame:
    """What the frame around every page shows."""

    here: str
    look: Look
    viewer: Viewer | None
    section: str = ""


@dataclass(slots=True)
class Asked:
    """One request, with the one reading of the clock that all of it uses."""

    request: Request
    sanlian: Sanlian
    now: datetime
    world: World
    flows: tuple[Workflow, ...]
    viewer: Viewer | None
    look: Look = field(default_factory=Look)

    @property
    def zone(self) -> ZoneInfo:
        """The local time of the pages."""
        return self.world.calendar(None).zone

    @property
    def words(self) -> Words:
        """The words of the pages, as of now."""
        return Words(now=self.now, zone=self.zone)

    @property
    def actor(self) -> Actor | None:
        """Who acts."""
        return self.viewer.actor if self.viewer is not None else None

    def require(self, ability: Ability) -> Viewer:
        """
        Return who acts, once sure of the ability.

        Raises:
            Forbidden: this post never has it, or nobody has been chosen.
        """
        if self.viewer is None or not self.viewer.may(ability):
            raise Forbidden(what=ability.label)
        return self.viewer

    def wake(self) -> None:
        """Tell the scheduler that something new may be due."""
        self.request.app.state.wake()

    def frame(self, section: str = "") -> dict[str, Any]:
        """What every template is given."""
        url = self.request.url
        here = url.path if self.request.method == "GET" else "/matters"
        return {
            "page": PageFrame(here=here, look=self.look, viewer=self.viewer, section=section),
            "words": self.words,
        }


def sanlian_of(request: Request) -> Sanlian:
    """Return the deployment this application serves."""
    served: Sanlian = request.app.state.sanlian
    return served


def look_of(request: Request) -> Look:
    """Return how this browser wants pages to look."""
    theme, size = request.cookies.get(THEME_COOKIE, ""), request.cookies.get(SIZE_COOKIE, "")
    return Look(theme=theme if theme in THEMES else "", size=size if size in SIZES else "")


def asked(request: Request) -> Asked:
    """Read clock, world and viewer once for the whole request."""
    sanlian = sanlian_of(request)
    now = sanlian.clock.now()
    with sanlian.uow.read() as tx:
        world = sanlian.door.shelf.world(tx)
        digests = tx.workflows.current_digests()
        flows = tuple(sanlian.door.shelf.workflow(tx, digests[name]) for name in sorted(digests))
    viewer = viewer_of(request.cookies.get(POST_COOKIE, ""), organisation=world.organisation, flows=flows, now=now)
    return Asked(
        request=request, sanlian=sanlian, now=now, world=world, flows=flows, viewer=viewer, look=look_of(request)
    )


def viewer_of(cookie: str, *, organisation: Organisation, flows: tuple[Workflow, ...], now: datetime) -> Viewer | None:
    """Return the post chosen, else the desk that looks after everything, else nobody."""
    post = organisation.posts.get(cookie)
    if post is None or not post.is_held(now):
        held = [one for one in organisation.posts.values() if one.is_held(now)]
        post = next((one for one in held if one.role == FIRST_ROLE), held[0] if held else None)
    return None if post is None else as_viewer(post, organisation=organisation, flows=flows)


def as_viewer(post: Post, *, organisation: Organisation, flows: tuple[Workflow, ...]) -> Viewer:
    """Return *post* with its words."""
    flow = next((one for one in flows if post.role in one.roles), None)
    label = post_name(post, workflow=flow, organisation=organisation) if flow is not None else post.id
    return Viewer(
        id=post.id,
        label=label,
        actor=Actor(post=post.id, role=post.role, unit=post.unit, person=post.person),
        abilities=abilities_of(post.role, flows),
    )


async def posted(request: Request) -> FormData:
    """Read the form that was posted (the framework reads bodies asynchronously)."""
    return await request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=MAX_TEXT_BYTES)


def local_path(wanted: object) -> str:
    """Return *wanted* if it is a path of ours, else the list."""
    path = wanted if isinstance(wanted, str) else ""
    if not path.startswith("/") or path.startswith("//") or "\\" in path:
        return "/matters"
    return quote(path, safe="/?&=%-_.~#")


AskedNow = Annotated[Asked, Depends(asked)]
Posted = Annotated[FormData, Depends(posted)]
