"""
The daily sheet (今日调度单): one page for the morning, every figure with the list behind it.

What stands now (late, due today, stuck) is said of today only; a sheet of a past day has what that day's stretches of
time still tell.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from engine.core.history import read_event
from engine.core.matter import Holder, Matter
from engine.core.scope import Organisation
from engine.core.terms import UnitKind
from engine.services.figures import AGAIN_TIMES, RATES, WHOLE, Frame, Pick, rated_counts, wanted_of
from engine.services.naming import holder_name, place_name, unit_name
from engine.services.say_erased import is_erasure
from engine.services.timeline import entries
from engine.services.worklist import Row, rows_of, secret_value
from engine.store.listing import Listing
from engine.store.unit_of_work import Transaction

MOST_POSTS, MOST_STUCK, MOST_RETURNED, MOST_AGAIN = 8, 6, 3, 3
MOST_EXTRACT = 28
_COLUMNS = ("in", "in_today", "closed", "closed_today")
_OF_POSTS = ("due_today", "late_posts")
_COLUMNS_NOW = (*_COLUMNS, "late", "due_today_demands")


@dataclass(frozen=True, slots=True)
class Number:
    """A figure as it stands on the page: how many, and which part of which figure it is."""

    name: str
    count: int
    pick: Pick = WHOLE


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table: its words and its figures."""

    label: str
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Stuck:
    """A matter that lies somewhere, how many whole days, and the last word of a person."""

    row: Row
    days: int
    last_who: str
    last_what: str
    extract: str


@dataclass(frozen=True, slots=True)
class Returned:
    """A task that a unit sent back."""

    row: Row
    unit: str


@dataclass(frozen=True, slots=True)
class Again:
    """The same thing at the same place, again and again."""

    place: str
    category: str
    number: Number


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate with both of its counts."""

    label: str
    over: Number
    under: Number

    @property
    def percent(self) -> str:
        """The rate in words, to one place; without a denominator there is none."""
        return f"{self.over.count / self.under.count:.1%}" if self.under.count else "—"


@dataclass(frozen=True, slots=True)
class DigestLine:
    """The digest of the day before, if it has one."""

    day: date
    hash: str
    chains: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole page; `more` says how many further rows each capped table has."""

    frame: Frame
    unit: str
    is_today: bool
    columns: tuple[str, ...]
    units: tuple[Line, ...]
    total: Line
    posts: tuple[Line, ...]
    posts_total: tuple[Number, ...]
    stuck: tuple[Stuck, ...]
    stuck_total: Number
    returned: tuple[Returned, ...]
    returned_total: Number
    again: tuple[Again, ...]
    again_more: int
    posts_more: int
    rates: tuple[Rate, ...]
    digest_day: date
    digest: DigestLine | None


def daily_sheet(tx: Transaction, frame: Frame, *, with_texts: bool, categories: Mapping[str, str]) -> Sheet:
    """
    Return the sheet of the frame's day.

    Args:
        with_texts: whether an extract of what was noted may be shown.
        categories: the words of the categories.
    """
    is_today = frame.day == frame.now.astimezone(frame.zone).date()
    columns = _COLUMNS_NOW if is_today else _COLUMNS
    unit = frame.home
    lines, total = _by_unit(tx, frame, unit=unit, columns=columns)
    posts, posts_total = _by_post(tx, frame) if is_today else ((), ())
    stuck_total = _number(tx, frame, "stuck") if is_today else Number("stuck", 0)
    returned_total = _number(tx, frame, "returned")
    again = _again(tx, frame, categories)
    digest_day = frame.day - timedelta(days=1)
    return Sheet(
        frame=frame, unit=unit_name(unit, frame.organisation) if unit else _street_name(frame.organisation),
        is_today=is_today, columns=columns, units=lines, total=total, posts=posts[:MOST_POSTS],
        posts_total=posts_total,
        posts_more=max(0, len(posts) - MOST_POSTS),
        stuck=_stuck(tx, frame, with_texts=with_texts) if is_today else (), stuck_total=stuck_total,
        returned=_returned(tx, frame), returned_total=returned_total, again=again[:MOST_AGAIN],
        again_more=max(0, len(again) - MOST_AGAIN), rates=_rates(tx, frame) if is_today else (),
        digest_day=digest_day, digest=_digest(tx, digest_day),
    )  # fmt: skip


def _street_name(organisation: Organisation) -> str:
    return next((unit.name for unit in organisation.units.values() if unit.kind == UnitKind.STREET), "全街道")


def _number(tx: Transaction, frame: Frame, name: str, pick: Pick = WHOLE) -> Number:
    return Number(name, Listing(tx.connection, tx.district).count(wanted_of(tx, name, frame, pick)), pick)


def rows_below(unit: str | None, organisation: Organisation) -> tuple[str, ...]:
    """Return the units that get a row: the communities of a street, the grids of a community."""
    if unit is None:
        kinds = (UnitKind.COMMUNITY.value, UnitKind.VILLAGE.value)
        return tuple(one.id for one in organisation.units.values() if one.kind in kinds)
    return tuple(
        one.id for one in organisation.units.values() if one.kind == UnitKind.GRID and one.id != unit
        and unit in organisation.ancestors(one.id)
    )  # fmt: skip


def _by_unit(
    tx: Transaction, frame: Frame, *, unit: str | None, columns: Sequence[str]
) -> tuple[tuple[Line, ...], Line]:
    """Rows by unit; whatever happened at no row's place is only in the total, which has its own list."""
    listing = Listing(tx.connection, tx.district)
    below = rows_below(unit, frame.organisation)
    folded: dict[str, dict[str, int]] = {}
    totals: dict[str, int] = {}
    for name in columns:
        tally = listing.tally(wanted_of(tx, name, frame), "place")
        totals[name] = sum(tally.values())
        folded[name] = fold({str(place): count for (place,), count in tally.items()}, below, frame.organisation)
    lines = tuple(
        Line(
            unit_name(row, frame.organisation),
            tuple(Number(name, folded[name].get(row, 0), Pick(unit=row)) for name in columns),
        )
        for row in below
    )
    return lines, Line("合计", tuple(Number(name, totals[name]) for name in columns))


