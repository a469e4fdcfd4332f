"""Private values: kept, searched, restricted and erased, apart from the history that commits to them."""

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Update, and_, bindparam, delete, intersect, select, update

from engine.store.bulk import BulkInsert
from engine.store.matters import batched_ids
from engine.store.prepared import Prepared
from engine.store.repository import Repository, table
from engine.store.scope import Scope, within

MATTER = table("matter")
VAULT = table("vault")
BIGRAM = table("vault_bigram")

_NAMES = ("ref", "matter_id", "seq", "field", "subject", "salt", "value", "purpose", "keep_until")
_INSERT = BulkInsert(VAULT, ("district_id", *_NAMES, "restricted"))
_MANY = Prepared(
    select(*(VAULT.c[name] for name in _NAMES), VAULT.c.restricted, VAULT.c.erased_at).where(
        VAULT.c.district_id == bindparam("district"), VAULT.c.ref.in_(bindparam("refs", expanding=True))
    )
)
_INSERT_GRAMS = BulkInsert(BIGRAM, ("district_id", "gram", "ref"))


@dataclass(frozen=True, slots=True)
class Secret:
    """A private value with the salt of its commitment; both None once it is erased."""

    ref: str
    matter: str
    seq: int
    field: str
    subject: str | None
    salt: bytes | None
    value: bytes | None
    purpose: str
    keep_until: datetime | None = None
    restricted: bool = False
    erased_at: datetime | None = None


class Vault(Repository):
    """The private values of a district."""

    def put_many(self, secrets: Sequence[Secret], *, searchable: Iterable[tuple[str, str]] = ()) -> None:
        """Keep *secrets*, and make those of *searchable* (ref and text) findable."""
        rows = [
            (self.district, s.ref, s.matter, s.seq, s.field, s.subject, s.salt, s.value, s.purpose, s.keep_until, False)
            for s in secrets
        ]
        _INSERT.run(self.connection, rows)
        grams = [(self.district, gram, ref) for ref, text in searchable for gram in sorted(grams_of(text))]
        _INSERT_GRAMS.run(self.connection, grams)

    def get_many(self, refs: Collection[str]) -> dict[str, Secret]:
        """Return the rows of those of *refs* that exist, restricted and erased ones too."""
        found: dict[str, Secret] = {}
        for some in batched_ids(refs):
            for row in _MANY.rows(self.connection, district=self.district, refs=some):
                found[row[0]] = Secret(*row)
        return found

    def search(self, text: str, *, limit: int, scope: Scope | None = None) -> list[str]:
        """
        Return refs of values in which every pair of neighbouring characters of *text* occurs, newest first.

        *scope* leaves out the values of matters outside of it, before they are counted against *limit*.
        """
        wanted = grams_of(text)
        if not wanted:
            return []
        # Grouped by ref and counted, SQLite would read every pair of the district in the order of the refs.
        with_gram = [
            select(BIGRAM.c.ref).where(BIGRAM.c.district_id == self.district, BIGRAM.c.gram == gram)
            for gram in sorted(wanted)
        ]
        found = intersect(*with_gram).subquery("found")
        hits = select(found.c.ref)
        if scope is not None:
            of = and_(VAULT.c.district_id == self.district, VAULT.c.ref == found.c.ref)
            beside = and_(MATTER.c.district_id == VAULT.c.district_id, MATTER.c.id == VAULT.c.matter_id)
            seen = within(scope, district=self.district, kinds=None)
            hits = hits.join(VAULT, of).join(MATTER, beside).where(seen)
        return list(self.connection.execute(hits.order_by(found.c.ref.desc()).limit(limit)).scalars())

    def kept_of(self, matter_ids: Collection[str]) -> list[tuple[str, str, str]]:
        """Return (matter, ref, field) of the values of those matters that are still there, in that order."""
        found: list[tuple[str, str, str]] = []
        for some in batched_ids(matter_ids):
            here = (VAULT.c.district_id == self.district, VAULT.c.matter_id.in_(some), VAULT.c.erased_at.is_(None))
            query = select(VAULT.c.matter_id, VAULT.c.ref, VAULT.c.field).where(*here)
            found.extend((matter, ref, field) for matter, ref, field in self.connection.execute(query))
        return sorted(found)

    def restrict(self, ref: str) -> None:
        """Hide a value from everyone but the legal role; it still proves."""
        self.connection.execute(self._of(ref).values(restricted=True))

    def erase(self, ref: str, *, at: datetime) -> None:
        """Take a value, its salt, whose it is and all that finds it away for good."""
        self.connection.execute(delete(BIGRAM).where(BIGRAM.c.district_id == self.district, BIGRAM.c.ref == ref))
        self.connection.execute(self._of(ref).values(value=None, salt=None, subject=None, erased_at=at))

    def _of(self, ref: str) -> Update:
        return update(VAULT).where(VAULT.c.district_id == self.district, VAULT.c.ref == ref)


def grams_of(text: str) -> frozenset[str]:
    """Return the pairs of neighbouring characters of *text*, width and case levelled, blanks left out."""
    plain = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    if len(plain) == 1:
        return frozenset((plain,))
    return frozenset(plain[n : n + 2] for n in range(len(plain) - 1))
