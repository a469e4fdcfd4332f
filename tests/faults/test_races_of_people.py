"""Two people at the same moment, on both databases: approvers, dispatchers, and a receipt in two hands."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from engine.core.command import Act, SeatAsked
from engine.core.decision import Refusal
from engine.core.history import read_event
from engine.core.matter import Actor, Matter
from engine.core.terms import ProposalState, RefusalCode
from engine.core.workflow.limits_edit import edit_limits
from engine.errors import Conflict
from engine.services.advance import Done, Entry, Outcome, advance
from engine.services.audit import verify
from engine.services.decide_proposal import approve, publish_approved
from engine.services.give_receipt import give_receipt
from engine.services.propose_limits import base_of, draft_limits, find_proposal, send_proposal
from engine.services.sweep import sweep
from engine.settings import Settings
from engine.store.proposals import Proposal
from engine.wiring import Sanlian, wire
from tests.api.conftest import ORIGIN
from tests.api.page import Page
from tests.faults.test_races import at_once
from tests.support.clock import FixedClock
from tests.support.demo import CHEAP
from tests.support.invariants import assert_invariants
from tests.support.logged import settle_shipped
from tests.support.pg import Prepare
from tests.support.town import DISTRICT, MONDAY, Town, actor, opened

FLOW = "three_tier"
AUTHOR = Actor(post="street_office@street", role="street_office", unit="street", person="p-author")
APPROVERS = [
    Actor(post=f"street_head@street-{n}", role="street_head", unit="street", person=f"p-approver-{n}") for n in (1, 2)
]
Edits = dict[tuple[str | int, ...], str]
SHORTER: Edits = {("rows", 5, "sign"): "1wh"}
EVEN_SHORTER: Edits = {("rows", 5, "sign"): "45m"}
RESIDENT, WORKER, CHECKER = (actor(role, "zhu-1") for role in ("resident", "grid_worker", "grid_leader"))
CLERK, HEAD = actor("community_clerk", "zhu"), actor("community_head", "zhu")
OFFICE, CENTRE = actor("street_office", "street"), actor("service_centre", "street")


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the small town with the shipped flows."""
    return settle_shipped


@pytest.fixture
def town(prepared_database_url: str) -> Iterator[Town]:
    """The town, opened."""
    with opened(prepared_database_url) as found:
        yield found


def proposed(town: Town, name: str, edits: Edits) -> str:
    """A proposal that waits for its second person."""
    with town.uow.read() as tx:
        version = base_of(tx, FLOW)
    assert version.limits_text is not None
    text = edit_limits(version.limits_text.decode(), edits)
    made = draft_limits(
        town.uow, flow=FLOW, base=version.digest, text=text, by=AUTHOR, now=MONDAY, proposal_id=name
    ).id  # fmt: skip
    send_proposal(
        town.uow, town.door.shelf, made, reason="太慢", running=True, effective_at=None, by=AUTHOR, now=MONDAY
    )
    return made


def approving(town: Town, name: str, by: Actor) -> Proposal:
    """Let somebody approve."""
    return approve(town.uow, name, by=by, now=MONDAY, services=town.door)


def noted(town: Town, topic: str) -> list[str]:
    """What is noted about a topic of the deployment."""
    with town.uow.read() as tx:
        return [read_event(one.body).action for one in tx.events.of(f"system/{topic}")]


def test_one_of_two_approvers_approves_and_the_other_is_told(town: Town) -> None:
    """Two people press at the same moment: one approval with one name, one answer that says what happened."""
    name = proposed(town, "one", SHORTER)

    answers = at_once(*(lambda by=by: approving(town, name, by) for by in APPROVERS))

    (won,) = [one for one in answers if isinstance(one, Proposal)]
    (told,) = [one for one in answers if isinstance(one, Conflict)]
    with town.uow.read() as tx:
        stored = find_proposal(tx, name)
    assert "别人刚刚批过" in str(told)
    assert (stored.state, stored.decided_person) == (ProposalState.APPROVED.value, won.decided_person)
    assert [one for topic in ("workflows", "limits") for one in noted(town, topic)].count("limits_approved") == 1


def test_one_of_two_proposals_for_a_flow_is_approved_when_both_are_at_once(town: Town) -> None:
    """Neither approver saw the other; still only one text is on its way to take effect."""
    names = [proposed(town, "one", SHORTER), proposed(town, "two", EVEN_SHORTER)]

    answers = at_once(
        *(lambda name=name, by=by: approving(town, name, by) for name, by in zip(names, APPROVERS, strict=True))
    )

    assert sorted(type(one).__name__ for one in answers) == ["Conflict", "Proposal"], answers
    with town.uow.read() as tx:
        states = sorted(find_proposal(tx, name).state for name in names)
    assert states == sorted([ProposalState.APPROVED.value, ProposalState.WAITING.value])


def test_approved_limits_take_effect_once_when_two_processes_publish(town: Town, prepared_database_url: str) -> None:
    """The press and the scheduler come to it at the same moment: one publication, one note."""
    name = proposed(town, "one", SHORTER)
    approving(town, name, APPROVERS[0])
    before = noted(town, "workflows").count("published")

    with opened(prepared_database_url) as other:
        answers = at_once(*(lambda one=one: publish_approved(one.uow, now=MONDAY) for one in (town, other)))

    assert answers == [None, None]
    assert noted(town, "workflows").count("published") == before + 1
    assert [one for topic in ("workflows", "limits") for one in noted(town, topic)].count("limits_in_effect") == 1
    assert_invariants(town.uow, town.door.shelf)


