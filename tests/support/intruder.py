"""Somebody with the database and no scruples, and every way of tampering that `verify` must find."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from engine.core.history import chain_next, chain_origin
from engine.core.matter import Json, merge
from engine.store.log import Log
from tests.support.logged import DIGESTED
from tests.support.town import DISTRICT, Town

LOG = "log-of-the-tests"
SOLVED, LATE, WITHDRAWN = "m000001", "m000002", "m000003"
# What keeps accidents off the history does not keep its owner off it.
_GUARDS_SQLITE = ("DROP TRIGGER event_is_not_changed", "DROP TRIGGER event_is_not_deleted")
_GUARDS_POSTGRES = ("ALTER TABLE event DISABLE TRIGGER ALL",)


@dataclass
class Intruder:
    """Somebody with the database and no scruples, but without the programme."""

    connection: Connection

    def run(self, statement: str, **values: Any) -> int:
        """Run a statement in this district."""
        return self.connection.execute(text(statement), {"d": DISTRICT, **values}).rowcount

    def all(self, statement: str, **values: Any) -> list[Any]:
        """Return what a query finds in this district."""
        return list(self.connection.execute(text(statement), {"d": DISTRICT, **values}))

    def bodies(self, chain: str) -> list[Json]:
        """Return the bodies of a chain."""
        rows = self.all("SELECT body FROM event WHERE district_id = :d AND matter_id = :m ORDER BY seq", m=chain)
        return [msgspec.json.decode(row.body) for row in rows]

    def cell(self, instant: str) -> Any:
        """Return an instant of a body as the store's rows hold it."""
        return Log(self.connection, DISTRICT).instant(datetime.fromisoformat(instant))

    def write(self, chain: str, seq: int, body: bytes) -> None:
        """Overwrite the body of an event, nothing else."""
        self.run(
            "UPDATE event SET body = :b WHERE district_id = :d AND matter_id = :m AND seq = :s", b=body, m=chain, s=seq
        )

    def rechain(self, chain: str, bodies: list[Json]) -> None:
        """Write a whole chain anew, with columns, hashes, head and snapshot that fit it."""
        state: Json = {}
        head = chain_origin(LOG, chain)
        rows = self.all("SELECT * FROM event WHERE district_id = :d AND matter_id = :m ORDER BY seq", m=chain)
        self.run("DELETE FROM event WHERE district_id = :d AND matter_id = :m", m=chain)
        for body in bodies:
            row = dict((rows[body["seq"] - 1] if body["seq"] <= len(rows) else rows[-1])._mapping)
            raw = msgspec.json.encode(body, order="sorted")
            head = chain_next(head, raw)
            merge(state, msgspec.json.decode(raw)["data"].get("patch", {}))
            row.update(seq=body["seq"], type=body["type"], body=raw, hash=head)
            row.update(at=self.cell(body["at"]), recorded_at=self.cell(body["recorded_at"]))
            row["timer_key"] = body.get("cause") if body["type"] == "fired" else None
            names = ", ".join(row)
            marks = ", ".join(f":{name}" for name in row)
            self.connection.execute(text(f"INSERT INTO event ({names}) VALUES ({marks})"), row)
        snapshot = msgspec.json.encode(state, order="sorted")
        self.run(
            "UPDATE matter SET head = :h, seq = :s, snapshot = :x WHERE district_id = :d AND id = :m",
            h=head, s=len(bodies), x=snapshot, m=chain,
        )  # fmt: skip


def intrude(town: Town, tamper: Callable[[Intruder], object]) -> None:
    """Let an intruder do something in one transaction."""
    guards = _GUARDS_SQLITE if town.uow.database.is_sqlite else _GUARDS_POSTGRES
    with town.uow.write() as tx:
        for guard in guards:
            tx.connection.execute(text(guard))
        tamper(Intruder(tx.connection))


def edit_body(by: Intruder) -> None:
    """One word of one event, and nothing else."""
    body = msgspec.json.encode(by.bodies(SOLVED)[1], order="sorted")
    by.write(SOLVED, 2, body.replace(b'"category":"A1"', b'"category":"A2"'))


