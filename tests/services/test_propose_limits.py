"""Proposed limits: another person decides, what was approved takes effect once, the dry run tells what happens."""

from datetime import timedelta
from random import Random
from typing import Any

import msgspec
import pytest

from engine.core.history import read_event
from engine.core.matter import Actor, Matter
from engine.core.terms import EventType, ProposalState
from engine.core.timers import armed
from engine.core.workflow.limits_edit import edit_limits
from engine.core.workflow.tree import Path
from engine.errors import BadText, Conflict, KeyReused
from engine.services import decide_proposal
from engine.services.audit import verify
from engine.services.decide_proposal import TakenOver, approve, refuse, take_effect
from engine.services.doctor import examine
from engine.services.dry_run import DryRun
from engine.services.propose_limits import (
    Reading,
    base_of,
    draft_limits,
    find_proposal,
    fresh_dry_run,
    read_proposal,
    send_proposal,
    sources_of,
    withdraw_proposal,
)
from engine.services.publish import publish
from engine.services.sweep import sweep
from engine.wiring import Sanlian
from tests.support.demo import NOW

FLOW = "three_tier"
AUTHOR = Actor(post="street_office@street", role="street_office", unit="street", person="p-author")
SECOND = Actor(post="street_head@street", role="street_head", unit="street", person="p-second")
SHORTER = {("rows", 5, "grid"): "1wd", ("rows", 5, "community"): "2wd", ("rows", 5, "sign"): "1wh"}


def text_of(sanlian: Sanlian) -> tuple[str, str]:
    """Digest and text of the limits as they now are."""
    with sanlian.uow.read() as tx:
        version = base_of(tx, FLOW)
    assert version.limits_text is not None
    return version.digest, version.limits_text.decode()


def drafted(sanlian: Sanlian, edits: dict = SHORTER, *, name: str = "one") -> str:
    """A draft with *edits*."""
    base, text = text_of(sanlian)
    return draft_limits(
        sanlian.uow, flow=FLOW, base=base, text=edit_limits(text, edits), by=AUTHOR, now=NOW, proposal_id=name
    ).id


def sent(sanlian: Sanlian, edits: dict = SHORTER, *, name: str = "one", running: bool = True, after: int = 0) -> str:
    """A proposal that waits for its second person; in effect *after* minutes, at once with 0."""
    made = drafted(sanlian, edits, name=name)
    effective_at = NOW + timedelta(minutes=after) if after else None
    send_proposal(
        sanlian.uow, sanlian.door.shelf, made, reason="太慢", running=running, effective_at=effective_at, by=AUTHOR,
        now=NOW,
    )  # fmt: skip
    return made


def reading(sanlian: Sanlian, name: str) -> Reading:
    """What a proposal says."""
    with sanlian.uow.read() as tx:
        return read_proposal(tx, sanlian.door.shelf, find_proposal(tx, name))


def tried(sanlian: Sanlian, name: str) -> DryRun:
    """Its dry run."""
    found = fresh_dry_run(sanlian.uow, sanlian.door.shelf, reading(sanlian, name), now=NOW)
    assert found is not None
    return found


def open_matters(sanlian: Sanlian) -> dict[str, Matter]:
    """Every open matter of the flow."""
    with sanlian.uow.read() as tx:
        return {one.matter.id: one.matter for one in tx.matters.all(only_open=True) if one.matter.workflow == FLOW}


def yes(sanlian: Sanlian, name: str, by: Actor = SECOND) -> None:
    """Let the second person approve."""
    approve(sanlian.uow, name, by=by, now=NOW, services=sanlian.door)


