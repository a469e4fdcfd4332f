"""A matter for several departments: one leads, one assists, each with a clock of its own."""

from tests.stories.conftest import Street
from tests.support.town import actor

CLERK, HEAD = actor("community_clerk", "zhu"), actor("community_head", "zhu")
OFFICE = actor("street_office", "street")
WATER, HOUSING = actor("department", "water"), actor("department", "housing")


def test_demand_comes_back_for_checking_when_lead_and_assist_are_done(street: Street) -> None:
    """The one who is done first waits; the one who does not take it on is late by itself, not the demand."""
    street.at("03-02 09:00")
    pipe = street.file("council", by=CLERK, detail="下水主管塌陷", category="B6", kind="hard")
    street.at("03-02 09:30")
    street.do(pipe, "up", by=HEAD, reason="needs_many_units", done_so_far="物业看过")
    street.at("03-02 10:00")
    street.do(pipe, "dispatch", by=OFFICE, seats={"lead": ["water"], "assist": ["housing"]})
    ((lead,), (assist,)) = street.children(pipe, "lead"), street.children(pipe, "assist")
    assert lead.state == assist.state == "assigned"

    street.at("03-02 11:00")
    street.do(lead, "accept", by=WATER)
    street.at("03-03 11:00")
    assert street.see(assist).clocks["state"].late_at is not None
    assert street.see(lead).clocks["state"].late_at is None
    assert street.see(pipe).state == "departments"

    street.at("03-05 16:00")
    assert street.see(assist).state == "doing"
    street.do(street.see(lead), "finish", by=WATER, note="主管换了十二米")
    assert street.see(pipe).state == "departments"
    street.at("03-06 10:00")
    street.do(street.see(assist), "finish", by=HOUSING, note="路面恢复")

    assert street.see(pipe).state == "check"
    assert [seat.outcome for seat in street.see(pipe).seats.values()] == ["done", "done"]
    street.at("03-06 11:00")
    assert "moved" in street.letters(pipe, "service_centre")
    street.books_agree()