def edit_one_byte(by: Intruder) -> None:
    """One byte, so that the body is no JSON any more."""
    body = msgspec.json.encode(by.bodies(LATE)[3], order="sorted")
    by.write(LATE, 4, b"[" + body[1:])


def edit_and_rechain(by: Intruder) -> None:
    """One word, and all hashes after it; the matter's row is left as it was."""
    row = by.all("SELECT head, snapshot FROM matter WHERE district_id = :d AND id = :m", m=SOLVED)[0]
    bodies = by.bodies(SOLVED)
    bodies[1]["data"]["patch"]["fields"]["category"] = "A2"
    by.rechain(SOLVED, bodies)
    by.run(
        "UPDATE matter SET head = :h, snapshot = :x WHERE district_id = :d AND id = :m",
        h=row.head, x=row.snapshot, m=SOLVED,
    )  # fmt: skip


def delete_in_the_middle(by: Intruder) -> None:
    """One event of a chain."""
    by.run("DELETE FROM event WHERE district_id = :d AND matter_id = :m AND seq = 4", m=LATE)


def delete_tail(by: Intruder) -> None:
    """The last event of a chain."""
    by.run("DELETE FROM event WHERE district_id = :d AND matter_id = :m AND seq = 8", m=LATE)


def delete_events_of_matter(by: Intruder) -> None:
    """All events of a matter, but not its row."""
    by.run("DELETE FROM event WHERE district_id = :d AND matter_id = :m", m=WITHDRAWN)


def delete_matter_row(by: Intruder) -> None:
    """The row of a matter, but not its events."""
    for table in ("reporter", "demand"):
        by.run(f"DELETE FROM {table} WHERE district_id = :d AND matter_id = :m", m=WITHDRAWN)
    by.run("DELETE FROM matter WHERE district_id = :d AND id = :m", m=WITHDRAWN)


def swap_rows(by: Intruder) -> None:
    """The places of two events of one chain."""
    by.run("UPDATE event SET seq = seq + 100 WHERE district_id = :d AND matter_id = :m AND seq IN (4, 5)", m=LATE)
    for old, new in ((104, 5), (105, 4)):
        by.run("UPDATE event SET seq = :n WHERE district_id = :d AND matter_id = :m AND seq = :o", n=new, o=old, m=LATE)


def swap_bodies(by: Intruder) -> None:
    """The bodies of the first events of two matters."""
    one, other = (msgspec.json.encode(by.bodies(chain)[0], order="sorted") for chain in (SOLVED, LATE))
    by.write(SOLVED, 1, other)
    by.write(LATE, 1, one)


def copy_matter_id(by: Intruder) -> None:
    """An event put into another matter's chain, hashed there as it should be."""
    bodies = by.bodies(WITHDRAWN)
    bodies[1]["matter"] = SOLVED
    by.rechain(WITHDRAWN, bodies)


def append_illegal_step(by: Intruder) -> None:
    """A whole well-formed event that no rule allows: closed by a grid worker."""
    bodies = by.bodies(LATE)
    step = {
        **bodies[-1], "seq": 9, "type": "acted", "action": "close", "from": "community_intake", "to": "unrated",
        "actor": {"post": "grid_worker@zhu-1", "role": "grid_worker", "unit": "zhu-1", "person": "p:grid_worker@zhu-1"},
        "data": {"patch": {"seq": 9, "state": "unrated", "outcome": "unrated"}},
    }  # fmt: skip
    del step["cause"], step["due_at"], step["fired_at"]
    by.rechain(LATE, [*bodies, step])


def backdate(by: Intruder) -> None:
    """An instant earlier than the step before."""
    bodies = by.bodies(SOLVED)
    bodies[2]["at"] = bodies[2]["data"]["patch"]["at"] = "2026-03-02T01:00:01Z"
    by.rechain(SOLVED, bodies)


def backdate_column(by: Intruder) -> None:
    """The column that digests are made by, not the body."""
    by.run(
        "UPDATE event SET recorded_at = (SELECT recorded_at FROM event WHERE district_id = :d AND matter_id = :m"
        " AND seq = 1) WHERE district_id = :d AND matter_id = :m AND seq = 2", m=SOLVED,
    )  # fmt: skip


