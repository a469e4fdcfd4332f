"""Children: a state opens matters of other flows, waits until they join, and takes them back when it is left."""

from collections.abc import Iterable, Mapping

from engine.core.clocks import limit_now
from engine.core.command import Cancel, ChildEnded, File, SeatAsked
from engine.core.draft import Draft
from engine.core.facts import target_of
from engine.core.matter import Actor, Matter, SeatTaken
from engine.core.workflow.declaration import Children, ChildRule, State


def problem_with(
    children: Children, asked: Iterable[SeatAsked], *, default_unit: str | None, known: Mapping[str, object]
) -> str | None:
    """Return why these units cannot take the seats, as a sentence, or None."""
    seats = tuple(asked)
    for seat in seats:
        if seat.seat not in children.seats:
            return f"这一步没有「{seat.seat}」这个位置。"
        if seat.unit not in known:
            return f"没有「{seat.unit}」这个单位，请重新选。"
    units = [seat.unit for seat in seats]
    chosen = {seat.seat for seat in seats}
    if default_unit is not None:
        units += [default_unit for name, rule in children.seats.items() if rule.by_category and name not in chosen]
    if len(set(units)) < len(units):
        return "同一个单位只能占一个位置。"
    for name, rule in children.seats.items():
        given = sum(1 for seat in seats if seat.seat == name)
        if given == 0 and rule.by_category and default_unit is not None:
            given = 1
        if given > rule.maximum:
            return f"「{name}」最多 {rule.maximum} 家，现在 {given} 家。"
        if given < rule.minimum and not rule.by_category:
            return f"「{name}」至少要 {rule.minimum} 家，请选单位。"
    return None


def open_all(draft: Draft, state: State, *, asked: Iterable[SeatAsked], actor: Actor) -> None:
    """Open the children that *state* begins with: the units asked, or the one responsible for the category."""
    children = state.children
    if children is None:
        return
    by_seat: dict[str, list[str]] = {}
    for seat in asked:
        by_seat.setdefault(seat.seat, []).append(seat.unit)
    for name, rule in children.seats.items():
        units = by_seat.get(name, [])
        if not units and rule.by_category:
            default = draft.world.organisation.department_for(_category(draft))
            units = [default] if default is not None else []
        for unit in units:
            open_one(draft, rule, unit=unit, actor=actor)
        if len(units) < rule.minimum:
            draft.alarms.append(f"seat_empty:{name}")
            draft.tell(draft.get("holder"), "seat_empty", seat=name)


def miss_seats(draft: Draft, state: State) -> None:
    """Raise an alarm for every seat that is empty because a pause took its unit's task back."""
    for name in empty_seats(draft.matter(), state.children) if state.children is not None else ():
        draft.alarms.append(f"seat_empty:{name}")
        draft.tell(draft.get("holder"), "seat_empty", seat=name)


def _category(draft: Draft) -> str | None:
    category = draft.get("fields").get("category")
    return category if isinstance(category, str) else None


def open_one(draft: Draft, rule: ChildRule, *, unit: str, actor: Actor) -> None:
    """Open one child for *unit* in a seat."""
    number = len(draft.get("seats")) + 1
    child = f"{draft.before.id}.{draft.seq}-{number}"
    limit = limit_now(draft, rule.limit) if rule.limit is not None else None
    draft.opens.append(
        File(
            matter=child, district=draft.get("district"), workflow=rule.workflow, start=rule.start, actor=actor,
            place=draft.get("place"), parent=draft.before.id, root=draft.get("root"), seat=rule.seat, unit=unit,
            given=str(limit) if limit else None, reporter=draft.get("reporter"),
        )
    )  # fmt: skip
    draft.put("seats", child, SeatTaken(seat=rule.seat, unit=unit))


def close_open(draft: Draft) -> None:
    """Take back the children still open because their state is being left."""
    for child, seat in draft.get("seats").items():
        if seat.outcome is None:
            draft.put("seats", child, SeatTaken(seat=seat.seat, unit=seat.unit, outcome="cancelled", void=True))
            draft.follows.append(Cancel(matter=child, parent=draft.before.id))


def record_end(draft: Draft, command: ChildEnded) -> None:
    """Record a child's outcome; a void one leaves its seat empty, with an alarm, for the holder to fill."""
    seat: SeatTaken = draft.get("seats")[command.child]
    children = draft.state.children
    rule = children.seats.get(seat.seat) if children is not None else None
    void = rule is not None and command.outcome in rule.void
    draft.put("seats", command.child, SeatTaken(seat=seat.seat, unit=seat.unit, outcome=command.outcome, void=void))
    draft.set(forms=draft.get("forms") + 1)
    if void:
        draft.alarms.append(f"seat_empty:{seat.seat}")
        draft.tell(draft.get("holder"), "seat_empty", seat=seat.seat)


def way_on(draft: Draft) -> str | None:
    """Return where the children lead on: they have joined, and what `done` requires is filled; else None."""
    declared, matter = draft.state.children, draft.matter()
    if declared is None or declared.done is None or not has_joined(matter, declared):
        return None
    if any(name not in matter.fields and name not in matter.private for name in declared.done_require):
        return None
    return target_of(declared.done, facts=draft.facts(), visited=matter.visited)


def has_joined(matter: Matter, children: Children) -> bool:
    """Whether the children of this visit have joined: `all`, the `lead`, `any` one, or so many."""
    current = {child: seat for child, seat in matter.seats.items() if _opened_in(child, matter) and not seat.void}
    ended = {child: seat for child, seat in current.items() if seat.outcome is not None}
    if children.join == "all":
        return len(ended) == len(current) and not empty_seats(matter, children)
    if children.join == "lead":
        leads = [seat for seat in current.values() if seat.seat == "lead"]
        return bool(leads) and all(seat.outcome is not None for seat in leads)
    wanted = 1 if children.join == "any" else int(children.join)
    return len(ended) >= wanted


def units_here(matter: Matter) -> set[str]:
    """Units that hold a seat of this visit; one whose end did not count may be asked again."""
    return {seat.unit for child, seat in matter.seats.items() if _opened_in(child, matter) and not seat.void}


def empty_seats(matter: Matter, children: Children) -> tuple[str, ...]:
    """Seats of this visit that hold fewer units than the state needs."""
    counts: dict[str, int] = {}
    for child, seat in matter.seats.items():
        if _opened_in(child, matter) and not seat.void:
            counts[seat.seat] = counts.get(seat.seat, 0) + 1
    return tuple(name for name, rule in children.seats.items() if counts.get(name, 0) < rule.minimum)


def free_seats(matter: Matter, children: Children) -> dict[str, int]:
    """How many more units each seat may take."""
    counts: dict[str, int] = {}
    for child, seat in matter.seats.items():
        if _opened_in(child, matter) and not seat.void:
            counts[seat.seat] = counts.get(seat.seat, 0) + 1
    return {name: rule.maximum - counts.get(name, 0) for name, rule in children.seats.items()}


def _opened_in(child: str, matter: Matter) -> bool:
    """Whether a child was opened in this visit: its id carries the seq of the event that opened it."""
    seq = child.rsplit(".", 1)[-1].split("-", 1)[0]
    return seq.isdigit() and int(seq) >= matter.visit
