"""The outbox: a notice is claimed by one, tried again later, and ticked off once."""

from datetime import UTC, datetime, timedelta

from engine.store.messages import Message
from engine.store.outbox import Outgoing
from engine.store.unit_of_work import UnitOfWork

AT = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def add(uow: UnitOfWork, *numbers: int) -> None:
    """Put notices into the outbox."""
    notices = [
        Outgoing(
            id=f"n{n}", key=f"m/{n}/1", matter="m", seq=n, n=1, role="grid_worker", unit="zhu-1", post=None,
            channel="in_app", kind="late", urgent=False, facts=b"{}", made_at=AT, not_before=None, attempts=0,
            next_attempt_at=AT,
        )
        for n in numbers
    ]  # fmt: skip
    with uow.write() as tx:
        tx.outbox.add_many(notices)


def claim(uow: UnitOfWork, at: datetime) -> list[str]:
    """Claim what is due and return its ids."""
    with uow.write() as tx:
        return [notice.id for notice in tx.outbox.claim_due(at, limit=10, lease_until=at + MINUTE)]


def test_notice_is_claimed_by_one_until_the_lease_ends(uow: UnitOfWork) -> None:
    """A second claimer gets nothing; when the first is gone, the notice comes back."""
    add(uow, 1, 2)

    assert claim(uow, AT) == ["n1", "n2"]
    assert claim(uow, AT) == []
    assert claim(uow, AT + MINUTE) == ["n1", "n2"]


def test_sent_and_given_up_notices_do_not_come_back(uow: UnitOfWork) -> None:
    """Ticked off is ticked off."""
    add(uow, 1, 2, 3)

    with uow.write() as tx:
        tx.outbox.sent(["n1"], at=AT)
        tx.outbox.give_up("n2", at=AT, attempts=8, error="拒收")

    assert claim(uow, AT + MINUTE) == ["n3"]
    with uow.read() as tx:
        assert tx.outbox.count_waiting() == 1
        assert [(sent, dead) for _, sent, dead in tx.outbox.of_matter("m")] == [(AT, None), (None, AT), (None, None)]


def test_notice_waits_when_it_is_put_off(uow: UnitOfWork) -> None:
    """A failed notice is tried again at its time, with its count."""
    add(uow, 1)
    claim(uow, AT)

    with uow.write() as tx:
        tx.outbox.put_off("n1", until=AT + 5 * MINUTE, attempts=1, error="没有应答")

    assert claim(uow, AT + 2 * MINUTE) == []
    with uow.write() as tx:
        assert tx.outbox.next_attempt() == AT + 5 * MINUTE
        (again,) = tx.outbox.claim_due(AT + 5 * MINUTE, limit=10, lease_until=AT + 6 * MINUTE)
    assert again.attempts == 1


def test_message_is_kept_once_when_its_key_comes_twice(uow: UnitOfWork) -> None:
    """A repeated key changes nothing; post and role see their own."""
    one = Message("1", "k", None, "grid_worker", "zhu-1", "m", "late", False, "超时了", AT)
    own = Message("2", "k2", "post", None, None, "m", "late", False, "超时了", AT + MINUTE)
    with uow.write() as tx:
        tx.messages.add_many([one, own])
        tx.messages.add_many([one])

    with uow.read() as tx:
        seen = tx.messages.for_post("post", role="grid_worker", unit="zhu-1", limit=10)
        others = tx.messages.for_post("other", role="grid_worker", unit="zhu-2", limit=10)
        newest = tx.messages.for_post("post", role="grid_worker", unit="zhu-1", limit=1)
        rest = tx.messages.for_post(
            "post", role="grid_worker", unit="zhu-1", limit=10, before=(newest[0].at, newest[0].id)
        )
    assert [message.id for message in seen] == ["2", "1"]
    assert others == []
    assert [*newest, *rest] == seen