def wrong_actor(by: Intruder) -> None:
    """The step put down to a worker of another grid."""
    bodies = by.bodies(SOLVED)
    bodies[1]["actor"] = {
        "post": "grid_worker@jin-1", "role": "grid_worker", "unit": "jin-1", "person": "p:grid_worker@jin-1"
    }  # fmt: skip
    by.rechain(SOLVED, bodies)


def suppress_late(by: Intruder) -> None:
    """The event that records lateness, taken out, and the rest renumbered by one who knows the format."""
    bodies = [body for body in by.bodies(LATE) if body["seq"] != 2]
    renumbered = []
    for seq, body in enumerate(bodies, 1):
        raw = msgspec.json.encode(body).replace(b'"visit":6', b'"visit":5').replace(b"/6/1", b"/5/1")
        moved = msgspec.json.decode(raw)
        moved["seq"] = moved["data"]["patch"]["seq"] = seq
        renumbered.append(moved)
    by.rechain(LATE, renumbered)


def change_state(by: Intruder) -> None:
    """The state in the matter's row, as a list would show it."""
    by.run("UPDATE matter SET state = 'take_in' WHERE district_id = :d AND id = :m", m=SOLVED)


def change_due(by: Intruder) -> None:
    """The due instant in the matter's row."""
    by.run("UPDATE matter SET due_at = filed_at WHERE district_id = :d AND id = :m", m=LATE)


def change_snapshot(by: Intruder) -> None:
    """The snapshot the engine goes on from."""
    row = by.all("SELECT snapshot FROM matter WHERE district_id = :d AND id = :m", m=LATE)[0]
    changed = bytes(row.snapshot).replace(b'"klass":"small"', b'"klass":"big"')
    by.run("UPDATE matter SET snapshot = :x WHERE district_id = :d AND id = :m", x=changed, m=LATE)


def change_value(by: Intruder) -> None:
    """What the resident wrote."""
    by.run("UPDATE vault SET value = :v WHERE district_id = :d AND ref = :r", v=b'"no"', r=f"{LATE}/1/detail")


def delete_value(by: Intruder) -> None:
    """What the resident wrote, with its salt, but without an event."""
    by.run("UPDATE vault SET value = NULL, salt = NULL WHERE district_id = :d AND ref = :r", r=f"{LATE}/1/detail")


def delete_value_row(by: Intruder) -> None:
    """The whole row of what the resident wrote."""
    for table in ("vault_bigram", "vault"):
        by.run(f"DELETE FROM {table} WHERE district_id = :d AND ref = :r", r=f"{LATE}/1/detail")


def swap_values(by: Intruder) -> None:
    """What two residents wrote, each with its own salt."""
    one, other = (
        by.all("SELECT salt, value FROM vault WHERE district_id = :d AND ref = :r", r=f"{chain}/1/detail")[0]
        for chain in (LATE, SOLVED)
    )
    for chain, row in ((LATE, other), (SOLVED, one)):
        by.run(
            "UPDATE vault SET salt = :s, value = :v WHERE district_id = :d AND ref = :r",
            s=row.salt, v=row.value, r=f"{chain}/1/detail",
        )  # fmt: skip


def swap_attachment(by: Intruder) -> None:
    """Another picture, with its own hash in the row."""
    other = b"\x89PNG another picture"
    by.run(
        "UPDATE file SET bytes = :b, sha256 = :h WHERE district_id = :d", b=other, h=hashlib.sha256(other).hexdigest()
    )


def delete_attachment(by: Intruder) -> None:
    """The picture's bytes."""
    by.run("UPDATE file SET bytes = NULL WHERE district_id = :d")


def change_workflow(by: Intruder) -> None:
    """The limits under the hash that matters are pinned to."""
    row = by.all("SELECT limits_text FROM workflow_version WHERE district_id = :d AND id = 'three_tier'")[0]
    softer = bytes(row.limits_text).replace(b"grid: 3wd", b"grid: 9wd")
    by.run("UPDATE workflow_version SET limits_text = :x WHERE district_id = :d AND id = 'three_tier'", x=softer)


