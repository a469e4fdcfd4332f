"""Write events of system matters: what changes rights, rules, calendars and settings stands in the history too."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.core.history import Event, chain_next, chain_origin, event_bytes
from engine.core.matter import Actor
from engine.core.terms import EventType
from engine.errors import Broken
from engine.store.events import SYSTEM_PREFIX, EventRecord
from engine.store.unit_of_work import Transaction

LOG_FACT = "log"
DIGESTED_FACT = "digested_until"


def log_of(tx: Transaction) -> str:
    """
    Return the id of this deployment's log.

    Raises:
        Broken: the deployment was never opened.
    """
    log = tx.facts.get(LOG_FACT)
    if log is None:
        raise Broken(what="数据库还没有开户", where="deployment.log")
    return log


def record(
    tx: Transaction, topic: str, *, action: str, by: Actor, now: datetime, data: Mapping[str, Any]
) -> EventRecord:
    """
    Append an event to the system chain of *topic* (`workflows`, `organisation` …) and return it.

    A clock set back does not take the chain back: the event is then as late as the one before it, and no earlier than
    the end of the last day that has a digest.
    """
    chain, log = f"{SYSTEM_PREFIX}{topic}", log_of(tx)
    seq, head = tx.events.chain_head(chain) or (0, chain_origin(log, chain))
    digested = tx.facts.get(DIGESTED_FACT)
    now = max(now, tx.events.recorded_at(chain, seq) or now, datetime.fromisoformat(digested) if digested else now)
    event = Event(
        v=1,
        log=log,
        matter=chain,
        seq=seq + 1,
        type=EventType.SYSTEM.value,
        to="",
        action=action,
        actor=by,
        at=now,
        recorded_at=now,
        workflow="",
        calendar="",
        data=dict(data),
    )
    body = event_bytes(event)
    written = EventRecord(
        chain=chain,
        seq=seq + 1,
        type=event.type,
        at=now,
        recorded_at=now,
        timer_key=None,
        body=body,
        head=chain_next(head, body),
    )
    tx.events.append_many((written,))
    tx.events.move_chain(chain, seq=written.seq, head=written.head)
    return written
