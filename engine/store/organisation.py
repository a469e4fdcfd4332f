"""Units, posts and the duty roster, written as they change and read as a whole."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, insert, select, update

from engine.core.scope import Duty, Organisation, Post, Unit
from engine.store.repository import Repository, table

UNIT = table("unit")
POST = table("post")
DUTY = table("duty")


class Organisations(Repository):
    """The organisation of a district."""

    def load(self) -> Organisation:
        """Return units, posts and roster as they stand."""
        units = self.connection.execute(select(UNIT).where(UNIT.c.district_id == self.district).order_by(UNIT.c.id))
        posts = self.connection.execute(select(POST).where(POST.c.district_id == self.district).order_by(POST.c.id))
        duties = self.connection.execute(
            select(DUTY).where(DUTY.c.district_id == self.district).order_by(DUTY.c.since, DUTY.c.post)
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
        )

    def put_unit(self, unit: Unit, *, path: str) -> None:
        """Keep *unit* with its line of ancestors, in place of what was kept under its id."""
        self.connection.execute(delete(UNIT).where(UNIT.c.district_id == self.district, UNIT.c.id == unit.id))
        row = {"kind": unit.kind, "name": unit.name, "parent": unit.parent, "path": path}
        serves = msgspec.json.encode(unit.serves)
        self.connection.execute(insert(UNIT).values(district_id=self.district, id=unit.id, serves=serves, **row))

    def set_path(self, unit: str, path: str) -> None:
        """Note the line of ancestors of a unit."""
        self.connection.execute(
            update(UNIT).where(UNIT.c.district_id == self.district, UNIT.c.id == unit).values(path=path)
        )

    def put_post(self, post: Post) -> None:
        """Keep *post* in place of what was kept under its id."""
        self.connection.execute(delete(POST).where(POST.c.district_id == self.district, POST.c.id == post.id))
        self.connection.execute(insert(POST).values(district_id=self.district, **msgspec.structs.asdict(post)))

    def replace_duties(self, duties: Sequence[Duty]) -> None:
        """Keep *duties* as the whole roster."""
        self.connection.execute(delete(DUTY).where(DUTY.c.district_id == self.district))
        if duties:
            rows = [{"district_id": self.district, **msgspec.structs.asdict(duty)} for duty in duties]
            self.connection.execute(insert(DUTY), rows)
