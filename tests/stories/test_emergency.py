"""An emergency on a Saturday night: everybody is called at filing, nobody waits for office hours."""

from tests.stories.conftest import RESIDENT, Street
from tests.support.town import actor

WORKER, DESK, HOUSING = actor("grid_worker", "zhu-1"), actor("duty_desk", "street"), actor("department", "housing")


def test_everybody_is_called_when_an_emergency_is_filed_at_night(street: Street) -> None:
    """Messages break the quiet hours, milestones warn those above, and the lead's end brings it to the check."""
    street.at("03-07 22:10")
    gas = street.file("resident", by=RESIDENT, detail="楼道里有很浓的煤气味", category="B3", kind="quick")
    street.at("03-07 22:11")
    called = street.see(gas)
    assert (called.state, called.level) == ("quick", "joint")
    for role in ("grid_worker", "community_head", "service_centre"):
        assert street.letters(gas, role) == ["warn"], role
    # No department is responsible for gas in this town: the desk is told, and fills the seat.
    assert street.letters(gas, "duty_desk") != []
    street.do(gas, "assign", by=DESK, seats={"lead": ["housing"]})
    (lead,) = street.children(gas, "lead")
    assert lead.state == "doing"

    street.at("03-07 22:20")
    street.do(gas, "arrive", by=WORKER)
    street.at("03-08 00:15")
    assert street.letters(gas, "street_head") == ["warn"]
    assert street.letters(gas, "district_centre") == ["warn"]

    street.do(gas, "control", by=DESK, note="关了总阀，疏散两层")
    street.do(street.see(lead), "finish", by=HOUSING, note="换了接头，检测无泄漏")
    assert street.see(gas).state == "check"
    street.books_agree()
