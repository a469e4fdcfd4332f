"""What every request is given: the deployment, one reading of the clock, who signed in, and the post acted as."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from api.navigation import Entry, entries, tabs
from api.sessions import token_of
from api.words import Words
from api.writing import FIELD, HEADER, is_same_person, mark_of, post_marked, read_signed, signed
from engine.core.abilities import abilities_of, office_of
from engine.core.matter import Actor
from engine.core.scope import Organisation, Post, World
from engine.core.terms import SUPERVISOR, Ability
from engine.core.workflow.declaration import Workflow
from engine.core.workflow.encoding import LARGEST_FILE_BYTES
from engine.errors import (
    BadText,
    Forbidden,
    NotSignedIn,
    PasswordChangeNeeded,
    PasswordNeeded,
    PostChanged,
    PostEnded,
    SanlianError,
    WrittenByAnother,
)
from engine.services.keep_sessions import SignedIn, acting_post, actor_of, find, note_use, posts_held
from engine.services.naming import post_name
from engine.services.sight import Sight, no_such_matter, sight_of
from engine.wiring import Sanlian

THEME_COOKIE = "sanlian-theme"
SIZE_COOKIE = "sanlian-size"
THEMES = frozenset({"dark", "outdoor"})
SIZES = frozenset({"l", "xl"})
_CONTENT = frozenset({Ability.WORK, Ability.FILE, Ability.AUDIT})
_SUPERVISOR_LABEL = "督导员"
# Until there is a calendar, which names its own.
_ZONE = ZoneInfo("Asia/Shanghai")
MAX_FILES = 20
MAX_FIELDS = 200
# The longest text there is, a whole limits table, as browsers write it: three signs for a byte, six for a new line.
MAX_TEXT_BYTES = 4 * LARGEST_FILE_BYTES


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

    @property
    def has_matters(self) -> bool:
        """Whether matters are any business of this post."""
        return not self.abilities.isdisjoint(_CONTENT)


@dataclass(frozen=True, slots=True)
class PageFrame:
    """What the frame around every page shows."""

    here: str
    look: Look
    viewer: Viewer | None
    section: str = ""
    name: str = ""
    mark: str = ""
    writer: str = ""
    posts: tuple[str, ...] = ()
    nav: tuple[Entry, ...] = ()
    tabs: tuple[Entry, ...] = ()
    lets_time_pass: bool = False


@dataclass(slots=True)
class Asked:
    """One request, with the one reading of the clock that all of it uses; `signed` is who signed in."""

    request: Request
    sanlian: Sanlian
    now: datetime
    world: World
    flows: tuple[Workflow, ...]
    viewer: Viewer | None
    look: Look = field(default_factory=Look)
    signed: SignedIn | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The local time of the pages."""
        return self.world.calendar(None).zone if self.world.calendars else _ZONE

    @property
    def words(self) -> Words:
        """The words of the pages, as of now."""
        return Words(now=self.now, zone=self.zone)

    @property
    def actor(self) -> Actor | None:
        """Who acts."""
        return self.viewer.actor if self.viewer is not None else None

    @property
    def mark(self) -> str:
        """Who writes in this browser, as it may keep it: person and post, neither by name. Empty for nobody."""
        if self.signed is None:
            return ""
        post = self.viewer.id if self.viewer is not None else ""
        return mark_of(self.sanlian.uow.district, self.signed.person, post=post)

    def flows_in(self, tx: Any) -> Callable[[str], Workflow]:
        """Return what reads pinned flows by their digest inside the transaction *tx*."""
        shelf = self.sanlian.door.shelf
        return lambda digest: shelf.workflow(tx, digest)

    @property
    def sight(self) -> Sight:
        """What who acts may see."""
        return sight_of(self.actor, world=self.world, flows=self.flows, now=self.now)

    def must_see(self, matter: str) -> None:
        """
        Go on only if the matter with that id is one of those seen here.

        Raises:
            NotFound: it is not, or there is none: one answer.
        """
        with self.sanlian.uow.read() as tx:
            if not self.sight.among(tx, (matter,)):
                raise no_such_matter(matter)

    def require(self, ability: Ability) -> Viewer:
        """
        Return who acts, once sure of the ability.

        Raises:
            Forbidden: this post never has it, or nobody has been chosen.
        """
        if self.viewer is None or not self.viewer.may(ability):
            raise Forbidden(what=ability.label)
        return self.viewer

    def require_content(self) -> Viewer:
        """
        Return who acts, once sure that matters are any of their business: an administrator's are not.

        Raises:
            Forbidden: this post neither works on matters, nor files them, nor reads them over.
        """
        if self.viewer is None or not self.viewer.has_matters:
            raise Forbidden(what=Ability.WORK.label)
        return self.viewer

    def require_fresh(self) -> None:
        """
        Go on only if the password was given in the last minutes; a page asks for it and then goes on by itself.

        Raises:
            PasswordNeeded: it was longer ago.
        """
        if self.signed is None or self.now >= self.signed.fresh_until:
            raise PasswordNeeded()

    def require_signed(self) -> SignedIn:
        """
        Return who signed in.

        Raises:
            NotSignedIn: nobody has.
        """
        if self.signed is None:
            raise NotSignedIn()
        return self.signed

    @property
    def own_posts(self) -> tuple[Post, ...]:
        """The posts that who signed in holds now."""
        if self.signed is None or self.signed.office is not None:
            return ()
        return posts_held(self.world.organisation, self.signed.person, now=self.now)

    @property
    def paths(self) -> frozenset[str]:
        """The pages this application has."""
        known: frozenset[str] = self.request.app.state.paths
        return known

    def wake(self) -> None:
        """Tell the scheduler that something new may be due."""
        self.request.app.state.wake()

    def frame(self, section: str = "") -> dict[str, Any]:
        """What every template is given."""
        url = self.request.url
        here = url.path if self.request.method == "GET" else "/"
        nav = entries(self.viewer.abilities, paths=self.paths) if self.viewer is not None else ()
        page = PageFrame(
            here=here, look=self.look, viewer=self.viewer, section=section,
            name=self.signed.name if self.signed is not None else "", mark=self.mark,
            writer=signed(self.mark, self.viewer.label if self.viewer is not None else ""),
            posts=tuple(post.id for post in self.own_posts), nav=nav, tabs=tabs(nav),
            lets_time_pass=self.signed is not None and self.request.app.state.fast_forward is not None,
        )  # fmt: skip
        return {"page": page, "words": self.words}