def waiting_for_dispatch(town: Town) -> Matter:
    """A demand that somebody must give to a department."""
    matter = town.file(FLOW, "council", by=CLERK, detail="下水主管塌陷", category="B6", kind="hard")
    return town.act(matter, "up", by=HEAD, reason="needs_many_units", done_so_far="物业看过")


def press(town: Town, command: Act) -> Outcome:
    """Let one press through the door."""
    return advance(town.uow, [Entry(command)], now=MONDAY, services=town.door)[0]


@pytest.mark.parametrize("attempt", range(3))
def test_one_of_two_dispatchers_sends_it_and_the_other_is_told(town: Town, attempt: int) -> None:
    """To different departments, from the same table: one task, and the second is not laid over the first."""
    matter = waiting_for_dispatch(town)
    wanted = [
        Act(
            matter=matter.id, action="dispatch", actor=by, expect=matter.etag,
            seats=(SeatAsked(seat="lead", unit=unit),),
        )
        for by, unit in ((OFFICE, "water"), (CENTRE, "housing"))
    ]  # fmt: skip
    wanted = wanted if attempt % 2 else wanted[::-1]

    answers = at_once(*(lambda one=one: press(town, one) for one in wanted))

    won = [place for place, answer in enumerate(answers) if isinstance(answer, Done)]
    (refused,) = [answer for answer in answers if isinstance(answer, Refusal)]
    assert len(won) == 1
    assert refused.code is RefusalCode.STALE
    seats = town.matter(matter.id).seats
    assert [seat.unit for seat in seats.values()] == [wanted[won[0]].seats[0].unit]
    with town.uow.read() as tx:
        tasks = [one.matter for one in tx.matters.all() if one.matter.parent == matter.id]
    assert [task.department for task in tasks] == [seat.unit for seat in seats.values()]
    assert_invariants(town.uow, town.door.shelf)


@pytest.fixture
def served(prepared_database_url: str, town: Town) -> Iterator[tuple[Sanlian, str, Matter]]:
    """The town's pages; a receipt's code, and its demand, which waits to be rated."""
    with town.uow.write() as tx:
        photo = tx.files.add("photo", b"\x89PNG", media_type="image/png", name_ref=None, at=MONDAY)
    matter = town.file(FLOW, "resident", by=RESIDENT, reporter=RESIDENT, detail="楼道灯不亮", kind="small")
    town.now = MONDAY + timedelta(minutes=20)
    sweep(town.uow, now=town.now, services=town.door)
    matter = town.act(town.matter(matter.id), "accept", by=WORKER, category="A1")
    matter = town.act(matter, "solve", by=WORKER, note="换了灯泡", photo_after=[photo])
    matter = town.act(matter, "pass", by=CHECKER)
    code = give_receipt(town.uow, matter.id, salts=town.door.salts, by=CENTRE, now=town.now)
    settings = Settings(database_url=prepared_database_url, district=DISTRICT)
    sanlian = wire(settings, clock=FixedClock(town.now), hasher=CHEAP)
    yield sanlian, code.replace("-", ""), matter
    sanlian.close()


def rated_at_once(sanlian: Sanlian, code: str, grades: list[str], *, same_form: bool) -> list[int]:
    """Press a rating in as many browsers as there are grades, at the same moment; the statuses."""
    headers = {"Accept": "text/html", "Origin": ORIGIN}
    app = create_app(sanlian)
    browsers = [TestClient(app, base_url=ORIGIN, headers=headers, follow_redirects=False) for _ in grades]
    path = f"/t/{code}"
    forms = [Page(one.get(path).text).form("/rate")["fields"] for one in browsers]
    sent = [{**(forms[0] if same_form else form), "f-rating": grade} for form, grade in zip(forms, grades, strict=True)]
    with ThreadPoolExecutor(len(browsers)) as pool:
        answers = list(pool.map(lambda one: one[0].post(f"{path}/rate", data=one[1]), zip(browsers, sent, strict=True)))
    return [one.status_code for one in answers]


def actions_of(town: Town, matter: str) -> list[str]:
    """What has happened to a matter."""
    with town.uow.read() as tx:
        return [read_event(one.body).action for one in tx.events.of(matter)]


def test_one_rating_counts_when_a_receipt_is_in_two_hands(served: tuple[Sanlian, str, Matter], town: Town) -> None:
    """Wife and husband press different grades at the same moment: one counts, the other is told that it is settled."""
    sanlian, code, matter = served

    statuses = rated_at_once(sanlian, code, ["satisfied", "mostly"], same_form=False)

    assert sorted(statuses)[0] == 303
    assert sorted(statuses)[1] in (409, 412)
    assert actions_of(town, matter.id).count("agree") == 1
    while sweep(town.uow, now=town.now + timedelta(minutes=11), services=town.door).fired:
        pass
    stored = town.matter(matter.id)
    assert (stored.state, stored.fields["rating"]) == ("solved", ["satisfied", "mostly"][statuses.index(303)])
    assert verify(town.uow, town.door.shelf, now=town.now + timedelta(hours=1), processes=1).findings == ()


def test_double_press_of_a_rating_is_one_rating(served: tuple[Sanlian, str, Matter], town: Town) -> None:
    """One form sent twice at the same moment: one event, and both are told it was taken."""
    sanlian, code, matter = served

    assert rated_at_once(sanlian, code, ["mostly", "mostly"], same_form=True) == [303, 303]
    assert actions_of(town, matter.id).count("agree") == 1
    assert verify(town.uow, town.door.shelf, now=town.now + timedelta(hours=1), processes=1).findings == ()
