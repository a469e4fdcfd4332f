"""Every page and row that shows a matter answers what, whose turn, by when, what if nobody acts, what can I do."""

from datetime import datetime

import pytest

from engine.core.forecast import Coming, forecast, next_move
from engine.core.matter import STATE_CLOCK, Matter
from engine.core.offers import offers
from engine.wiring import Sanlian
from tests.acceptance.viewing import Viewing
from tests.support.markup import Element
from tests.support.shipped import STARTS, shipped_flows

IN_DEMO = tuple(name for name in STARTS if name != "support_lines")
STATES = [(flow, state) for flow in IN_DEMO for state in shipped_flows()[flow].states]
LINES = list(shipped_flows()["support_lines"].states)
MOST_OF_A_KIND = 1
FEWEST_KINDS_OF_VIEWERS = 3
NO_DEADLINE = "没有期限"
LISTS = ("open", "late", "supervised", "listed", "all")
DESKS = (
    "zhujidong-3.grid_worker.1", "wangtan-2.grid_worker.1", "zhujidong.community_clerk.1", "jinyi.community_head.1",
    "housing.department.1", "street.service_centre.1", "street.street_head.1", "street.street_office.1",
)  # fmt: skip


@pytest.fixture(scope="module")
def demo_seen(every_state: Sanlian) -> Viewing:
    """The demo with matters in every state, served."""
    return Viewing(every_state)


@pytest.fixture(scope="module")
def lines_seen(support_lines: Sanlian) -> Viewing:
    """The town with matters in every state of the flow for event logs, served."""
    return Viewing(support_lines)


@pytest.mark.parametrize(("flow", "state"), STATES)
def test_page_of_a_matter_answers_the_five_questions_to_everybody_who_sees_it(
    demo_seen: Viewing, flow: str, state: str
) -> None:
    """In each state of each flow, for one holder of each role that may open it."""
    assert _viewers_of_state(demo_seen, flow, state) >= FEWEST_KINDS_OF_VIEWERS


@pytest.mark.parametrize("state", LINES)
def test_page_of_an_imported_matter_answers_them_too(lines_seen: Viewing, state: str) -> None:
    """The flow for event logs has no demand numbers and no deadlines, and its pages are as complete."""
    assert _viewers_of_state(lines_seen, "support_lines", state) >= FEWEST_KINDS_OF_VIEWERS


def _viewers_of_state(seen: Viewing, flow: str, state: str) -> int:
    """Look at the matters of a state as everybody near; return by how many roles one of them was seen."""
    kinds: dict[object, list[Matter]] = {}
    for matter in seen.matters:
        if (matter.workflow, matter.state) == (flow, state):
            kinds.setdefault((matter.answers is None, matter.settling is None, matter.stands_in is None), []).append(
                matter
            )
    assert kinds, f"no matter is in {flow}.{state}"
    return max(_viewers_of(seen, matter) for alike in kinds.values() for matter in alike[:MOST_OF_A_KIND])


def _viewers_of(seen: Viewing, matter: Matter) -> int:
    viewers = 0
    for who in seen.near(matter):
        page = seen.page(who, f"/matters/{matter.id}")
        if page is not None:
            viewers += 1
            _answers_all(seen, matter, who, page)
    return viewers


def _answers_all(seen: Viewing, matter: Matter, who: str, page: Element) -> None:
    main = page.first("main")
    assert main.first("h1").text
    assert seen.number_of(matter) in main.text
    now = seen.sanlian.clock.now()
    coming = forecast(matter, now=now, workflow=seen.flow_of(matter), world=seen.world) if matter.is_open else ()
    turn = main.first("p", cls="turn")
    _says_whose_turn(seen, matter, turn)
    _says_by_when(matter, turn, coming)
    _says_what_comes(matter, main.first("p", cls="say"), coming)
    _says_what_one_can_do(seen, matter, who, main.first("section", id="do"))


def _says_whose_turn(seen: Viewing, matter: Matter, turn: Element) -> None:
    """A post, never a bare unit."""
    if not matter.is_open:
        assert turn.first("b").text
        return
    said = turn.first("b").text.removeprefix("轮到")
    assert turn.text.startswith("轮到")
    assert said
    assert "系统" not in said
    assert said not in {unit.name for unit in seen.organisation.units.values() if unit.kind != "department"}


