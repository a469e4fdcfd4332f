"""What stands still, as pages tell it: a clock in doubt, rules that an outage holds back, rules that could not act."""

from dataclasses import dataclass
from datetime import datetime

from engine.core.scope import World
from engine.services.advance import TIMER_FAILED
from engine.services.held import HELD, SUSPECT_FACT, held_back_in
from engine.services.sight import Sight
from engine.services.tick import last_tick
from engine.services.worklist import FlowOf, Row, rows_of
from engine.store.unit_of_work import Transaction

MOST_ROWS = 50


@dataclass(frozen=True, slots=True)
class Standstill:
    """
    Whether rules stand still: `clock` says why the clock is in doubt, `held` that an outage holds some back, `parked`
    that some could not act.
    """

    clock: str = ""
    held: bool = False
    parked: bool = False

    def __bool__(self) -> bool:
        return bool(self.clock) or self.held or self.parked


@dataclass(frozen=True, slots=True)
class HeldRules:
    """
    All that is held back, with the matters in sight that it is about, those first whose rule came due first.

    `held` and `parked` count rules, `more` the matters beyond `rows`; `lets_go_at` is when what is held goes by itself,
    `ticked_at` when the engine last went by a clock that it believed.
    """

    clock: str
    held: int
    parked: int
    rows: tuple[Row, ...]
    more: int
    lets_go_at: datetime | None
    ticked_at: datetime | None


def standstill(tx: Transaction) -> Standstill:
    """Return whether rules stand still."""

    def look() -> Standstill:
        clock, kinds = tx.facts.get(SUSPECT_FACT) or "", {alarm.kind for alarm in tx.alarms.standing()}
        if not clock and not kinds & {HELD, TIMER_FAILED}:
            return Standstill()
        back = held_back_in(tx)
        return Standstill(clock=clock, held=bool(back.held), parked=bool(back.parked))

    return tx.remembered("standstill", make=look)


def held_rules(tx: Transaction, *, sight: Sight, world: World, flow_of: FlowOf, now: datetime) -> HeldRules:
    """Return all that is held back, with the matters in *sight*."""
    back = held_back_in(tx)
    ids = tuple(dict.fromkeys(one.timer.matter for one in (*back.held, *back.parked)))
    seen = sight.among(tx, ids)
    shown = [one for one in ids if one in seen][:MOST_ROWS]
    found = tx.matters.read_many(shown)
    return HeldRules(
        clock=back.clock,
        held=len(back.held),
        parked=len(back.parked),
        rows=rows_of(tx, [found[one].matter for one in shown], world=world, flow_of=flow_of, now=now),
        more=len(seen) - len(shown),
        lets_go_at=max((one.held_until for one in back.held if one.held_until is not None), default=None),
        ticked_at=last_tick(tx),
    )
