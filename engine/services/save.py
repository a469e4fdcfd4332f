"""Save the steps of a batch with a few statements for all of them: every row a step prescribes, or none."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from engine.core.decision import Decision
from engine.core.matter import Timer
from engine.core.terms import MatterKind, Seat
from engine.services.batch import Step
from engine.services.look_up import Surroundings
from engine.services.numbers import take_numbers
from engine.services.seal import Seal, Sealed, files_in, seal
from engine.store.alarms import Alarm
from engine.store.demands import Demand, Reporter
from engine.store.matters import Stored
from engine.store.outbox import Outgoing
from engine.store.unit_of_work import Transaction

IN_APP = "in_app"
CATEGORY = "category"
_FACTS = msgspec.json.Encoder(order="sorted")
_SEATS = {seat.value: seat.label for seat in Seat}
_ALARMS = {"nobody": "没有人在岗：{}", "seat_empty": "没有承办单位：{}"}

Ids = Callable[[], str]
TimerKey: TypeAlias = tuple[str, str, str, int, int]


@dataclass(frozen=True, slots=True)
class ReporterGiven:
    """Who reported a demand: their person id where known, name and phone as told."""

    person: str | None = None
    name: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class DemandGiven:
    """What a demand is filed with beside its matter."""

    channel: str
    reporters: tuple[ReporterGiven, ...] = ()
    external_number: str | None = None
    receipt_code_hash: bytes | None = None

    def private(self) -> dict[str, str]:
        """Private values of the reporters, by the name under which the filing commits to them."""
        found = {}
        for n, reporter in enumerate(self.reporters, start=1):
            found.update({f"reporter.{n}.name": reporter.name} if reporter.name else {})
            found.update({f"reporter.{n}.phone": reporter.phone} if reporter.phone else {})
        return found


def save_steps(
    tx: Transaction,
    steps: Sequence[Step],
    *,
    loaded: Mapping[str, Stored],
    given: Mapping[str, DemandGiven],
    around: Surroundings,
    seal_with: Seal,
    ids: Ids,
    consumed: Collection[TimerKey] = (),
) -> dict[str, str]:
    """
    Save *steps* and return the numbers of the demands filed by them, by matter.

    Args:
        consumed: keys of the timers that made the steps and are no longer stored.
        loaded: every matter as it was loaded, with its head.
        given: what filed demands have beside their matter, by matter.
    """
    sealed = _seal_all(steps, loaded, given=given, seal_with=seal_with)
    _save_matters(tx, sealed, loaded)
    tx.events.append_many([one.event for one in sealed])
    _save_timers(tx, [step.decision for step in steps], consumed=consumed)
    tx.vault.put_many(
        [secret for one in sealed for secret in one.secrets],
        searchable=[text for one in sealed for text in one.searchable],
    )
    decisions = [step.decision for step in steps]
    tx.files.attach(files_in(decisions))
    tx.outbox.add_many([one for step in steps if not step.is_import for one in _outgoing(step, ids)])
    tx.alarms.raise_many([alarm for step in steps if step.decision.alarms for alarm in _alarms(step, ids)])
    tx.demands.set_categories(_new_categories(decisions))
    return _save_demands(tx, decisions, given=given, around=around)


def _seal_all(
    steps: Sequence[Step], loaded: Mapping[str, Stored], *, given: Mapping[str, DemandGiven], seal_with: Seal
) -> list[Sealed]:
    heads = {name: stored.head for name, stored in loaded.items()}
    sealed = []
    for step in steps:
        matter_id = step.decision.after.id
        beside = given[matter_id].private() if step.decision.before is None and matter_id in given else {}
        one = seal(
            step.decision,
            seal_with,
            head=heads.get(matter_id),
            recorded_at=step.recorded_at,
            timer_key=step.timer_key,
            cause=step.cause,
            pressed_at=step.pressed_at,
            beside=beside,
        )
        heads[matter_id] = one.stored.head
        sealed.append(one)
    return sealed


def _save_matters(tx: Transaction, sealed: Sequence[Sealed], loaded: Mapping[str, Stored]) -> None:
    last = {one.stored.matter.id: one.stored for one in sealed}
    tx.matters.insert_many([stored for name, stored in last.items() if name not in loaded])
    tx.matters.save_many([(stored, loaded[name].matter.seq) for name, stored in sorted(last.items()) if name in loaded])


def _save_timers(tx: Transaction, decisions: Sequence[Decision], *, consumed: Collection[TimerKey]) -> None:
    gone: dict[TimerKey, Timer] = {}
    armed: dict[TimerKey, Timer] = {}
    for decision in decisions:
        for timer in decision.cancel:
            key = timer.key
            gone[key] = timer
            armed.pop(key, None)
        for timer in decision.arm:
            armed[timer.key] = timer
    tx.timers.cancel_many([timer for key, timer in gone.items() if key not in consumed])
    tx.timers.arm_many(list(armed.values()))


def _outgoing(step: Step, ids: Ids) -> list[Outgoing]:
    after, made_at = step.decision.after, step.recorded_at
    return [
        Outgoing(
            id=ids(),
            key=f"{after.id}/{after.seq}/{n}",
            matter=after.id,
            seq=after.seq,
            n=n,
            role=to.role if (to := notice.to) else None,
            unit=to.unit if to else None,
            post=None,
            channel=IN_APP,
            kind=notice.kind,
            urgent=notice.urgent,
            facts=_FACTS.encode(notice.facts),
            made_at=made_at,
            not_before=None,
            attempts=0,
            next_attempt_at=made_at,
        )
        for n, notice in enumerate(step.decision.notices, start=1)
    ]


def _alarms(step: Step, ids: Ids) -> list[Alarm]:
    alarms = []
    for word in step.decision.alarms:
        kind, _, what = word.partition(":")
        text = _ALARMS.get(kind, "{}").format(_SEATS.get(what, what) or kind)
        alarms.append(Alarm(id=ids(), kind=kind, matter=step.decision.after.id, text=text, at=step.recorded_at))
    return alarms


def _new_categories(decisions: Sequence[Decision]) -> list[tuple[str, str | None]]:
    return [
        (decision.after.id, _category(decision))
        for decision in decisions
        if decision.before is not None
        and decision.before.fields is not decision.after.fields
        and decision.after.kind == MatterKind.DEMAND
        and decision.before.fields.get(CATEGORY) != decision.after.fields.get(CATEGORY)
    ]


def _category(decision: Decision) -> str | None:
    category = decision.after.fields.get(CATEGORY)
    return category if isinstance(category, str) else None


def _save_demands(
    tx: Transaction, decisions: Sequence[Decision], *, given: Mapping[str, DemandGiven], around: Surroundings
) -> dict[str, str]:
    filed = [one for one in decisions if one.before is None and one.after.kind == MatterKind.DEMAND]
    if not filed:
        return {}
    calendar = around.world.calendar(None)
    numbers = take_numbers(tx, [decision.after.filed for decision in filed], calendar=calendar)
    demands: list[Demand] = []
    reporters: list[Reporter] = []
    for decision, number in zip(filed, numbers, strict=True):
        matter = decision.after
        beside = given.get(matter.id) or _given_by_default(decision)
        demands.append(
            Demand(
                matter=matter.id,
                number=number,
                category=_category(decision),
                channel=beside.channel,
                external_number=beside.external_number,
                external_due=matter.external_due,
                receipt_code_hash=beside.receipt_code_hash,
            )
        )
        reporters.extend(_reporters(decision, beside))
    tx.demands.add_many(demands, reporters)
    return {demand.matter: demand.number for demand in demands}


def _given_by_default(decision: Decision) -> DemandGiven:
    reporter = decision.after.reporter
    people = (ReporterGiven(person=reporter.person),) if reporter is not None else ()
    return DemandGiven(channel=decision.after.start, reporters=people)


def _reporters(decision: Decision, beside: DemandGiven) -> list[Reporter]:
    ref = f"{decision.after.id}/{decision.after.seq}/reporter."
    return [
        Reporter(
            matter=decision.after.id,
            n=n,
            person=given.person,
            name_ref=f"{ref}{n}.name" if given.name else None,
            phone_ref=f"{ref}{n}.phone" if given.phone else None,
        )
        for n, given in enumerate(beside.reporters, start=1)
    ]
