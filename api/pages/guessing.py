"""What a text being written looks like: its category, the way to handle it, its place, and what was told before."""

from dataclasses import dataclass, replace

from api.dependencies import Asked
from api.pages.forms import Choices, Field, Form, Typed
from engine.core.scope import Organisation
from engine.core.workflow.declaration import Workflow
from engine.services.find_place import PlaceFinder
from engine.services.places import buildings_of
from engine.services.suggest import SURE_SCORE, Alike, Suggestion, Told, alike, catalogue_of, suggest

CATEGORY, KIND, DETAIL, PLACE, BUILDING = "category", "kind", "detail", "place", "building"
GUESSED = "guessed-kind"
MOST_BUILDINGS = 80


@dataclass(frozen=True, slots=True)
class Guess:
    """What was guessed; `has_asked` tells whether there was a text to guess from."""

    categories: tuple[Suggestion, ...] = ()
    alike: tuple[Alike, ...] = ()
    has_asked: bool = False
    kind: str = ""

    @property
    def chips(self) -> Choices:
        """The categories as choices."""
        return tuple((one.category, one.label) for one in self.categories)

    @property
    def words(self) -> str:
        """The words of the text that the guess comes from."""
        found = dict.fromkeys(word for one in self.categories[:2] for word in one.matched)
        return "、".join(f"「{word}」" for word in found)


def guess(asked: Asked, typed: Typed, *, flow: Workflow, guessed_kind: str) -> tuple[Guess, Typed]:
    """
    Return what the text typed looks like, and *typed* with what may be proposed filled in.

    What a person has chosen stays; `guessed_kind` is the way to handle it that the page proposed before.
    """
    text = typed.values.get(DETAIL, "")
    if not text.strip():
        return Guess(), typed
    world = asked.world
    with asked.sanlian.uow.read() as tx:
        finder = PlaceFinder(world.organisation, tx.places.buildings(), fallback="")
        catalogue = catalogue_of(tx, flow)
        found = suggest(text, catalogue) if catalogue is not None else ()
        place = typed.values.get(PLACE) or _place_in(text, asked, finder)
        values = dict(typed.values)
        if place:
            values[PLACE] = place
        if CATEGORY not in values and found and found[0].score >= SURE_SCORE:
            values[CATEGORY] = found[0].category
        kind = _kind_of(values.get(CATEGORY, ""), found, catalogue.entries if catalogue is not None else {})
        if kind and (values.get(KIND, "") in ("", guessed_kind)):
            values[KIND] = kind
        near = (
            alike(
                tx, Told(text, place, values.get(CATEGORY, "")),
                sight=asked.sight, world=world,
                flow_of=asked.flows_in(tx), now=asked.now,
            )
            if place
            else ()
        )  # fmt: skip
    return Guess(categories=found, alike=near, has_asked=True, kind=kind), replace(typed, values=values)


def _kind_of(category: str, found: tuple[Suggestion, ...], entries: object) -> str:
    suggested = {one.category: one.kind for one in found}
    if category in suggested:
        return suggested[category]
    known = entries.get(category) if isinstance(entries, dict) else None
    return known.kind if known is not None else ""


def _place_in(text: str, asked: Asked, finder: PlaceFinder) -> str:
    """The grid that *text* names, if it names one for certain and the viewer may report for it."""
    found = finder.find(text)
    return found.unit if found.is_sure and found.unit in grids_of(asked) else ""


def grids_of(asked: Asked) -> tuple[str, ...]:
    """Return the grids the viewer may report for: those of its own unit, all where it covers the street."""
    organisation = asked.world.organisation
    mine = asked.actor.unit if asked.actor is not None else None
    return tuple(
        unit.id
        for unit in organisation.units.values()
        if unit.kind == "grid" and (mine is None or mine in organisation.ancestors(unit.id))
    )


def building_field(asked: Asked, *, form: str) -> Field | None:
    """Return the field that asks for a building of one's own unit, where there are some and not too many."""
    unit = asked.actor.unit if asked.actor is not None else None
    if unit is None:
        return None
    organisation: Organisation = asked.world.organisation
    with asked.sanlian.uow.read() as tx:
        buildings = buildings_of(tx, unit, organisation=organisation)
    if not 0 < len(buildings) <= MOST_BUILDINGS:
        return None
    choices = tuple((one.id, one.name) for one in buildings)
    return Field(
        id=f"{form}-{BUILDING}", name=f"f-{BUILDING}", label="哪栋楼", kind="select", required=False,
        groups=(("", choices),),
    )  # fmt: skip


def with_building(asked: Asked, typed: Typed) -> Typed:
    """Return *typed* with the building in words behind the text, and its grid as the place."""
    chosen = typed.values.get(BUILDING, "")
    values = {name: value for name, value in typed.values.items() if name != BUILDING}
    if chosen:
        with asked.sanlian.uow.read() as tx:
            building = tx.places.building(chosen)
        if building is not None:
            values[PLACE] = building.unit if building.unit in grids_of(asked) else values.get(PLACE, "")
            text = values.get(DETAIL, "")
            values[DETAIL] = text if building.name in text or not text else f"{text}\n地点：{building.name}"
    return replace(typed, values=values)


def proposing(form: Form, found: Guess) -> Form:
    """Return *form* with the guessed categories as chips before the list of all of them."""
    hint = f"按你写的{found.words}猜的，不对就改"
    fields = tuple(
        replace(one, chips=found.chips, hint=hint) if one.name == f"f-{CATEGORY}" and found.chips else one
        for one in form.fields
    )
    return replace(form, fields=fields)