def test_approved_limits_are_published_and_running_matters_follow(demo: Sanlian) -> None:
    """After approval the new text is current, every matter in hand is pinned to it, and all that is stored agrees."""
    sweep(demo.uow, now=NOW, services=demo.door)
    before = open_matters(demo)
    name = sent(demo)
    yes(demo, name)

    done = take_effect(demo.uow, now=NOW, services=demo.door, batch=7)

    digest, text = text_of(demo)
    after = open_matters(demo)
    assert "grid: 1wd, community: 2wd" in text
    assert "version: 2" in text
    assert done.moved == len(before) > 5
    assert {matter.digest for matter in after.values()} == {digest}
    with demo.uow.read() as tx:
        world = demo.door.shelf.world(tx)
        for matter in after.values():
            stored = {timer.key: timer for timer in tx.timers.of_many([matter.id])[matter.id]}
            flow = demo.door.shelf.workflow(tx, digest)
            assert stored == {timer.key: timer for timer in armed(flow, matter, world)}
            events = [read_event(record.body) for record in tx.events.of(matter.id)]
            last = events[-1]
            assert last.type == EventType.MIGRATED
            assert (last.data["migrated"]["from"], last.workflow) == (before[matter.id].digest, digest)
    sweep(demo.uow, now=NOW, services=demo.door)
    kinds = {one.kind for one in examine(demo.uow, demo.door.shelf, now=NOW).problems}
    assert not {kind for kind in kinds if kind.startswith(("timer", "due", "silent"))}
    assert verify(demo.uow, demo.door.shelf, now=NOW, processes=1).findings == ()


def late_events(sanlian: Sanlian) -> set[str]:
    """Matters of the flow that have a record of being late since `NOW`."""
    found = set()
    with sanlian.uow.read() as tx:
        for stored in tx.matters.all():
            matter = stored.matter
            if matter.workflow != FLOW:
                continue
            events = [read_event(record.body) for record in tx.events.of(matter.id)]
            if any(one.action == "late" and one.at == NOW and not one.data.get("passed_over") for one in events):
                found.add(matter.id)
    return found


@pytest.mark.parametrize("seed", range(6))
def test_dry_run_is_what_happens_when_it_is_approved(demo: Sanlian, seed: int) -> None:
    """Whoever the dry run calls late, moved on, earlier, later or the same is so after approval and the next sweep."""
    random = Random(seed)
    lengths = {"wd": (1, 12), "wh": (1, 40), "h": (1, 72), "d": (1, 9), "m": (5, 300)}

    def length() -> str:
        unit = random.choice(list(lengths))
        return f"{random.randint(*lengths[unit])}{unit}"

    columns = ("sign", "reply", "grid", "community", "lead", "assist", "total")
    edits: dict[Path, str] = {("rows", row, random.choice(columns)): length() for row in (0, 3, 4, 5, 5, 5)}
    if seed % 2:
        edits["escalation", "else", 0, "at"] = f"due-{random.randint(1, 4)}wd"
        edits["escalation", "else", 3, "at"] = f"due+{random.randint(2, 6)}wd"
    sweep(demo.uow, now=NOW, services=demo.door)
    already, before = late_events(demo), open_matters(demo)
    name = drafted(demo, edits)
    assert not [one for one in reading(demo, name).findings if one.severity == "error"]
    send_proposal(
        demo.uow, demo.door.shelf, name, reason="试", running=True, effective_at=None, by=AUTHOR, now=NOW
    )  # fmt: skip
    said = tried(demo, name)
    yes(demo, name)

    take_effect(demo.uow, now=NOW, services=demo.door, batch=11)
    after = open_matters(demo)
    sweep(demo.uow, now=NOW, services=demo.door)

    touched = {one.matter: one for one in said.touched}
    assert late_events(demo) - already == {one.matter for one in said.touched if one.late}
    swept = open_matters(demo)
    moved = {key for key, old in before.items() if key not in swept or swept[key].visit != old.visit}
    assert moved == {one.matter for one in said.touched if one.moves_to is not None}
    assert said.scope == len(before) == said.same + len(touched)
    for key, old in before.items():
        clocks = {
            (a.due, b.due) for a, b in zip(old.clocks.values(), after[key].clocks.values(), strict=True) if a != b
        }
        assert {(one.old, one.new) for one in touched[key].clocks} == clocks if key in touched else not clocks
        assert {k: c.late_at for k, c in old.clocks.items()} == {k: c.late_at for k, c in after[key].clocks.items()}
    assert verify(demo.uow, demo.door.shelf, now=NOW, processes=1).findings == ()


def test_same_person_cannot_approve_also_from_another_post(demo: Sanlian) -> None:
    """A second post is no second person, and nobody at all is none either."""
    name = sent(demo)
    other = Actor(post="service_centre@street", role="service_centre", unit="street", person=AUTHOR.person)
    for by in (AUTHOR, other, Actor(post="x", role="street_head", unit="street")):
        with pytest.raises(Conflict):
            yes(demo, name, by)
        with pytest.raises(Conflict):
            refuse(demo.uow, name, reason="不行", by=by, now=NOW)

    assert reading(demo, name).proposal.state == ProposalState.WAITING


