"""A demand nobody touches: late, supervised, moved up; and the old holder stays as assist."""

from engine.core.matter import Holder
from tests.stories.conftest import RESIDENT, Street


def test_demand_goes_up_by_itself_when_nobody_comes(street: Street) -> None:
    """Late changes nobody, supervision adds the superior, the escalation moves the job and keeps the old holder."""
    street.at("03-02 09:00")
    lamp = street.file("resident", by=RESIDENT, detail="楼道灯不亮", kind="small")
    street.at("03-02 09:05")
    assert street.letters(lamp, "grid_worker") == ["filed"]
    due = lamp.clocks["state"].due

    street.at("03-02 18:00")
    late = street.see(lamp)
    assert late.clocks["state"].late_at == due
    assert (late.state, late.holder) == ("take_in", Holder(role="grid_worker", unit="zhu-1"))
    assert "late" in street.letters(lamp, "grid_leader")

    street.at("03-03 18:00")
    supervised = street.see(lamp)
    assert supervised.answers == Holder(role="grid_leader", unit="zhu-1")
    assert supervised.holder == late.holder

    street.at("03-06 18:00")
    moved = street.see(lamp)
    assert (moved.state, moved.level) == ("community_intake", "community")
    assert moved.holder == Holder(role="community_clerk", unit="zhu")
    assert moved.kept == (Holder(role="grid_worker", unit="zhu-1"),)
    assert "escalate" in street.letters(lamp, "community_clerk")
    assert street.history(lamp)[:1] == ["resident"]
    assert [what for what in street.history(lamp) if what in ("supervise", "escalate")] == ["supervise", "escalate"]
    street.books_agree()
