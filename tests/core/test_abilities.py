"""What a post lets its holder open and do."""

import pytest

from engine.core.abilities import abilities_of
from engine.core.terms import Ability, Office

CONTENT = {Ability.WORK, Ability.FILE, Ability.IDENTITY, Ability.DISPATCH, Ability.ORDERS, Ability.BOARD}


@pytest.mark.parametrize("office", list(Office))
def test_office_never_works_on_matters_when_held(office: Office) -> None:
    """System administrator, security administrator and auditor have nothing in common with those who handle matters."""
    assert abilities_of(office.value, ()) & CONTENT == set()


def test_offices_share_no_power_when_compared() -> None:
    """What one administrator may do, no other may: nobody can both act and hide it."""
    powers = [abilities_of(office.value, ()) - {Ability.SHEET} for office in Office]

    assert sum(len(power) for power in powers) == len(frozenset().union(*powers))


def test_abilities_are_empty_when_no_flow_knows_the_role() -> None:
    """A role nobody declared opens nothing."""
    assert abilities_of("made_up", ()) == frozenset()
