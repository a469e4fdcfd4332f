"""Units, posts, the duty roster and leave, written as they change and read as a whole."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, insert, select

from engine.core.scope import Duty, Leave, Organisation, Post, Unit
from engine.store.bulk import BulkDelete, BulkInsert
from engine.store.repository import Repository, table

UNIT = table("unit")
POST = table("post")
DUTY = table("duty")
LEAVE = table("leave")

_REMOVE_UNITS = BulkDelete(UNIT, ("district_id", "id"))
_INSERT_UNITS = BulkInsert(UNIT, ("district_id", "id", "kind", "name", "parent", "path", "serves"))
_REMOVE_POSTS = BulkDelete(POST, ("district_id", "id"))
_INSERT_POSTS = BulkInsert(POST, ("district_id", "id", "role", "unit", "person", "name", "since", "until"))
_REMOVE_LEAVES = BulkDelete(LEAVE, ("district_id", "id"))
_INSERT_LEAVES = BulkInsert(LEAVE, ("district_id", "id", "post", "since", "until", "substitute", "reason"))


class Organisations(Repository):
    """The organisation of a district."""

    def load(self) -> Organisation:
        """Return units, posts, roster and leave as they stand."""
        units = self.connection.execute(select(UNIT).where(UNIT.c.district_id == self.district).order_by(UNIT.c.id))
        posts = self.connection.execute(select(POST).where(POST.c.district_id == self.district).order_by(POST.c.id))
        duties = self.connection.execute(
            select(DUTY).where(DUTY.c.district_id == self.district).order_by(DUTY.c.since, DUTY.c.post)
        )
        leaves = self.connection.execute(
            select(LEAVE).where(LEAVE.c.district_id == self.district).order_by(LEAVE.c.since, LEAVE.c.id)
        )
        return Organisation(
            units=[
                Unit(id=u.id, kind=u.kind, name=u.name, parent=u.parent, serves=tuple(msgspec.json.decode(u.serves)))
                for u in units
            ],
            posts=[
                Post(id=p.id, role=p.role, unit=p.unit, person=p.person, name=p.name, since=p.since, until=p.until)
                for p in posts
            ],
            duties=[Duty(role=d.role, unit=d.unit, post=d.post, since=d.since, until=d.until) for d in duties],
            leaves=[
                Leave(id=e.id, post=e.post, since=e.since, until=e.until, substitute=e.substitute, reason=e.reason)
                for e in leaves
            ],
        )

    def put_units(self, units: Sequence[tuple[Unit, str]]) -> None:
        """Keep units, each with its line of ancestors, in place of what was kept under their ids."""
        _REMOVE_UNITS.run(self.connection, [(self.district, unit.id) for unit, _ in units])
        rows = [
            (self.district, unit.id, unit.kind, unit.name, unit.parent, path, msgspec.json.encode(unit.serves))
            for unit, path in units
        ]
        _INSERT_UNITS.run(self.connection, rows)

    def put_posts(self, posts: Sequence[Post]) -> None:
        """Keep *posts* in place of what was kept under their ids."""
        _REMOVE_POSTS.run(self.connection, [(self.district, post.id) for post in posts])
        rows = [
            (self.district, post.id, post.role, post.unit, post.person, post.name, post.since, post.until)
            for post in posts
        ]
        _INSERT_POSTS.run(self.connection, rows)

    def replace_duties(self, duties: Sequence[Duty]) -> None:
        """Keep *duties* as the whole roster."""
        self.connection.execute(delete(DUTY).where(DUTY.c.district_id == self.district))
        if duties:
            rows = [{"district_id": self.district, **msgspec.structs.asdict(duty)} for duty in duties]
            self.connection.execute(insert(DUTY), rows)

    def put_leaves(self, leaves: Sequence[Leave]) -> None:
        """Keep *leaves* in place of what was kept under their ids."""
        _REMOVE_LEAVES.run(self.connection, [(self.district, leave.id) for leave in leaves])
        rows = [
            (self.district, leave.id, leave.post, leave.since, leave.until, leave.substitute, leave.reason)
            for leave in leaves
        ]
        _INSERT_LEAVES.run(self.connection, rows)
