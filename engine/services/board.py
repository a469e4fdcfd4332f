"""The supervisor's board: counts by level and unit, what goes up by itself today, and three lanes of what is next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from engine.core.terms import MatterKind
from engine.services.daily_sheet import Number, rows_below
from engine.services.escalating import escalating, seen_of
from engine.services.figures import ABOVE, Frame, Pick, wanted_of
from engine.services.naming import LevelMark, level_mark, unit_name
from engine.services.open_tally import may_be_tallied, tally_open
from engine.services.remember import Same, soonest
from engine.services.worklist import Row, listed, rows_from
from engine.store.listing import Listing, Wanted
from engine.store.remembered import Lasting
from engine.store.turning_points import TurningPoints
from engine.store.unit_of_work import Transaction

LANE_ROWS = 8
MOST_MOMENTS = 2
_WARM = (1, 3, 6)

Tally = Mapping[tuple[str | None, ...], int]
_LANE_PARTS = ("open", "late", "due_today_demands")
_PARTS = (*_LANE_PARTS, "supervised", "listed")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the heat table: its figure, and how warm it is (0 to 3)."""

    number: Number
    warmth: int


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A unit's row of the heat table."""

    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class LoadRow:
    """What lies with one grid; `percent` of the busiest, for the bar. Busy or not, no order of merit."""

    label: str
    open: Number
    today: Number
    late: Number
    percent: int


@dataclass(frozen=True, slots=True)
class Lane:
    """A level: its counts and what is due next in it."""

    level: LevelMark
    open: Number
    late: Number
    today: Number
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """When something goes up by itself, and how many."""

    at: datetime
    number: Number


@dataclass(frozen=True, slots=True)
class Board:
    """Everything beside the table."""

    open: Number
    late: Number
    today: Number
    supervised: Number
    listed: Number
    above: Number
    moments: tuple[Moment, ...]
    moments_more: int
    levels: tuple[LevelMark, ...]
    heat: tuple[HeatRow, ...]
    load: tuple[LoadRow, ...]


def levels_of(frame: Frame) -> tuple[LevelMark, ...]:
    """Return the levels of the flows that demands go through."""
    demands = [flow for flow in frame.flows if flow.matter == MatterKind.DEMAND and flow.levels]
    marks = (level_mark(flow, name) for flow in demands[:1] for name in flow.levels)
    return tuple(mark for mark in marks if mark is not None)


def board_of(tx: Transaction, frame: Frame) -> Board:
    """Return what stands beside the board's table: the open demands, read once, give all its counts."""

    def count() -> Lasting:
        turning = TurningPoints(tx.connection, tx.district)
        until = soonest(turning.due(frame.now), turning.fire(frame.now))
        return Lasting(_board_of(tx, frame), until=until)

    key = ("board", frame.sight, frame.home, frame.rest[1], *_made_of(frame))
    board: Board = tx.remembered_while(*key, now=frame.now, make=count)
    return board


def _made_of(frame: Frame) -> tuple[Same, ...]:
    """The units and flows of a request, which were read a moment before the data it counts."""
    return (Same(frame.world), *(Same(flow) for flow in frame.flows))


def _board_of(tx: Transaction, frame: Frame) -> Board:
    tallies = _tallies(tx, frame)
    going_up = _moments(tx, frame)
    levels = levels_of(frame)
    return Board(
        open=_sum(tallies, "open"), late=_sum(tallies, "late"), today=_sum(tallies, "due_today_demands"),
        supervised=_sum(tallies, "supervised"), listed=_sum(tallies, "listed"),
        above=Number("open", sum(n for (_, level), n in tallies["open"].items() if level is None), Pick(level=ABOVE)),
        moments=going_up[:MOST_MOMENTS],
        moments_more=sum(one.number.count for one in going_up[MOST_MOMENTS:]), levels=levels,
        heat=_heat(tallies["late"], frame, levels), load=_load(tallies, frame, levels),
    )  # fmt: skip


def _tallies(tx: Transaction, frame: Frame) -> dict[str, Tally]:
    """
    Count by place and level, what may not be seen left out afterwards.

    Asked for place by place the database opens every row; counting all of them reads an index alone.
    """
    parts = [wanted_of(tx, name, frame) for name in _PARTS]
    scope = parts[0].scope
    by_place = scope is not None and bool(scope.places)
    seen: Mapping[tuple[str | None, ...], tuple[int, ...]]
    if may_be_tallied(tx, parts[0]):
        seen = tally_open(tx, parts, now=frame.now)
    else:
        if by_place:
            parts = [replace(part, scope=None) for part in parts]
        found = Listing(tx.connection, tx.district).tallies(parts[0], parts, "place", "level")
        seen = {key: counts for key, counts in found.items() if scope is None or not by_place or key[0] in scope.places}
    return {
        name: {key: counts[number] for key, counts in seen.items() if counts[number]}
        for number, name in enumerate(_PARTS)
    }