def sanlian_of(request: Request) -> Sanlian:
    """Return the deployment this application serves."""
    served: Sanlian = request.app.state.sanlian
    return served


def look_of(request: Request) -> Look:
    """Return how this browser wants pages to look."""
    theme, size = request.cookies.get(THEME_COOKIE, ""), request.cookies.get(SIZE_COOKIE, "")
    return Look(theme=theme if theme in THEMES else "", size=size if size in SIZES else "")


def asked_by_anybody(request: Request) -> Asked:
    """Read clock, world and who signed in, if somebody did, once for the whole request."""
    found = asked_with(request, lambda tx, now: find(tx, token_of(request), now=now))
    if found.signed is not None:
        note_use(found.sanlian.uow, found.signed, now=found.now)
    return found


def asked_with(request: Request, signed_in: Callable[[Any, datetime], SignedIn | None]) -> Asked:
    """Read clock and world once for the whole request, with who *signed_in* finds in the transaction."""
    sanlian = sanlian_of(request)
    now = sanlian.clock.now()
    with sanlian.uow.read() as tx:
        world = sanlian.door.shelf.world_or_empty(tx)
        digests = tx.remembered("current flows", make=tx.workflows.current_digests)
        flows = tuple(sanlian.door.shelf.workflow(tx, digests[name]) for name in sorted(digests))
        signed = signed_in(tx, now)
    viewer = viewer_of(signed, organisation=world.organisation, flows=flows, now=now)
    found = Asked(
        request=request, sanlian=sanlian, now=now, world=world, flows=flows, viewer=viewer, look=look_of(request),
        signed=signed,
    )  # fmt: skip
    request.state.asked = found
    return found


def asked(request: Request) -> Asked:
    """
    Do the same for somebody who must have signed in.

    Raises:
        NotSignedIn: nobody has.
        PasswordChangeNeeded: with a one-time password, which opens nothing else.
    """
    found = asked_by_anybody(request)
    if found.require_signed().must_change:
        raise PasswordChangeNeeded()
    return found


