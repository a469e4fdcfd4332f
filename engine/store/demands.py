"""What a demand has beside its matter: number, channel, external reference, reporters."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, update

from engine.store.bulk import BulkInsert, is_sqlite
from engine.store.matters import batched_ids
from engine.store.prepared import Prepared
from engine.store.repository import Repository, table

DEMAND = table("demand")
REPORTER = table("reporter")
SERIAL = table("serial")

_NAMES = (
    "matter_id",
    "number",
    "category",
    "channel",
    "external_number",
    "external_due",
    "receipt_code_hash",
)
_INSERT = BulkInsert(DEMAND, ("district_id", *_NAMES))
_REPORTER_NAMES = ("matter_id", "n", "person", "name_ref", "phone_ref")
_INSERT_REPORTERS = BulkInsert(REPORTER, ("district_id", *_REPORTER_NAMES))
_BEGIN_SERIES = BulkInsert(SERIAL, ("district_id", "series", "last"), unless_there=True)
_DEMAND = select(*(DEMAND.c[name] for name in _NAMES)).where(DEMAND.c.district_id == bindparam("district"))
_MANY = Prepared(_DEMAND.where(DEMAND.c.matter_id.in_(bindparam("matters", expanding=True))))
_BY_NUMBER = Prepared(_DEMAND.where(DEMAND.c.number == bindparam("number")))
_REPORTERS = Prepared(
    select(*(REPORTER.c[name] for name in _REPORTER_NAMES))
    .where(REPORTER.c.district_id == bindparam("district"), REPORTER.c.matter_id == bindparam("matter"))
    .order_by(REPORTER.c.n)
)
_SET_CATEGORY = (
    update(DEMAND)
    .where(DEMAND.c.district_id == bindparam("of_district"), DEMAND.c.matter_id == bindparam("of_matter"))
    .values(category=bindparam("now_category"))
)


@dataclass(frozen=True, slots=True)
class Demand:
    """The rows beside a demand's matter, reporters apart."""

    matter: str
    number: str
    category: str | None
    channel: str
    external_number: str | None = None
    external_due: datetime | None = None
    receipt_code_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class Reporter:
    """The n-th reporter of a demand; name and phone are vault rows."""

    matter: str
    n: int
    person: str | None
    name_ref: str | None
    phone_ref: str | None


class Demands(Repository):
    """The demands of a district."""

    def add_many(self, demands: Sequence[Demand], reporters: Sequence[Reporter]) -> None:
        """Keep *demands* and their *reporters*."""
        rows = [
            (
                self.district,
                d.matter,
                d.number,
                d.category,
                d.channel,
                d.external_number,
                d.external_due,
                d.receipt_code_hash,
            )
            for d in demands
        ]
        _INSERT.run(self.connection, rows)
        people = [(self.district, r.matter, r.n, r.person, r.name_ref, r.phone_ref) for r in reporters]
        _INSERT_REPORTERS.run(self.connection, people)

    def set_categories(self, changed: Sequence[tuple[str, str | None]]) -> None:
        """Note the categories demands now have; *changed* holds (matter, category)."""
        if changed:
            rows = [{"of_district": self.district, "of_matter": m, "now_category": category} for m, category in changed]
            self.connection.execute(_SET_CATEGORY, rows)

    def get_many(self, matter_ids: Collection[str]) -> dict[str, Demand]:
        """Return the demands of those matters that have one."""
        found: dict[str, Demand] = {}
        for some in batched_ids(matter_ids):
            for row in _MANY.rows(self.connection, district=self.district, matters=some):
                found[row[0]] = Demand(*row)
        return found

    def by_number(self, number: str) -> Demand | None:
        """Return the demand of that number."""
        row = _BY_NUMBER.first(self.connection, district=self.district, number=number)
        return Demand(*row) if row else None

    def by_external(self, numbers: Collection[str]) -> dict[str, Demand]:
        """Return the demands of those numbers of an upper platform, by that number; the first where there are two."""
        found: dict[str, Demand] = {}
        for some in batched_ids(numbers):
            query = select(*(DEMAND.c[name] for name in _NAMES))
            query = query.where(DEMAND.c.district_id == self.district, DEMAND.c.external_number.in_(some))
            for row in self.connection.execute(query.order_by(DEMAND.c.matter_id)):
                found.setdefault(row.external_number, Demand(*row))
        return found

    def by_receipt(self, code_hash: bytes) -> Demand | None:
        """Return the demand whose receipt has the code of that hash."""
        query = select(*(DEMAND.c[name] for name in _NAMES))
        query = query.where(DEMAND.c.district_id == self.district, DEMAND.c.receipt_code_hash == code_hash)
        row = self.connection.execute(query).one_or_none()
        return Demand(*row) if row else None

    def set_receipt(self, matter_id: str, code_hash: bytes) -> None:
        """Note the hash of the code that opens a demand from now on."""
        query = update(DEMAND).where(DEMAND.c.district_id == self.district, DEMAND.c.matter_id == matter_id)
        self.connection.execute(query.values(receipt_code_hash=code_hash))

    def reporters_of(self, matter_id: str) -> list[Reporter]:
        """Return the reporters of a demand, in order."""
        return [Reporter(*row) for row in _REPORTERS.rows(self.connection, district=self.district, matter=matter_id)]

    def forget_people(self, matter_id: str) -> None:
        """Keep no longer whose accounts the reporters of a demand are."""
        query = update(REPORTER).where(REPORTER.c.district_id == self.district, REPORTER.c.matter_id == matter_id)
        self.connection.execute(query.values(person=None))

    def take_serials(self, series: str, count: int) -> range:
        """Take the next *count* numbers of *series*; others who want some wait until this transaction ends."""
        _BEGIN_SERIES.run(self.connection, [(self.district, series, 0)])
        this = (SERIAL.c.district_id == self.district, SERIAL.c.series == series)
        query = select(SERIAL.c.last).where(*this)
        last = int(
            self.connection.execute(query if is_sqlite(self.connection) else query.with_for_update()).scalar_one()
        )
        self.connection.execute(update(SERIAL).where(*this).values(last=last + count))
        return range(last + 1, last + count + 1)
