"""Files given with matters. Their id ends with the hash of their bytes, so a commitment to the id binds the bytes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.store.prepared import Prepared
from engine.store.repository import Repository, table

FILE = table("file")

_OF_MATTER = Prepared(
    select(FILE.c.id, FILE.c.at)
    .where(FILE.c.district_id == bindparam("district"), FILE.c.matter_id == bindparam("matter"))
    .where(FILE.c.bytes.is_not(None))
    .order_by(FILE.c.at, FILE.c.id)
)
_ATTACH = (
    update(FILE)
    .where(FILE.c.district_id == bindparam("of_district"), FILE.c.id == bindparam("file"), FILE.c.matter_id.is_(None))
    .values(matter_id=bindparam("to_matter"))
)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file and what is known of it; `content` is None of what was erased by an earlier release."""

    id: str
    matter: str | None
    sha256: str
    media_type: str
    size: int
    name_ref: str | None
    at: datetime
    content: bytes | None


class Files(Repository):
    """The files of a district."""

    def add(self, name: str, content: bytes, *, media_type: str, name_ref: str | None, at: datetime) -> str:
        """
        Keep *content*, not yet given with any matter, and return its id: *name* and its hash.

        What is there under that id stays: the same bytes sent again.
        """
        digest = hashlib.sha256(content).hexdigest()
        file_id = f"{name}.{digest}"
        row = {
            "district_id": self.district,
            "id": file_id,
            "sha256": digest,
            "media_type": media_type,
            "size": len(content),
            "name_ref": name_ref,
            "at": at,
            "bytes": content,
        }
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(FILE).values(row))
        except IntegrityError:
            if self.get(file_id) is None:
                raise
        return file_id

    def attach(self, given: Sequence[tuple[str, str]]) -> None:
        """Note with which matter files were given; *given* holds (file, matter)."""
        if given:
            rows = [{"of_district": self.district, "file": file, "to_matter": matter} for file, matter in given]
            self.connection.execute(_ATTACH, rows)

    def of_matter(self, matter_id: str) -> list[tuple[str, datetime]]:
        """Return (id, instant) of the files given with a matter that are still there, oldest first."""
        rows = _OF_MATTER.rows(self.connection, district=self.district, matter=matter_id)
        return [(file, at) for file, at in rows]

    def get(self, file_id: str) -> StoredFile | None:
        """Return a file."""
        names = ("id", "matter_id", "sha256", "media_type", "size", "name_ref", "at", "bytes")
        query = select(*(FILE.c[name] for name in names))
        row = self.connection.execute(
            query.where(FILE.c.district_id == self.district, FILE.c.id == file_id)
        ).one_or_none()
        return StoredFile(*row) if row else None

    def erase(self, file_id: str) -> None:
        """Take a file away for good, its name too: it ends with a hash that anybody with the picture could compare."""
        self.connection.execute(delete(FILE).where(FILE.c.district_id == self.district, FILE.c.id == file_id))

    def forget_unused(self, *, before: datetime) -> int:
        """Take away what was sent before an instant and never given with a matter; return how many."""
        unused = delete(FILE).where(FILE.c.district_id == self.district, FILE.c.matter_id.is_(None), FILE.c.at < before)
        return int(self.connection.execute(unused).rowcount)