def _says_by_when(matter: Matter, turn: Element, coming: tuple[Coming, ...]) -> None:
    """The absolute moment of the state's deadline or of the next event, or the words for none; and how it stands."""
    times = [datetime.fromisoformat(one.attributes["datetime"]) for one in turn.all("time")]
    clock = matter.clocks.get(STATE_CLOCK)
    due = clock.due if clock is not None and clock.due is not None else coming[0].at if coming else None
    if not matter.is_open:
        assert times or NO_DEADLINE in turn.text
    elif times:
        assert due is not None
        assert times == [due.replace(microsecond=0)]
    else:
        assert NO_DEADLINE in turn.text
        # What was just taken and can still be undone has its moment in the sentence.
        assert due is None or matter.suspended or matter.settling is not None
    assert turn.first("span", cls="due").text


def _says_what_comes(matter: Matter, say: Element, coming: tuple[Coming, ...]) -> None:
    """The next automatic event and its moment, or that there is none."""
    times = [datetime.fromisoformat(one.attributes["datetime"]) for one in say.all("time")]
    if not matter.is_open:
        assert "已经结束" in say.text
        return
    move = next_move(coming)
    following = move or (coming[0] if coming else None)
    assert say.text.startswith("如果没人处理") or (matter.settling is not None and "撤回" in say.text)
    assert times == ([following.at.replace(microsecond=0)] if following is not None else [])
    if move is None:
        assert "不会自动" in say.text or "没有到点会发生的事" in say.text


def _says_what_one_can_do(seen: Viewing, matter: Matter, who: str, area: Element) -> None:
    """What is allowed has its form and what it leads to; what is refused stays in sight with the reason."""
    if not matter.is_open:
        assert area.text.endswith("这件事已经结束，没有要办的了。")
        return
    forms = {one.attributes["id"].removeprefix("act-"): one for one in area.all("details", cls="act")}
    refused = {one.first("b").text: one.first("span", cls="hint").text for one in area.all("div", cls="no")}
    now = seen.sanlian.clock.now()
    offered = offers(seen.flow_of(matter), matter, seen.actor(who), now=now, world=seen.world)
    assert {one.action for one in offered if one.refusal is None} == set(forms)
    assert {one.label: one.refusal.text for one in offered if one.refusal is not None} == refused
    for form in forms.values():
        sent = form.first("form", method="post")
        assert {"if-match", "key"} <= {one.attributes.get("name", "") for one in sent.all("input", type="hidden")}
        assert sent.first("button", cls="main-act").text
    assert forms or refused or area.first("p").text


@pytest.mark.parametrize("show", LISTS)
def test_row_of_a_table_says_what_whose_turn_by_when_and_what_comes(demo_seen: Viewing, show: str) -> None:
    """The list of matters and the board."""
    for path in (f"/matters?show={show}", f"/board?show={show}"):
        page = demo_seen.page("street.street_head.1", path)
        assert page is not None
        for row in page.first("main").all("tr"):
            if row.is_within("tbody") and row.all("td", cls="c-what"):
                _row_is_complete(row)


def _row_is_complete(row: Element) -> None:
    what = row.first("td", cls="c-what")
    assert what.first("span", cls="no").text
    assert what.first("a").text
    assert row.first("td", cls="c-who").text
    due = row.first("td", cls="c-due")
    assert due.first("span", cls="due").text
    assert due.all("time") or due.text in ("不计时", "计时暂停", "定期说进展", "已结束")
    assert row.first("td", cls="c-next").text


@pytest.mark.parametrize("who", DESKS)
def test_row_of_ones_own_list_says_what_by_when_what_comes_and_what_to_do_first(demo_seen: Viewing, who: str) -> None:
    """Whose turn it is goes without saying there."""
    page = demo_seen.page(who, "/work")
    assert page is not None
    for row in page.first("main").all("li", cls="tk"):
        assert row.first("h3").first("a").text
        assert row.first("span", cls="due").text
        meta = row.first("p", cls="meta")
        assert meta.first("span", cls="num").text
        assert meta.all("time") or "不计时" in row.text or "计时暂停" in row.text or "定期说进展" in row.text, row.text
        assert "没人办的话" in row.text or "不会自动" in row.text, row.text
        do = row.first("div", cls="do")
        assert do.all("a", cls="main-act") or do.first("p", cls="why").text


def test_every_desk_has_rows_to_look_at(demo_seen: Viewing) -> None:
    """Otherwise the test before this one tells nothing."""
    rows = {who: page.all("li", cls="tk") for who in DESKS if (page := demo_seen.page(who, "/work")) is not None}
    assert len([who for who, found in rows.items() if found]) >= len(DESKS) - 2