def _sum(tallies: Mapping[str, Tally], name: str) -> Number:
    return Number(name, sum(tallies[name].values()))


def _moments(tx: Transaction, frame: Frame) -> tuple[Moment, ...]:
    found = escalating(tx, flow_of=frame.flow_of, now=frame.now, until=frame.rest[1])
    counts: dict[datetime, int] = {}
    for one in seen_of(tx, found, frame.sight):
        counts[one.at] = counts.get(one.at, 0) + 1
    return tuple(Moment(at, Number("escalating", counts[at], Pick(at=at))) for at in sorted(counts))


def _heat(late: Tally, frame: Frame, levels: Sequence[LevelMark]) -> tuple[HeatRow, ...]:
    columns = (*(level.id for level in levels), ABOVE)
    cells: dict[tuple[str, str], int] = {}
    below = rows_below(frame.home, frame.organisation)
    for (place, level), count in late.items():
        row = _row_of(str(place), below, frame)
        if row is not None:
            cells[row, level or ABOVE] = cells.get((row, level or ABOVE), 0) + count
    return tuple(
        HeatRow(
            unit_name(row, frame.organisation),
            tuple(_cell(cells.get((row, column), 0), Pick(unit=row, level=column)) for column in columns),
        )
        for row in below
    )


def _cell(count: int, pick: Pick) -> Cell:
    return Cell(Number("late", count, pick), sum(count >= edge for edge in _WARM))


def _row_of(place: str, rows: Sequence[str], frame: Frame) -> str | None:
    return next((one for one in frame.organisation.ancestors(place) if one in rows), None)


def _load(tallies: Mapping[str, Tally], frame: Frame, levels: Sequence[LevelMark]) -> tuple[LoadRow, ...]:
    """What lies with each grid: the demands of its places on the lowest level, in the order of the units."""
    lowest = min(levels, key=lambda level: level.order, default=None)
    if lowest is None:
        return ()
    grids = tuple(grid for row in rows_below(None, frame.organisation) for grid in rows_below(row, frame.organisation))
    if frame.home is not None:
        grids = rows_below(frame.home, frame.organisation)
    counts = {name: _by_grid(tally, grids, frame, level=lowest.id) for name, tally in tallies.items()}
    most = max(counts["open"].values(), default=0)

    def number(name: str, grid: str) -> Number:
        return Number(name, counts[name].get(grid, 0), Pick(unit=grid, level=lowest.id))

    return tuple(
        LoadRow(
            label=unit_name(grid, frame.organisation),
            open=number("open", grid),
            today=number("due_today_demands", grid),
            late=number("late", grid),
            percent=counts["open"].get(grid, 0) * 100 // most if most else 0,
        )
        for grid in grids
    )


def _by_grid(tally: Tally, grids: Sequence[str], frame: Frame, *, level: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for (place, of), count in tally.items():
        grid = _row_of(str(place), grids, frame) if of == level else None
        if grid is not None:
            found[grid] = found.get(grid, 0) + count
    return found


def lanes_of(tx: Transaction, frame: Frame, *, unit: str) -> tuple[Lane, ...]:
    """Return the three lanes, each with what is due next, cut down to *unit*."""
    return tuple(_lane(tx, frame, level, Pick(unit=unit, level=level.id)) for level in levels_of(frame))


def _lane(tx: Transaction, frame: Frame, level: LevelMark, pick: Pick) -> Lane:
    def count() -> Lasting:
        parts = [wanted_of(tx, name, frame, pick) for name in _LANE_PARTS]
        return Lasting(_counts(tx, parts, frame, pick), until=TurningPoints(tx.connection, tx.district).due(frame.now))

    key = ("lane", frame.sight, pick, frame.rest[1], *_made_of(frame))
    counted = tx.remembered_while(*key, now=frame.now, make=count)
    counts = {name: Number(name, number, pick) for name, number in zip(_LANE_PARTS, counted, strict=True)}
    found = listed(tx, wanted_of(tx, "open", frame, pick), after=None, limit=LANE_ROWS)
    return Lane(
        level=level, open=counts["open"], late=counts["late"], today=counts["due_today_demands"],
        rows=rows_from(found, world=frame.world, flow_of=frame.flow_of, now=frame.now),
    )  # fmt: skip


def _counts(tx: Transaction, parts: Sequence[Wanted], frame: Frame, pick: Pick) -> tuple[int, ...]:
    """How many of each of *parts*, which are cut down to *pick*: a level, and a unit or none."""
    if not may_be_tallied(tx, parts[0]):
        return Listing(tx.connection, tx.district).counts(parts[0], parts)
    tallies, places = _tallies(tx, frame), parts[0].places
    return tuple(
        sum(
            count
            for (place, level), count in tallies[name].items()
            if level == pick.level and (places is None or place in places)
        )
        for name in _LANE_PARTS
    )
