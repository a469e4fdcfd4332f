"""A history is told anew only where something of it has changed, and then at once, whoever changed it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import update

from engine.core.command import Act
from engine.core.history import vault_ref
from engine.core.matter import Actor, Matter
from engine.services.case_file import CaseFile, Surroundings, case_file
from engine.services.erase import erase
from engine.store.tables.schema import METADATA
from tests.support.logged import settle_shipped
from tests.support.pg import Prepare
from tests.support.town import MONDAY, Town, actor, opened

WORKER, RESIDENT = actor("grid_worker", "zhu-1"), actor("resident", "zhu-1")
TOLD = "楼道灯不亮"


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the town with the shipped flows."""
    return settle_shipped


@pytest.fixture
def towns(prepared_database_url: str) -> Iterator[tuple[Town, Town]]:
    """The town as two processes have it open."""
    with opened(prepared_database_url) as one, opened(prepared_database_url) as other:
        yield one, other


def filed(town: Town) -> Matter:
    """A resident reports something."""
    return town.file("three_tier", "resident", by=RESIDENT, reporter=RESIDENT, place="zhu-1", detail=TOLD, kind="small")


def page(town: Town, matter: Matter) -> CaseFile:
    """The page of *matter* as the grid worker sees it."""
    shelf = town.door.shelf
    with town.uow.read() as tx:
        around = Surroundings(shelf.world(tx), lambda one: shelf.workflow(tx, one), {}, MONDAY)
        return case_file(tx, matter.id, viewer=WORKER, around=around)


def test_history_is_not_told_anew_when_something_else_was_written(towns: tuple[Town, Town]) -> None:
    """Whatever others do elsewhere: it is the very same one."""
    here, other = towns
    matter, another = filed(here), filed(here)
    before = page(here, matter)

    other.do(Act(matter=another.id, action="note", actor=WORKER, values={"note": "去看过"}))

    after = page(here, matter)
    assert after.history is before.history
    assert after.offers is before.offers
    assert page(here, another).history[0].said[0].text == "去看过"


def test_words_are_gone_from_the_history_when_they_were_erased_elsewhere(towns: tuple[Town, Town]) -> None:
    """From the title too."""
    here, other = towns
    matter = filed(here)
    assert TOLD in repr(page(here, matter))

    one, two = (Actor(post=f"office.{n}", role="security_admin", person=n) for n in "ab")
    erase(other.uow, [vault_ref(matter.id, 1, "detail")], basis="本人要求", by=one, second=two, now=MONDAY,
          services=other.door)  # fmt: skip

    after = page(here, matter)
    assert TOLD not in repr(after)
    assert "删去" in repr(after.history)


@pytest.mark.parametrize(("column", "new"), [("value", '"别的话"'.encode()), ("restricted", True)])
def test_history_is_told_as_it_stands_when_the_vault_was_changed_past_the_engine(
    towns: tuple[Town, Town], column: str, new: bytes | bool
) -> None:
    """By SQL, without any event: nobody is shown what is no longer there."""
    here, other = towns
    matter = filed(here)
    before = page(here, matter)

    with other.uow.database.writing() as connection:
        of = METADATA.tables["vault"]
        done = connection.execute(update(of).where(of.c.matter_id == matter.id).values({column: new}))
        assert done.rowcount

    assert page(here, matter).history != before.history
