"""Where somebody may file: at or below the own unit; residents tell of any place."""

import pytest

from engine.core.matter import Actor
from engine.core.scope import SYSTEM
from engine.core.terms import RefusalCode
from tests.support.small_flow import CHIEF, DESK, HEAD_OF, RESIDENT, WORKER, Small, flow

EVERYBODY = "start: { to: doing, by: [resident, worker, head, chief, desk], optional: [note] }\n"
STATES = "  doing: { held_by: worker, due: 3wd, timers: [ { at: due, do: close, to: done } ] }\n"


@pytest.mark.parametrize(
    ("by", "place", "refused"),
    [
        (WORKER, "grid", None),
        (WORKER, "grid2", RefusalCode.SCOPE),
        (WORKER, "community", RefusalCode.SCOPE),
        (HEAD_OF, "grid2", None),
        (HEAD_OF, "community", None),
        (HEAD_OF, "street", RefusalCode.SCOPE),
        (CHIEF, "grid2", None),
        (DESK, "grid", None),
        (RESIDENT, "grid2", None),
        (SYSTEM, "grid2", None),
        (WORKER, "nowhere", RefusalCode.FIELD),
    ],
)
def test_file_is_refused_when_the_place_lies_outside_of_the_unit(
    by: Actor, place: str, refused: RefusalCode | None
) -> None:
    """A form sent with another grid's name opens nothing there."""
    town = Small(flow(STATES, start=EVERYBODY))

    assert town.file("2026-11-16 09:00", by=by, place=place) == refused