def fold(by_place: Mapping[str, int], rows: Sequence[str], organisation: Organisation) -> dict[str, int]:
    """Add counts by place up to the nearest of *rows* at or above each."""
    known, folded = frozenset(rows), dict[str, int]()
    for place, count in by_place.items():
        row = next((one for one in organisation.ancestors(place) if one in known), None)
        if row is not None:
            folded[row] = folded.get(row, 0) + count
    return folded


def _by_post(tx: Transaction, frame: Frame) -> tuple[tuple[Line, ...], tuple[Number, ...]]:
    """Desks with something due today or late, most first; and the figures of all, those of no desk too."""
    listing = Listing(tx.connection, tx.district)
    found: dict[tuple[str, str], dict[str, int]] = {}
    totals: list[Number] = []
    for name in _OF_POSTS:
        tally = listing.tally(wanted_of(tx, name, frame), "holder_unit", "holder_role")
        totals.append(Number(name, sum(tally.values())))
        for (unit, role), count in tally.items():
            if unit is not None and role is not None:
                found.setdefault((unit, role), {})[name] = count
    ordered = sorted(found.items(), key=lambda one: (-one[1].get("due_today", 0), -one[1].get("late_posts", 0), one[0]))
    lines = tuple(
        Line(
            _desk(unit, role, frame),
            tuple(Number(name, counts.get(name, 0), Pick(unit=unit, role=role)) for name in _OF_POSTS),
        )
        for (unit, role), counts in ordered
    )
    return lines, tuple(totals)


def _desk(unit: str, role: str, frame: Frame) -> str:
    flow = next((one for one in frame.flows if role in one.roles), None)
    if flow is None:
        return f"{unit_name(unit, frame.organisation)} {role}"
    return holder_name(Holder(role=role, unit=unit), workflow=flow, organisation=frame.organisation)


def _shown(tx: Transaction, frame: Frame, name: str, *, most: int) -> tuple[tuple[Matter, ...], tuple[Row, ...]]:
    found = Listing(tx.connection, tx.district).page(wanted_of(tx, name, frame), after=None, limit=most)
    return found, rows_of(tx, found, world=frame.world, flow_of=frame.flow_of, now=frame.now)


def _stuck(tx: Transaction, frame: Frame, *, with_texts: bool) -> tuple[Stuck, ...]:
    found, rows = _shown(tx, frame, "stuck", most=MOST_STUCK)
    today = frame.now.astimezone(frame.zone).date()
    days: Callable[[datetime], int] = lambda at: (today - at.astimezone(frame.zone).date()).days  # noqa: E731 (one line)
    return tuple(
        Stuck(row, days(matter.entered), *last_word(tx, matter, frame, with_texts=with_texts))
        for matter, row in zip(found, rows, strict=True)
    )


def last_word(tx: Transaction, matter: Matter, frame: Frame, *, with_texts: bool) -> tuple[str, str, str]:
    """Return who last did what to *matter*, and the beginning of what they wrote."""
    events = [read_event(record.body) for record in tx.events.of(matter.id)]
    refs = {ref for event in events for ref in event.private} if with_texts else set()
    private = {
        ref: None if secret.restricted else secret_value(secret.value)
        for ref, secret in tx.vault.get_many(refs).items()
    }
    said = entries(
        events, workflow=frame.flow_of(matter.digest), world=frame.world, private=private, catalogue={}
    )  # fmt: skip
    # An erasure is no word about the matter.
    last = next(
        (one for one, event in zip(said, reversed(events), strict=True) if not (one.is_rule or is_erasure(event))), None
    )
    if last is None or last is said[-1]:
        return "派单以后没有人动过" if matter.parent is not None else "立案以后没有人动过", "", ""
    text = last.said[0].text.replace("\n", " ") if last.said and with_texts else ""
    return last.who, last.what, text if len(text) <= MOST_EXTRACT else f"{text[:MOST_EXTRACT]}…"


def _returned(tx: Transaction, frame: Frame) -> tuple[Returned, ...]:
    found, rows = _shown(tx, frame, "returned", most=MOST_RETURNED)
    return tuple(
        Returned(row, unit_name(matter.department, frame.organisation))
        for matter, row in zip(found, rows, strict=True)
    )  # fmt: skip


def _again(tx: Transaction, frame: Frame, categories: Mapping[str, str]) -> tuple[Again, ...]:
    tally = Listing(tx.connection, tx.district).tally_by_category(wanted_of(tx, "again", frame))
    often = sorted(((count, *key) for key, count in tally.items() if count >= AGAIN_TIMES), reverse=True)
    return tuple(
        Again(
            place_name(place, frame.organisation),
            categories.get(category, category),
            Number("again", count, Pick(unit=place, category=category)),
        )
        for count, place, category in often
    )


def _rates(tx: Transaction, frame: Frame) -> tuple[Rate, ...]:
    known = rated_counts(tx, frame)

    def number(name: str) -> Number:
        return Number(name, known[name]) if name in known else _number(tx, frame, name)

    return tuple(Rate(label, number(over), number(under)) for label, over, under in RATES)


def _digest(tx: Transaction, day: date) -> DigestLine | None:
    kept = tx.digests.get(day.isoformat())
    return DigestLine(day, kept.hash.hex(), kept.count) if kept is not None else None
