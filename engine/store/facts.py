"""Facts of the deployment."""

from sqlalchemy import bindparam, insert, select, update

from engine.store.bulk import is_sqlite
from engine.store.prepared import Prepared
from engine.store.repository import Repository, table

FACT = table("deployment")
_ALL = Prepared(select(FACT.c.key, FACT.c.value).where(FACT.c.district_id == bindparam("district")))


class Facts(Repository):
    """Facts of the deployment: id of the log, version of the organisation, last tick."""

    def get(self, key: str) -> str | None:
        """Return a fact."""
        return self.all().get(key)

    def all(self) -> dict[str, str]:
        """Return all facts."""
        return dict(_ALL.rows(self.connection, district=self.district))

    def put(self, key: str, value: str) -> None:
        """Note a fact."""
        this = (FACT.c.district_id == self.district, FACT.c.key == key)
        if self.connection.execute(update(FACT).where(*this).values(value=value)).rowcount == 0:
            self.connection.execute(insert(FACT).values(district_id=self.district, key=key, value=value))

    def count_up(self, key: str) -> int:
        """Add one to a fact that is a number, and return it."""
        query = select(FACT.c.value).where(FACT.c.district_id == self.district, FACT.c.key == key)
        if not is_sqlite(self.connection):
            query = query.with_for_update()
        known = self.connection.execute(query).scalar()
        number = int(known or 0) + 1
        self.put(key, str(number))
        return number
