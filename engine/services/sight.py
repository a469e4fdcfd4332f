"""
Who may see which matter, and who may ask who reported it: what a role covers, at the unit of its post.

Places are seen with all that lies below them; a task with its demand, by whoever sees the demand. A department sees
the tasks it was given and the demands they belong to, a resident the demands they reported, an auditor everything
and nobody's name. The two administrators see no matter at all.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from engine.core.abilities import abilities_of, cover_of, office_of
from engine.core.matter import Actor, Matter
from engine.core.scope import Organisation, World
from engine.core.terms import Ability, Covers, Office, UnitKind
from engine.core.workflow.declaration import Workflow
from engine.errors import NotFound
from engine.store.listing import Listing, Wanted
from engine.store.scope import Scope
from engine.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody may see; `scope` None is everything. `knows_people` lets them ask who reported what they see."""

    scope: Scope | None
    knows_people: bool = False

    @property
    def sees_masks(self) -> bool:
        """Whether 张** and 138****0000 are shown: to those who may ask for the whole, and to an auditor."""
        return self.knows_people or self.scope is None

    def narrow(self, wanted: Wanted) -> Wanted:
        """Return *wanted* without the rows that may not be seen."""
        return replace(wanted, scope=self.scope)

    def sees(self, tx: Transaction, matter: Matter) -> bool:
        """Whether *matter* may be seen."""
        return matter.id in self.among(tx, (matter.id,))

    def among(self, tx: Transaction, ids: Collection[str]) -> frozenset[str]:
        """Return those of *ids* that are matters which may be seen."""
        if self.scope is None or not ids:
            return frozenset(ids)
        scope, listing = self.scope, Listing(tx.connection, tx.district)
        if len(ids) > 1:
            return listing.in_scope(ids, scope)
        return tx.remembered("in sight", scope, *ids, make=lambda: listing.in_scope(ids, scope))

    def must_see(self, tx: Transaction, matter: Matter, *, asked: str) -> None:
        """
        Make sure that *matter*, asked for as *asked*, may be seen.

        Raises:
            NotFound: it may not; worded as if there were none.
        """
        if not self.sees(tx, matter):
            raise no_such_matter(asked)


NOTHING = Sight(scope=Scope())
EVERYTHING_MASKED = Sight(scope=None)


def no_such_matter(asked: str) -> NotFound:
    """Return the one answer to a matter that is not there and to one that is somebody else's."""
    return NotFound(what="编号", found=asked[:40])


def sight_of(actor: Actor | None, *, world: World, flows: Iterable[Workflow], now: datetime | None = None) -> Sight:
    """
    Return what *actor* may see by role and unit of the post; nobody sees nothing.

    With *now*, who acts for somebody away then sees the places of that post too.
    """
    if actor is None:
        return NOTHING
    office = office_of(actor.role)
    if office is not None:
        return EVERYTHING_MASKED if office is Office.AUDITOR else NOTHING
    declared = tuple(flows)
    cover = cover_of(actor.role, declared)
    if cover is None:
        return NOTHING
    knows_people = Ability.IDENTITY in abilities_of(actor.role, declared)
    scope = _scope(cover, actor, world.organisation)
    if scope is not None and scope.places and now is not None:
        scope = _with_absent(scope, actor, organisation=world.organisation, flows=declared, now=now)
    return Sight(scope=scope, knows_people=knows_people)


def sight_in(
    tx: Transaction,
    actor: Actor | None,
    *,
    world: World,
    flow_of: Callable[[str], Workflow],
    now: datetime | None = None,
) -> Sight:
    """Return the same by the flows that are now in force."""
    digests = tx.remembered("current flows", make=tx.workflows.current_digests).values()
    return sight_of(actor, world=world, flows=[flow_of(digest) for digest in digests], now=now)


def _with_absent(
    scope: Scope, actor: Actor, *, organisation: Organisation, flows: Iterable[Workflow], now: datetime
) -> Scope:
    places = set(scope.places)
    for post in organisation.absent_behind(actor.post, now):
        cover = cover_of(post.role, flows)
        if post.unit is not None and cover not in (None, Covers.OWN, Covers.DEPARTMENT):
            places |= places_below(organisation, post.unit)
    return replace(scope, places=frozenset(places))


def _scope(cover: Covers, actor: Actor, organisation: Organisation) -> Scope | None:
    if cover is Covers.OWN:
        return Scope(person=actor.person)
    if actor.unit is None:
        return Scope()
    if cover is Covers.DEPARTMENT:
        return Scope(department=actor.unit)
    places = places_below(organisation, actor.unit)
    # Named one by one, the places of a whole district only keep the database from reading its lists in order.
    return None if places >= _every_place(organisation) else Scope(places=places)


@lru_cache(maxsize=256)
def places_below(organisation: Organisation, unit: str) -> frozenset[str]:
    """Return *unit* and every unit below it."""
    return frozenset(one for one in organisation.units if unit in organisation.ancestors(one))


@lru_cache(maxsize=8)
def _every_place(organisation: Organisation) -> frozenset[str]:
    kinds = organisation.units.values()
    return frozenset(unit.id for unit in kinds if unit.kind != UnitKind.DEPARTMENT)
