"""Codes of receipts, on both databases: what they open, and that wrong ones are counted."""

from collections.abc import Iterator

import pytest

from engine.core.command import File
from engine.errors import NotFound, TooManyTries
from engine.services.advance import Done, Entry, advance
from engine.services.give_receipt import FREE, give_receipt, matter_of
from engine.services.save import DemandGiven
from tests.support.errand import CHORE, ERRAND, flow
from tests.support.pg import Prepare
from tests.support.town import DISTRICT, MONDAY, Town, actor, opened, settle

ADDRESS = "10.1.1.9"
RESIDENT = actor("resident", "zhu-1")


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the small town and its errands."""
    return lambda url: settle(url, flows=(flow("chore", CHORE), flow("errand", ERRAND)))


@pytest.fixture
def town(prepared_database_url: str) -> Iterator[Town]:
    """The town, on both databases."""
    with opened(prepared_database_url) as found:
        yield found


def file_demand(town: Town) -> str:
    """The id of a demand just filed."""
    command = File(
        matter="m1", district=DISTRICT, workflow="errand", start="resident", actor=RESIDENT, place="zhu-1",
        values={"detail": "灯不亮"},
    )  # fmt: skip
    entry = Entry(command, demand=DemandGiven(channel="resident"))
    (outcome,) = advance(town.uow, [entry], now=MONDAY, services=town.door)
    assert isinstance(outcome, Done)
    return outcome.matter.id


def opens(town: Town, code: str) -> str:
    """The id of the matter that *code* opens."""
    return matter_of(town.uow, code, address=ADDRESS, now=MONDAY, ids=town.door.ids).id


def test_code_opens_its_matter_until_another_takes_its_place(town: Town) -> None:
    """The newest code opens it, from an address that has tried wrong ones too."""
    demand = file_demand(town)
    salts = iter(bytes([n]) * 32 for n in range(1, 9))
    first, second = (
        give_receipt(town.uow, demand, salts=lambda: next(salts), by=actor("service_centre", "street"), now=MONDAY)
        for _ in range(2)
    )

    with pytest.raises(NotFound):
        opens(town, first)
    assert opens(town, second) == demand


def test_address_waits_when_it_has_tried_too_many_wrong_codes(town: Town) -> None:
    """Each wrong code is counted; then even a code is not looked at."""
    for _ in range(FREE):
        with pytest.raises(NotFound):
            opens(town, "0000-0000-0000")

    with pytest.raises(TooManyTries):
        opens(town, "0000-0000-0000")