def test_approval_is_refused_when_somebody_published_meanwhile(demo: Sanlian) -> None:
    """A proposal made from an older version says so, when sent and when approved."""
    first, second, third = sent(demo), sent(demo, {("rows", 5, "lead"): "9wd"}, name="two"), drafted(demo, name="three")
    yes(demo, first)
    take_effect(demo.uow, now=NOW, services=demo.door)

    with pytest.raises(Conflict, match="别人刚刚发布"):
        yes(demo, second)
    with pytest.raises(Conflict, match="别人刚刚发布"):
        send_proposal(
            demo.uow, demo.door.shelf, third, reason="试", running=False, effective_at=None, by=AUTHOR, now=NOW
        )


def test_only_one_of_two_decisions_counts(demo: Sanlian) -> None:
    """Whoever is second is told; one event says who decided."""
    name = sent(demo)
    third = Actor(post="district_centre@district", role="district_centre", unit="district", person="p-third")
    yes(demo, name)

    with pytest.raises(Conflict, match="刚刚批过"):
        yes(demo, name, third)
    with pytest.raises(Conflict, match="刚刚批过"):
        refuse(demo.uow, name, reason="不行", by=third, now=NOW)

    assert reading(demo, name).proposal.decided_person == SECOND.person
    assert actions(demo).count("limits_approved") == 1


def actions(sanlian: Sanlian) -> list[str]:
    """What the history of the rules says."""
    with sanlian.uow.read() as tx:
        return [read_event(record.body).action for record in tx.events.of("system/workflows")]


