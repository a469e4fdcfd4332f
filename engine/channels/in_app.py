"""The in-app channel: messages in the letter boxes that `/messages` shows."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from engine.services.deliver import Sending
from engine.store.messages import Message
from engine.store.unit_of_work import UnitOfWork

NAME = "in_app"


class InApp:
    """Puts messages into letter boxes; a key that is there already changes nothing."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def send_many(self, messages: Sequence[Sending], *, now: datetime) -> Mapping[str, str]:
        """Keep *messages*, all or none."""
        with self._uow.write() as tx:
            tx.messages.add_many(
                [
                    Message(
                        id=m.key,
                        key=m.key,
                        post=m.post,
                        role=m.role,
                        unit=m.unit,
                        matter=m.matter,
                        kind=m.kind,
                        urgent=m.urgent,
                        text=m.text,
                        at=now,
                    )
                    for m in messages
                ]
            )
        return {}
