"""
What a told text looks like: categories by the words that match, and demands told before that are alike.

Plain counting, no model: a person sees which words matched, and nothing is chosen without a press.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import msgspec
from rapidfuzz import fuzz

from engine.core.matter import Matter
from engine.core.scope import World
from engine.core.terms import MatterKind, UnitKind
from engine.core.workflow.catalogue import Catalogue, Category, read_catalogue
from engine.core.workflow.declaration import Workflow
from engine.services.look_up import Beside
from engine.services.naming import place_name, title_of
from engine.services.sight import Sight, places_below
from engine.services.worklist import ERASED_DETAIL, FlowOf, details_of
from engine.store.listing import Listing, Wanted
from engine.store.unit_of_work import Transaction
from engine.store.vault import grams_of

MOST_SUGGESTED = 4
MOST_ALIKE = 3
ALIKE_DAYS = 30
MOST_COMPARED = 300
LEAST_ALIKE = 45
SAME_CATEGORY = 10
SAME_PLACE = 10
_NAME_GRAM = 1
_WORD = 3
LEAST_SCORE = 2
SURE_SCORE = 6


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A category the text looks like, with the words that matched and the kind it proposes."""

    category: str
    label: str
    kind: str
    score: int
    matched: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alike:
    """A demand told before that is alike: `percent` says how much."""

    ref: str
    title: str
    place: str
    state: str
    filed: datetime
    is_open: bool
    percent: int


def catalogue_of(tx: Transaction, workflow: Workflow) -> Catalogue | None:
    """Return the catalogue that the categories of *workflow* were published with."""
    version = tx.workflows.get(workflow.digest)
    if version is None:
        return None
    kept = msgspec.json.decode(version.beside, type=Beside).catalogues
    read = (_read(one.text, one.file) for one in kept)
    return next((one for one in read if one is not None and one.id == "categories"), None)


@lru_cache(maxsize=8)
def _read(text: str, file: str) -> Catalogue | None:
    return read_catalogue(text, file)[0]


def suggest(text: str, catalogue: Catalogue) -> tuple[Suggestion, ...]:
    """Return the categories *text* looks like, the best first; none where no word matches."""
    plain = text.casefold()
    grams = grams_of(text)
    found = [_score(plain, grams, one) for one in catalogue.entries.values()]
    # Among equals the one declared first, which `sorted` keeps.
    ranked = sorted((one for one in found if one.score >= LEAST_SCORE), key=lambda one: -one.score)
    return tuple(ranked[:MOST_SUGGESTED])


def _score(plain: str, grams: frozenset[str], category: Category) -> Suggestion:
    words = [word for word in category.words if word.casefold() in plain]
    # A word inside another that matched says nothing more.
    words = [word for word in words if not any(word != other and word in other for other in words)]
    name = sorted(grams & grams_of(category.label.zh))
    score = sum(_WORD * len(word) for word in words) + _NAME_GRAM * len(name)
    if category.label.zh.casefold() in plain:
        score += _WORD * len(category.label.zh)
    matched = tuple(words) or tuple(name)
    return Suggestion(category.id, category.label.zh, category.kind, score, matched)


@dataclass(frozen=True, slots=True)
class Told:
    """A text that is about to be filed: where, and of which category, empty where it is not known."""

    text: str
    place: str
    category: str = ""


def alike(
    tx: Transaction, told: Told, *, sight: Sight, world: World, flow_of: FlowOf, now: datetime
) -> tuple[Alike, ...]:
    """Return demands of the same community and of the last days that are alike, as far as *sight* lets them be seen."""
    organisation = world.organisation
    community = organisation.unit_above(told.place, UnitKind.COMMUNITY.value) or told.place
    wanted = Wanted(
        kinds=(MatterKind.DEMAND.value,),
        ended=None,
        places=places_below(organisation, community),
        filed_in=(now - timedelta(days=ALIKE_DAYS), now + timedelta(days=1)),
    )
    matters = Listing(tx.connection, tx.district).page(sight.narrow(wanted), after=None, limit=MOST_COMPARED)
    texts = {one: text for one, text in details_of(tx, matters).items() if text != ERASED_DETAIL}
    percents = {one.id: _likeness(told, texts[one.id], one) for one in matters if one.id in texts}
    near = sorted((one for one in matters if percents.get(one.id, 0) >= LEAST_ALIKE), key=lambda one: -percents[one.id])
    shown = near[:MOST_ALIKE]
    numbers = tx.demands.get_many([one.id for one in shown])
    return tuple(
        Alike(
            ref=numbers[one.id].number,
            title=title_of(texts[one.id], one, workflow=flow_of(one.digest), world=world),
            place=place_name(one.place, organisation),
            state=flow_of(one.digest).states[one.state].label.zh,
            filed=one.filed,
            is_open=one.is_open,
            percent=percents[one.id],
        )
        for one in shown
    )


def _likeness(told: Told, text: str, matter: Matter) -> int:
    """How much two texts have in common, in percent: pairs of characters, letters in order, place and category."""
    mine, theirs = grams_of(told.text), grams_of(text)
    if not mine or not theirs:
        return 0
    shared = 200 * len(mine & theirs) // (len(mine) + len(theirs))
    if not shared:
        return 0
    in_order = int(fuzz.ratio(told.text, text))
    same_place = SAME_PLACE if matter.place == told.place else 0
    same_category = SAME_CATEGORY if told.category and matter.fields.get("category") == told.category else 0
    return min(100, max(shared, in_order) + same_place + same_category)