def change_post(by: Intruder) -> None:
    """Who held a post, after the fact, in the table alone."""
    by.run("UPDATE post SET person = 'p:somebody' WHERE district_id = :d AND id = 'grid_worker@zhu-1'")


def change_digest(by: Intruder) -> None:
    """A stored digest."""
    by.run("UPDATE digest SET hash = :h WHERE district_id = :d AND day = :day", h=bytes(32), day=DIGESTED)


def cut_system_chain(by: Intruder) -> None:
    """The last event of a system chain."""
    by.run("DELETE FROM event WHERE district_id = :d AND matter_id = 'system/workflows' AND seq = 3")


def rebuild_with_edit(by: Intruder) -> None:
    """Everything rewritten so that it fits: the insider who knows the format."""
    bodies = by.bodies(SOLVED)
    bodies[1]["data"]["patch"]["fields"]["category"] = "A2"
    by.rechain(SOLVED, bodies)
    by.run("UPDATE demand SET category = 'A2' WHERE district_id = :d AND matter_id = :m", m=SOLVED)
    by.run("DELETE FROM digest WHERE district_id = :d")


def delete_whole_matter(by: Intruder) -> None:
    """A matter with everything that belongs to it."""
    for table in ("reporter", "demand", "timer", "outbox", "event"):
        by.run(f"DELETE FROM {table} WHERE district_id = :d AND matter_id = :m", m=WITHDRAWN)
    for table in ("vault_bigram", "vault"):
        by.run(f"DELETE FROM {table} WHERE district_id = :d AND ref LIKE :r", r=f"{WITHDRAWN}/%")
    by.run("DELETE FROM matter WHERE district_id = :d AND id = :m", m=WITHDRAWN)
    by.run("DELETE FROM digest WHERE district_id = :d")


TAMPERINGS = [
    (edit_body, ("chain", "chain", SOLVED, 2)),
    (edit_one_byte, ("chain", "unreadable", LATE, 4)),
    (edit_and_rechain, ("head", "head", SOLVED, 6)),
    (edit_and_rechain, ("projection", "snapshot", SOLVED, 6)),
    (delete_in_the_middle, ("chain", "gap", LATE, 5)),
    (delete_tail, ("head", "head", LATE, 7)),
    (delete_events_of_matter, ("projection", "no_events", WITHDRAWN, 0)),
    (delete_matter_row, ("projection", "no_matter", WITHDRAWN, 2)),
    (swap_rows, ("chain", "chain", LATE, 4)),
    (swap_bodies, ("chain", "misplaced", SOLVED, 1)),
    (copy_matter_id, ("chain", "misplaced", WITHDRAWN, 2)),
    (append_illegal_step, ("legality", "step", LATE, 9)),
    (backdate, ("legality", "time", SOLVED, 3)),
    (backdate_column, ("chain", "columns", SOLVED, 2)),
    (wrong_actor, ("legality", "actor", SOLVED, 2)),
    (suppress_late, ("legality", "late", LATE, 5)),
    (change_state, ("projection", "projection", SOLVED, 6)),
    (change_due, ("projection", "projection", LATE, 8)),
    (change_snapshot, ("projection", "snapshot", LATE, 8)),
    (change_value, ("vault", "value", LATE, 1)),
    (delete_value, ("vault", "missing", LATE, 1)),
    (delete_value_row, ("vault", "missing", LATE, 1)),
    (swap_values, ("vault", "value", LATE, 1)),
    (swap_attachment, ("vault", "file", SOLVED, 3)),
    (delete_attachment, ("vault", "file_missing", SOLVED, 3)),
    (change_workflow, ("workflow", "text", "system/workflows", 0)),
    (change_post, ("projection", "organisation", "system/organisation", 0)),
    (change_digest, ("digest", "digest", "system/digest", 0)),
    (cut_system_chain, ("head", "head", "system/workflows", 2)),
]
