"""A matter in the wrong grid: an action with `place_from` gives it to the grid that is chosen."""

from datetime import UTC, datetime

import pytest

from engine.core.command import Act, File
from engine.core.decision import Decision, Refusal
from engine.core.matter import Actor, Holder
from engine.core.offers import offers
from engine.core.rehearse import Rehearsal
from engine.core.terms import RefusalCode
from tests.support.shipped import shipped_flows, shipped_town, shipped_world

NOW = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)
TOWN = shipped_town({"g1": "grid_worker", "g2": "grid_worker@grid2"})
RESIDENT = Actor(post="r", role="resident", person="r")


def filed() -> Rehearsal:
    """A demand that waits in the first grid."""
    engine = Rehearsal((), flows=shipped_flows(), world=shipped_world(TOWN))
    answer = engine.do(
        File(
            matter="m", district="d", workflow="three_tier", start="resident", actor=RESIDENT, place="grid1",
            reporter=RESIDENT, values={"detail": "路灯不亮"},
        ),
        NOW,
    )  # fmt: skip
    assert not isinstance(answer, Refusal)
    return engine


def transfer(engine: Rehearsal, to: str) -> list[Decision] | Refusal:
    """Let the first grid's worker give it away."""
    values: dict[str, str | int | bool | list[str]] = {"to_grid": to, "note": "那盏灯不归我们"}
    return engine.do(Act(matter="m", action="transfer", actor=TOWN.people["g1"], values=values), NOW)


def test_matter_belongs_to_the_chosen_grid_when_it_is_given_away() -> None:
    """Place, holder and who may act are those of the new grid; promises run on."""
    engine = filed()
    promised = engine.matters["m"].clocks["named.sign"].due

    answer = transfer(engine, "grid2")

    matter = engine.matters["m"]
    assert not isinstance(answer, Refusal)
    assert (matter.place, matter.holder) == ("grid2", Holder(role="grid_worker", unit="grid2"))
    assert matter.clocks["named.sign"].due == promised
    accept = Act(matter="m", action="accept", actor=TOWN.people["g1"], values={"category": "E6"})
    refused = engine.do(accept, NOW)
    assert isinstance(refused, Refusal)
    assert refused.code is RefusalCode.SCOPE


@pytest.mark.parametrize("to", ["grid1", "nowhere", "community2", "water"], ids=["the same", "none", "no grid", "unit"])
def test_place_is_refused_when_it_is_no_other_grid(to: str) -> None:
    """Only another grid takes it; the field to look at is named, and nothing has changed."""
    engine = filed()
    before = engine.matters["m"]

    answer = transfer(engine, to)

    assert isinstance(answer, Refusal)
    assert (answer.code, answer.field) == (RefusalCode.FIELD, "to_grid")
    assert engine.matters["m"] is before


def test_page_offers_the_other_grids_of_the_street() -> None:
    """The form lists where it may go, not where it is."""
    engine = filed()

    found = offers(engine.pinned["m"], engine.matters["m"], TOWN.people["g1"], now=NOW, world=engine.world)

    asked = {field.field: field for offer in found if offer.action == "transfer" for field in offer.asked}
    assert [grid for grid, _ in asked["to_grid"].choices] == ["grid2", "grid3"]
