"""The people of the errands, what they do most, and the check that all books of a matter agree."""

from sqlalchemy import text

from engine.core.history import chain_next, chain_origin, commitment, fold, read_event
from engine.core.matter import Matter
from engine.core.timers import armed
from tests.support.town import Town, actor

RESIDENT = actor("resident", "zhu-1")
WORKER = actor("grid_worker", "zhu-1")
LEADER = actor("grid_leader", "zhu-1")
HOUSING = actor("department", "housing")
LOG = "log-of-the-tests"


def file_errand(town: Town, detail: str = "灯坏了") -> Matter:
    """File an errand of the resident of the first grid."""
    return town.file("errand", "resident", by=RESIDENT, reporter=RESIDENT, detail=detail)


def counts(town: Town) -> dict[str, int]:
    """How many rows each table that a decision writes has."""
    tables = (
        "matter",
        "event",
        "timer",
        "vault",
        "vault_bigram",
        "outbox",
        "demand",
        "reporter",
        "idempotency",
        "alarm",
    )
    with town.uow.read() as tx:
        return {t: tx.connection.execute(text(f"SELECT count(*) FROM {t}")).scalar_one() for t in tables}


def check_books(town: Town, matter_id: str) -> None:
    """Chain, fold, timers, vault and the matter's row agree with each other (S1, T1)."""
    with town.uow.read() as tx:
        stored = tx.matters.get(matter_id)
        assert stored is not None
        records = list(tx.events.of(matter_id))
        assert [record.seq for record in records] == list(range(1, len(records) + 1))
        head = chain_origin(LOG, matter_id)
        for record in records:
            head = chain_next(head, record.body)
            assert record.head == head
        events = [read_event(record.body) for record in records]
        assert stored.head == head
        assert fold(events) == stored.matter
        for event in events:
            for ref, secret in tx.vault.get_many(event.private).items():
                assert secret.salt is not None
                assert secret.value is not None
                assert commitment(secret.salt, ref, secret.value) == event.private[ref]
        workflow = town.door.shelf.workflow(tx, stored.matter.digest)
        should = armed(workflow, stored.matter, town.door.shelf.world(tx))
        assert {t.key: t for t in tx.timers.of_many((matter_id,))[matter_id]} == {t.key: t for t in should}