def test_later_instant_takes_effect_once_also_after_a_crash(demo: Sanlian, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing before its instant; a stop between publishing and the last matter goes on; again changes nothing."""
    name = sent(demo, after=60)
    yes(demo, name)
    before, _ = text_of(demo)
    assert take_effect(demo.uow, now=NOW + timedelta(minutes=59), services=demo.door).moved == 0
    assert text_of(demo)[0] == before
    later = NOW + timedelta(minutes=60)
    calls = iter(range(100))
    whole = decide_proposal._go_over

    def stops(*args: Any, **kwargs: Any) -> int:
        if next(calls) == 2:
            raise RuntimeError("power")
        return whole(*args, **kwargs)

    monkeypatch.setattr(decide_proposal, "_go_over", stops)
    with pytest.raises(RuntimeError):
        take_effect(demo.uow, now=later, services=demo.door, batch=5)
    pinned = [matter.digest for matter in open_matters(demo).values()]
    assert pinned.count(text_of(demo)[0]) == 10 < len(pinned)
    monkeypatch.setattr(decide_proposal, "_go_over", whole)

    done = take_effect(demo.uow, now=later, services=demo.door, batch=5)

    assert done.moved == len(pinned) - 10
    assert take_effect(demo.uow, now=later + timedelta(days=1), services=demo.door) == TakenOver()
    assert actions(demo).count("limits_in_effect") == actions(demo).count("limits_taken_over") == 1
    assert actions(demo).count("published") == 4
    with demo.uow.read() as tx:
        for matter in open_matters(demo).values():
            events = [read_event(record.body) for record in tx.events.of(matter.id)]
            assert [one.type for one in events].count(EventType.MIGRATED) == 1


def test_new_only_leaves_what_is_in_hand_alone(demo: Sanlian) -> None:
    """Matters in hand keep their version; what is filed afterwards begins with the new one."""
    before = open_matters(demo)
    yes(demo, sent(demo, running=False))

    assert take_effect(demo.uow, now=NOW, services=demo.door).moved == 0

    assert open_matters(demo) == before


def test_approved_text_lapses_when_another_was_published_before_its_instant(demo: Sanlian) -> None:
    """It is not laid over what somebody else has published, and the history says that it lapsed."""
    name = sent(demo, after=60)
    yes(demo, name)
    with demo.uow.read() as tx:
        version = base_of(tx, FLOW)
    flow, limits, catalogues = sources_of(version, (version.limits_text or b"") + b"# by file\n")
    publish(demo.uow, flow, limits=limits, catalogues=catalogues, by=SECOND, now=NOW)

    take_effect(demo.uow, now=NOW + timedelta(hours=2), services=demo.door)

    assert text_of(demo)[1].endswith("# by file\n")
    assert reading(demo, name).proposal.state == ProposalState.LAPSED
    assert actions(demo)[-1] == "limits_lapsed"


@pytest.mark.parametrize(
    "taken_out",
    ["grid: 3wd, community: 7wd", "sign: 4wh, ", "    - { at: due+3wd, do: escalate, keep: assist, fires: opening }\n"],
    ids=["two columns", "signing", "the way up"],
)
def test_change_that_strands_matters_is_stopped_by_check(demo: Sanlian, taken_out: str) -> None:
    """A table under which something would stand without a limit, or without a way on, cannot be sent."""
    base, text = text_of(demo)
    assert taken_out in text
    put_in = "lead: 15wd" if "grid" in taken_out else ""
    text = text.replace(taken_out, put_in).replace("lead: 15wd, lead: 15wd", "lead: 15wd")
    name = draft_limits(demo.uow, flow=FLOW, base=base, text=text, by=AUTHOR, now=NOW, proposal_id="one").id

    with pytest.raises(Conflict, match="校验有"):
        send_proposal(demo.uow, demo.door.shelf, name, reason="试", running=True, effective_at=None, by=AUTHOR, now=NOW)


def test_dry_run_that_strands_matters_cannot_be_sent(demo: Sanlian) -> None:
    """What the check lets pass and the matters of today show is stopped too."""
    name = drafted(demo)
    said = msgspec.structs.replace(tried(demo, name), stranded=2)
    with demo.uow.write() as tx:
        tx.proposals.change(name, was=ProposalState.DRAFT, dry_run=msgspec.json.encode(said))

    with pytest.raises(Conflict, match="2 件在办的会停住"):
        send_proposal(demo.uow, demo.door.shelf, name, reason="试", running=True, effective_at=None, by=AUTHOR, now=NOW)


@pytest.mark.parametrize(
    ("reason", "minutes"), [("", 0), ("  ", 0), ("长" * 501, 0), ("试\x00", 0), ("试", -5), ("试", 60 * 24 * 400)]
)
def test_sending_is_refused_without_reason_or_with_an_impossible_instant(
    demo: Sanlian, reason: str, minutes: int
) -> None:
    """Nothing is written then."""
    name = drafted(demo)
    effective_at = NOW + timedelta(minutes=minutes) if minutes else None
    with pytest.raises(BadText):
        send_proposal(
            demo.uow, demo.door.shelf, name, reason=reason, running=True, effective_at=effective_at, by=AUTHOR, now=NOW
        )
    assert reading(demo, name).proposal.state == ProposalState.DRAFT


def test_old_dry_run_is_made_anew_for_who_approves(demo: Sanlian) -> None:
    """After an hour the matters of today are looked at again."""
    name = sent(demo)
    assert tried(demo, name).at == NOW
    later = NOW + timedelta(minutes=61)

    found = fresh_dry_run(demo.uow, demo.door.shelf, reading(demo, name), now=later)

    assert found is not None
    assert found.at == later


def test_withdrawn_proposal_cannot_be_approved(demo: Sanlian) -> None:
    """Its author takes it back; nobody else can."""
    name = sent(demo)
    with pytest.raises(Conflict, match="别人的草稿"):
        withdraw_proposal(demo.uow, name, by=SECOND, now=NOW)
    withdraw_proposal(demo.uow, name, by=AUTHOR, now=NOW)

    with pytest.raises(Conflict):
        yes(demo, name)


def test_draft_is_kept_once_for_each_key_and_only_with_a_change(demo: Sanlian) -> None:
    """A double press makes one draft; the same text and an old base are refused."""
    base, text = text_of(demo)
    assert drafted(demo) == drafted(demo) == "one"
    edited = f"{text}# x\n"
    for other in (
        msgspec.structs.replace(AUTHOR, person="p-another"),
        msgspec.structs.replace(AUTHOR, post="supervisor"),
    ):
        with pytest.raises(KeyReused):
            draft_limits(demo.uow, flow=FLOW, base=base, text=edited, by=other, now=NOW, proposal_id="one")
    for given in (base, "0" * 64):
        with pytest.raises(Conflict):
            draft_limits(demo.uow, flow=FLOW, base=given, text=text, by=AUTHOR, now=NOW, proposal_id="x")
