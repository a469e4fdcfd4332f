"""Keep units, posts, the duty roster and leave, with an event for every change, and open a deployment's log."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from engine.core.abilities import office_of
from engine.core.matter import Actor
from engine.core.scope import Duty, Leave, Organisation, Post, Unit
from engine.core.terms import LeaveReason, Office, UnitKind
from engine.errors import BadOrganisation, NotFound
from engine.services.record import LOG_FACT, record
from engine.store.unit_of_work import Transaction, UnitOfWork

TOPIC = "organisation"
VERSION_FACT = "organisation"
PATH_MARK = "/"


def open_log(uow: UnitOfWork, *, log: str) -> str:
    """Give the deployment the log id *log* unless it has one, and return the one it has."""
    with uow.write() as tx:
        known = tx.facts.get(LOG_FACT)
        if known is None:
            tx.facts.put(LOG_FACT, log)
        return known or log


def save_units(uow: UnitOfWork, units: Sequence[Unit], *, by: Actor, now: datetime) -> None:
    """
    Add or change *units*.

    Raises:
        BadOrganisation: with them the tree would have a hole, a ring, or an unknown kind.
    """
    with uow.write() as tx:
        save_units_in(tx, units, by=by, now=now)


def save_units_in(tx: Transaction, units: Sequence[Unit], *, by: Actor, now: datetime) -> None:
    """Add or change *units* within a transaction."""
    before = tx.organisation.load().units
    after = {**before, **{unit.id: unit for unit in units}}
    paths = {unit_id: _path(after, unit_id) for unit_id in after}
    kinds = [kind.value for kind in UnitKind]
    for unit in units:
        if unit.kind not in kinds:
            raise BadOrganisation(where=f"units.{unit.id}.kind", found=unit.kind, expected="、".join(kinds))
    saved = {unit.id for unit in units}
    changed = [id_ for id_ in after if id_ in saved or paths[id_] != _path(before, id_)]
    tx.organisation.put_units([(after[id_], paths[id_]) for id_ in changed])
    _changed(tx, "units_saved", by=by, now=now, data={"units": [_unit_facts(unit) for unit in units]})


def grant_posts(uow: UnitOfWork, posts: Sequence[Post], *, by: Actor, now: datetime) -> None:
    """
    Give people posts, or change what they hold until when.

    Raises:
        BadOrganisation: a post is of a unit that is not there, ends before it begins, or goes to who holds an office.
    """
    with uow.write() as tx:
        grant_posts_in(tx, posts, by=by, now=now)


def grant_posts_in(tx: Transaction, posts: Sequence[Post], *, by: Actor, now: datetime) -> None:
    """Give people posts within a transaction."""
    units = tx.organisation.load().units
    offices = {person.id: person.office for person in tx.people.all() if person.office is not None}
    for post in posts:
        _check_post(post, units)
        if post.person in offices or office_of(post.role) is not None:
            word = next(office.label for office in Office if office.value in (offices.get(post.person), post.role))
            raise BadOrganisation(
                where=f"posts.{post.id}.person", found=word, expected="不担任系统管理员、安全管理员、审计员的人和岗位"
            )
    # Of a post given twice the last word counts.
    tx.organisation.put_posts(list({post.id: post for post in posts}.values()))
    _changed(tx, "posts_granted", by=by, now=now, data={"posts": [_post_facts(post) for post in posts]})


def end_post(uow: UnitOfWork, post_id: str, *, until: datetime, by: Actor, now: datetime) -> None:
    """
    Let a post end at *until*.

    Raises:
        NotFound: there is no such post.
        BadOrganisation: it would end before it began.
    """
    with uow.write() as tx:
        organisation = tx.organisation.load()
        post = organisation.posts.get(post_id)
        if post is None:
            raise NotFound(what="岗位", found=post_id)
        ended = msgspec.structs.replace(post, until=until)
        _check_post(ended, organisation.units)
        tx.organisation.put_posts((ended,))
        _changed(tx, "post_ended", by=by, now=now, data={"posts": [_post_facts(ended)]})


def save_roster(uow: UnitOfWork, duties: Sequence[Duty], *, by: Actor, now: datetime) -> None:
    """
    Replace the duty roster.

    Raises:
        BadOrganisation: a duty names an unknown post or ends before it begins.
    """
    with uow.write() as tx:
        save_roster_in(tx, duties, by=by, now=now)


def add_duty(uow: UnitOfWork, duty: Duty, *, by: Actor, now: datetime) -> None:
    """
    Put a stretch on the roster; one of the same post and beginning takes the place of what was there.

    Raises:
        BadOrganisation: it names an unknown post or ends before it begins.
    """
    with uow.write() as tx:
        others = [one for one in tx.organisation.load().duties if one.key != duty.key]
        save_roster_in(tx, [*others, duty], by=by, now=now)


def remove_duty(uow: UnitOfWork, duty: Duty, *, by: Actor, now: datetime) -> None:
    """Take a stretch off the roster; one that is not there stays away."""
    with uow.write() as tx:
        duties = tx.organisation.load().duties
        others = [one for one in duties if one.key != duty.key]
        if len(others) < len(duties):
            save_roster_in(tx, others, by=by, now=now)


def save_roster_in(tx: Transaction, duties: Sequence[Duty], *, by: Actor, now: datetime) -> None:
    """Replace the duty roster within a transaction."""
    posts = tx.organisation.load().posts
    for duty in duties:
        if duty.post not in posts:
            raise BadOrganisation(where="duties.post", found=duty.post, expected="已有的岗位")
        if duty.until <= duty.since:
            raise BadOrganisation(where="duties.until", found=duty.until.isoformat(), expected="晚于开始时刻")
    tx.organisation.replace_duties(duties)
    facts = [
        {
            "role": duty.role,
            "unit": duty.unit,
            "post": duty.post,
            "since": duty.since.isoformat(),
            "until": duty.until.isoformat(),
        }
        for duty in duties
    ]
    _changed(tx, "roster_saved", by=by, now=now, data={"duties": facts})


def record_leave(uow: UnitOfWork, leave: Leave, *, by: Actor, now: datetime) -> None:
    """
    Keep that the holder of a post is away, or change until when and who acts meanwhile.

    Raises:
        BadOrganisation: the post or the substitute is not there, they are one, or it ends before it begins.
    """
    with uow.write() as tx:
        posts = tx.organisation.load().posts
        if leave.post not in posts:
            raise BadOrganisation(where="leaves.post", found=leave.post, expected="已有的岗位")
        if leave.substitute is not None and (leave.substitute not in posts or leave.substitute == leave.post):
            raise BadOrganisation(where="leaves.substitute", found=leave.substitute, expected="另一个已有的岗位")
        if leave.until is not None and leave.until < leave.since:
            raise BadOrganisation(where="leaves.until", found=leave.until.isoformat(), expected="不早于开始时刻")
        if leave.reason not in [reason.value for reason in LeaveReason]:
            reasons = "、".join(reason.value for reason in LeaveReason)
            raise BadOrganisation(where="leaves.reason", found=leave.reason[:40], expected=reasons)
        tx.organisation.put_leaves((leave,))
        _changed(tx, "leave_recorded", by=by, now=now, data={"leaves": [_leave_facts(leave)]})


def save_organisation(uow: UnitOfWork, organisation: Organisation, *, by: Actor, now: datetime) -> None:
    """Keep a whole organisation: its units, posts and roster, in that order."""
    save_units(uow, list(organisation.units.values()), by=by, now=now)
    grant_posts(uow, list(organisation.posts.values()), by=by, now=now)
    save_roster(uow, organisation.duties, by=by, now=now)
    for leave in organisation.leaves:
        record_leave(uow, leave, by=by, now=now)


def _changed(tx: Transaction, action: str, *, by: Actor, now: datetime, data: Mapping[str, Any]) -> None:
    version = tx.facts.count_up(VERSION_FACT)
    record(tx, TOPIC, action=action, by=by, now=now, data={**data, "organisation": version})


def _path(units: Mapping[str, Unit], unit_id: str) -> str:
    line: list[str] = []
    step: str | None = unit_id
    while step is not None:
        if step in line:
            raise BadOrganisation(where=f"units.{unit_id}.parent", found=step, expected="不绕回自己的上级")
        if step not in units:
            raise BadOrganisation(where=f"units.{line[-1]}.parent", found=step, expected="已有的单位")
        line.append(step)
        step = units[step].parent
    return PATH_MARK + PATH_MARK.join(reversed(line)) + PATH_MARK


def _check_post(post: Post, units: Iterable[str]) -> None:
    if post.unit is not None and post.unit not in units:
        raise BadOrganisation(where=f"posts.{post.id}.unit", found=post.unit, expected="已有的单位")
    if post.until is not None and post.until < post.since:
        raise BadOrganisation(where=f"posts.{post.id}.until", found=post.until.isoformat(), expected="不早于开始时刻")


def _unit_facts(unit: Unit) -> dict[str, Any]:
    return {"id": unit.id, "kind": unit.kind, "parent": unit.parent, "serves": list(unit.serves)}


def _post_facts(post: Post) -> dict[str, Any]:
    """What of a post may stand in an event: the name of its holder may not."""
    return {
        "id": post.id,
        "role": post.role,
        "unit": post.unit,
        "person": post.person,
        "since": post.since.isoformat(),
        "until": post.until.isoformat() if post.until else None,
    }


def _leave_facts(leave: Leave) -> dict[str, Any]:
    return {
        "id": leave.id,
        "post": leave.post,
        "since": leave.since.isoformat(),
        "until": leave.until.isoformat() if leave.until else None,
        "substitute": leave.substitute,
        "reason": leave.reason,
    }
