"""Found and fixed on the spot: filed and handed in as one, or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.core.command import Act, File
from engine.core.decision import Refusal
from engine.core.matter import Actor, Value
from engine.core.workflow.declaration import Action, Start, Workflow
from engine.services.advance import Done, Door, Entry, advance_in, in_one_transaction
from engine.services.save import DemandGiven
from engine.store.unit_of_work import Transaction, UnitOfWork

Values = Mapping[str, Value | list[str]]


@dataclass(frozen=True, slots=True)
class Way:
    """How what was found is filed and handed in: a way into a step one holds, and the action that ends the work."""

    start: Start
    action: Action

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field that must be filled, in order."""
        return tuple(dict.fromkeys((*self.start.require, *self.action.require)))


class _NotTaken(Exception):
    """The second half was refused: the first must not stay."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.text)
        self.refusal = refusal


def way_of(flow: Workflow, role: str) -> Way | None:
    """Return how *role* files what it fixed itself: its own way into a step it holds, and what hands that step in."""
    for start in flow.starts.values():
        if role not in start.by:
            continue
        state = flow.states[start.to.states[-1]]
        if state.held_by != role:
            continue
        ending = [one for one in flow.actions_of(state.id).values() if role in one.by and _ends_work(one, flow)]
        if ending:
            return Way(start=start, action=ending[0])
    return None


def _ends_work(action: Action, flow: Workflow) -> bool:
    """Whether *action* hands the work in to be looked at by somebody else, whatever it was."""
    if action.to is None or len(action.to.states) != 1:
        return False
    target = flow.states[action.to.states[0]]
    return target.level is None and target.final is None and target.pause is False


def file_found(
    uow: UnitOfWork, flow: Workflow, way: Way, *, actor: Actor, place: str, values: Values, key: str, now: datetime,
    services: Door, pressed_at: datetime | None = None,
) -> Done | Refusal:  # fmt: skip
    """
    File and hand in in one transaction, once for each *key*; refused in one half, nothing stays of the other.

    Raises:
        KeyReused, Conflict, Unavailable: as `advance`.
    """
    filing = File(
        matter=services.ids(), district=uow.district, workflow=flow.id, start=way.start.id, actor=actor, place=place,
        values={name: value for name, value in values.items() if name in (*way.start.require, *way.start.optional)},
    )  # fmt: skip
    ending = {name: value for name, value in values.items() if name in (*way.action.require, *way.action.optional)}

    def work(tx: Transaction) -> Done:
        first = _taken(tx, Entry(filing, key=key, demand=DemandGiven(channel=way.start.id), pressed_at=pressed_at))
        act = Act(matter=first.matter.id, action=way.action.id, actor=actor, values=ending)
        last = _taken(tx, Entry(act, key=f"{key}.{way.action.id}", pressed_at=pressed_at))
        return Done(last.matter, last.seq, first.number, repeated=first.repeated)

    def _taken(tx: Transaction, entry: Entry) -> Done:
        outcome = advance_in(tx, [entry], now=now, services=services)[0]
        if isinstance(outcome, Refusal):
            raise _NotTaken(outcome)
        assert isinstance(outcome, Done)  # a press is taken or refused
        return outcome

    try:
        return in_one_transaction(uow, work)
    except _NotTaken as error:
        return error.refusal
