"""
Who reported a matter: masked for all who may know that somebody did, in full for a look that is recorded.

A look needs the right to ask (`Sight.knows_people`), the matter in sight and a purpose; everybody has so many a day.
Each stands in the history (`system/looks`) and in a table that an auditor can read through.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.core.clock.instants import midnight
from engine.core.matter import Actor, Matter
from engine.core.scope import World
from engine.core.terms import Ability, FieldType, MatterKind, Purpose, RefusalCode
from engine.core.workflow.declaration import Workflow
from engine.errors import BadInput, Forbidden, KeyReused, Refused
from engine.services.advance import in_one_transaction
from engine.services.personal import GONE, PERSONAL_TYPES, masked
from engine.services.record import record
from engine.services.sight import Sight
from engine.services.worklist import secret_value
from engine.store.looks import Look, Looks
from engine.store.unit_of_work import Transaction, UnitOfWork

TOPIC = "looks"
ACTION = "looked"
LOOKS_A_DAY = 50
# A page that is loaded again, or a double press, shows the same once more and counts once.
SAME_LOOK = timedelta(minutes=10)
MAX_KEY = 80
PAGE_LOOKS = 50


@dataclass(frozen=True, slots=True)
class Known:
    """One thing known of who reported: `reporter.1.phone` or a field of the flow, its words, type and text."""

    field: str
    label: str
    type: FieldType
    text: str

    @property
    def is_gone(self) -> bool:
        """Whether it was erased: then nothing is known but that it once was."""
        return self.text == GONE


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody's wish to look: what for, and the key that makes its repeat the same look."""

    actor: Actor
    purpose: str
    key: str


def people_masked(tx: Transaction, matter: Matter, *, workflow: Workflow, sight: Sight) -> tuple[Known, ...]:
    """Return what is known of who reported *matter*, masked; nothing for those who are to know nobody."""
    if not sight.sees_masks:
        return ()
    known = _known(tx, matter, workflow=workflow)
    return tuple(one if one.is_gone else replace(one, text=masked(one.type, one.text)) for one in known)


def look(
    uow: UnitOfWork,
    find: Callable[[Transaction], Matter],
    wish: Wish,
    *,
    sight: Sight,
    now: datetime,
    world: World,
    flow_of: Callable[[Transaction, str], Workflow],
) -> tuple[Known, ...]:
    """
    Record a look at who reported a matter, and return what there is to see.

    Raises:
        NotFound: the matter is not there, or not in *sight*.
        Forbidden: this post may not ask who reported.
        BadInput: no purpose of those there are.
        Refused: everybody's looks of the day are used up.
        KeyReused: the key belongs to another look, or to one some time ago.
    """
    if wish.purpose not in {one.value for one in Purpose}:
        raise BadInput(where="用途", found=wish.purpose[:40], expected="、".join(one.label for one in Purpose))

    def work(tx: Transaction) -> tuple[Known, ...]:
        matter = find(tx)
        sight.must_see(tx, matter, asked=matter.id)
        if not sight.knows_people:
            raise Forbidden(what=Ability.IDENTITY.label)
        known = tuple(_known(tx, matter, workflow=flow_of(tx, matter.digest)))
        fields = tuple(one.field for one in known if not one.is_gone)
        if fields and not _is_repeat(tx, matter, wish, now=now):
            _record(tx, matter, wish, fields=fields, now=now)
            _within_quota(tx, wish.actor, now=now, world=world)
        return known

    return in_one_transaction(uow, work)


def who_saw(tx: Transaction, matter: Matter) -> tuple[Look, ...]:
    """Return who looked at who reported *matter*, newest first."""
    return tuple(Looks(tx.connection, tx.district).of_matter(matter.id))


def looks(
    tx: Transaction, since: datetime, until: datetime, *, after: tuple[datetime, str] | None = None
) -> tuple[Look, ...]:
    """Return the next page of looks from *since* to before *until*, newest first; *after* is (at, id) of the last."""
    found = Looks(tx.connection, tx.district).between(since, until, after=after, limit=PAGE_LOOKS)
    return tuple(found)


def _is_repeat(tx: Transaction, matter: Matter, wish: Wish, *, now: datetime) -> bool:
    if not 0 < len(wish.key) <= MAX_KEY:
        raise KeyReused(key=wish.key[:MAX_KEY])
    before = Looks(tx.connection, tx.district).get(wish.key)
    if before is None:
        return False
    same = (before.matter, before.person, before.post) == (matter.id, wish.actor.person, wish.actor.post)
    if not same or now - before.at > SAME_LOOK:
        raise KeyReused(key=wish.key)
    return True


def _record(tx: Transaction, matter: Matter, wish: Wish, *, fields: tuple[str, ...], now: datetime) -> None:
    data = {"matter": matter.id, "fields": list(fields), "purpose": wish.purpose, "look": wish.key}
    # First of all: the chain of looks is locked by it, so that two looks of one person are counted one after another.
    record(tx, TOPIC, action=ACTION, by=wish.actor, now=now, data=data)
    person = wish.actor.person or wish.actor.post
    Looks(tx.connection, tx.district).add(
        Look(wish.key, matter.id, person, wish.actor.post, fields=fields, purpose=wish.purpose, at=now)
    )


def _within_quota(tx: Transaction, actor: Actor, *, now: datetime, world: World) -> None:
    zone = world.calendar(None).zone
    today = midnight(now.astimezone(zone).date(), zone)
    used = Looks(tx.connection, tx.district).count_of(actor.person or actor.post, since=today)
    if used > LOOKS_A_DAY:
        reason = f"今天看联系方式已经有 {LOOKS_A_DAY} 次了，请明天再看；急的话，请同事来看。"
        raise Refused(refusal=RefusalCode.LIMIT.value, reason=reason, field=None)


def _known(tx: Transaction, matter: Matter, *, workflow: Workflow) -> Iterator[Known]:
    """What is known of who reported *matter*; a task or topic has nobody of its own."""
    if matter.kind != MatterKind.DEMAND:
        return
    reporters = tx.demands.reporters_of(matter.id)
    refs = {ref for one in reporters for ref in (one.name_ref, one.phone_ref) if ref is not None}
    fields = {name: ref for name, ref in matter.private.items() if workflow.fields[name].type in PERSONAL_TYPES}
    told = _told(tx, refs | set(fields.values()))
    for one in reporters:
        person = tx.people.get(one.person) if one.person is not None else None
        name = told.get(one.name_ref or "") or (person.name if person is not None else "")
        phone = told.get(one.phone_ref or "") or (person.phone if person is not None else "")
        which = f"第 {one.n} 位" if len(reporters) > 1 else ""
        if name:
            yield Known(f"reporter.{one.n}.name", f"{which}姓名", FieldType.PERSON, name)
        if phone:
            yield Known(f"reporter.{one.n}.phone", f"{which}电话", FieldType.PHONE, phone)
    for field, ref in sorted(fields.items()):
        rule = workflow.fields[field]
        if ref in told:
            yield Known(field, rule.label.zh, rule.type, told[ref])


def _told(tx: Transaction, refs: set[str]) -> dict[str, str]:
    found = tx.vault.get_many(refs)
    gone = {ref: GONE for ref, one in found.items() if one.erased_at is not None}
    values = {ref: secret_value(one.value) for ref, one in found.items() if not one.restricted}
    return {**gone, **{ref: value for ref, value in values.items() if isinstance(value, str)}}