def viewer_of(
    signed: SignedIn | None, *, organisation: Organisation, flows: tuple[Workflow, ...], now: datetime
) -> Viewer | None:
    """Return what who signed in acts as: an office, a post, or nobody without either."""
    if signed is None:
        return None
    post = acting_post(signed, organisation, now=now)
    if post is not None:
        return as_viewer(post, organisation=organisation, flows=flows)
    actor = actor_of(signed, organisation, now=now)
    if actor is None:
        return None
    office = office_of(actor.role)
    label = office.label if office is not None else actor.role
    return Viewer(id=actor.post, label=label, actor=actor, abilities=abilities_of(actor.role, flows))


def as_viewer(post: Post, *, organisation: Organisation, flows: tuple[Workflow, ...]) -> Viewer:
    """Return *post* with its words."""
    flow = next((one for one in flows if post.role in one.roles), None)
    label = post_name(post, workflow=flow, organisation=organisation) if flow is not None else post.id
    if post.role == SUPERVISOR:
        label = _SUPERVISOR_LABEL
    return Viewer(
        id=post.id,
        label=label,
        actor=Actor(post=post.id, role=post.role, unit=post.unit, person=post.person),
        abilities=abilities_of(post.role, flows),
    )


async def posted(request: Request) -> FormData:
    """Read the form that was posted (the framework reads bodies asynchronously)."""
    try:
        form = await request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=MAX_TEXT_BYTES)
    except HTTPException as error:  # too many fields or files, one too long, or no form at all
        expected = f"每一栏 {LARGEST_FILE_BYTES // 1024} KiB 以内的文字，最多 {MAX_FILES} 个文件。请按「返回」改短再交"
        raise BadText(where="表单", found="太长、太多或不完整的内容", expected=expected) from error
    request.state.posted = form  # a page that has to say no shows what was written
    return form


def local_path(wanted: object) -> str:
    """Return *wanted* if it is a path of ours, else the first page."""
    path = wanted if isinstance(wanted, str) else ""
    if not path.startswith("/") or path.startswith("//") or "\\" in path:
        return "/"
    return quote(path, safe="/?&=%-_.~#")


AskedNow = Annotated[Asked, Depends(asked)]
AskedByAnybody = Annotated[Asked, Depends(asked_by_anybody)]
PostedByAnybody = Annotated[FormData, Depends(posted)]


def posted_by_writer(asked: AskedNow, posted: PostedByAnybody) -> FormData:
    """
    Return the form that was posted, once sure that who signed in has written it, with the post of now.

    A page may stand open while somebody else signs in, in another tab or on its way through the page of signing in.

    Raises:
        WrittenByAnother: it was written by somebody else.
        PostChanged: with another post.
    """
    for said in (posted.get(FIELD), asked.request.headers.get(HEADER)):
        if isinstance(said, str) and read_signed(said)[0] != asked.mark:
            raise _not_the_writer(asked, *read_signed(said))
    return posted


def _not_the_writer(asked: Asked, mark: str, post_said: str) -> SanlianError:
    present = asked.viewer.label if asked.viewer is not None else ""
    if not is_same_person(mark, asked.mark):
        writer = f"{present}的另一位" if post_said == present != "" else post_said or "别人"
        name = asked.require_signed().name
        return WrittenByAnother(writer=writer, signed=f"{present}（{name}）" if present else name)
    own_ones = (one for one in asked.world.organisation.posts.values() if one.person == asked.require_signed().person)
    post = post_marked(mark, asked.sanlian.uow.district, posts=own_ones)
    before = as_viewer(post, organisation=asked.world.organisation, flows=asked.flows).label if post is not None else ""
    if post is None or post.is_held(asked.now):
        return PostChanged(before=before or "另一个岗位", present=present or "没有岗位")
    own = f"您现在用的是「{present}」：归它办的，用它重新填。" if present else "您现在没有别的岗位。"
    return PostEnded(before=before, advice=f"{own}要接着办，问督导员；要加岗位，找安全管理员。")


Posted = Annotated[FormData, Depends(posted_by_writer)]
# For a form of which nothing else is read.
BY_WRITER = (Depends(posted_by_writer),)
