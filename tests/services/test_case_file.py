"""One matter as its page shows it, over the played demo."""

import pytest

from engine.core.matter import Actor
from engine.errors import NotFound
from engine.services.case_file import CaseFile, Surroundings, case_file, find
from engine.wiring import Sanlian
from tests.support.demo import NOW


def case_of(demo: Sanlian, ref: str, post: str = "street.service_centre.1") -> CaseFile:
    """The page of *ref* as the holder of *post* sees it."""
    shelf = demo.door.shelf
    with demo.uow.read() as tx:
        world = shelf.world(tx)
        held = world.organisation.posts[post]
        viewer = Actor(post=held.id, role=held.role, unit=held.unit, person=held.person)
        around = Surroundings(world=world, flow_of=lambda digest: shelf.workflow(tx, digest), catalogue={}, now=NOW)
        return case_file(tx, ref, viewer=viewer, around=around)


def first(demo: Sanlian, state: str) -> str:
    """The id of a demand in *state*."""
    with demo.uow.read() as tx:
        return next(one.matter.id for one in tx.matters.all() if one.matter.state == state)


def test_case_says_when_and_where_to_it_goes_by_itself(demo: Sanlian) -> None:
    """The sentence, its moment, and the rule line it comes from."""
    clock = case_of(demo, "2611-0031").clock

    assert (clock.before, clock.after) == ("如果没人处理，", " 自动升级到社区（等社区接）。")
    assert clock.at is not None
    assert clock.at > NOW
    assert clock.basis.startswith("时限表 v1 第 ")


def test_cells_are_working_days_and_marks_are_the_numbers_of_the_steps(demo: Sanlian) -> None:
    """One cell a working day; the markers stand in order, the leaving one last."""
    clock = case_of(demo, first(demo, "street_intake")).clock

    assert 1 < len(clock.cells) <= 20
    assert [mark.number for mark in clock.marks] == list(range(1, len(clock.steps) + 1))
    assert [mark.leaves for mark in clock.marks][-1]
    assert [mark.percent for mark in clock.marks] == sorted(mark.percent for mark in clock.marks)
    assert clock.marks[0].percent >= clock.now_percent


def test_case_names_the_supervisor_who_answers_beside_the_holder(demo: Sanlian) -> None:
    """Supervised: two posts, two roles."""
    case = case_of(demo, "2611-0031")

    assert case.turn == "望坛新苑一网格 网格员"
    assert case.answers == "望坛新苑一网格 网格长"
    assert "督办由望坛新苑一网格 网格长答复" in case.duty


def test_actions_that_move_it_on_stand_first_and_foreign_ones_last(demo: Sanlian) -> None:
    """What can be done, then what not yet, then what others do."""
    offers = case_of(demo, "2611-0031", "wangtan-1.grid_worker.1").offers
    ranks = [(one.refusal is not None, not one.to) for one in offers if one.refusal is None]

    assert ranks == sorted(ranks)
    assert offers[0].label == "办完"
    assert offers[-1].refusal is not None


def test_history_has_rules_as_actors_with_version_and_line(demo: Sanlian) -> None:
    """A rule speaks like a person does."""
    rules = [entry for entry in case_of(demo, "2611-0031").history if entry.is_rule]

    assert [entry.what for entry in rules] == [
        "转入督办，由望坛新苑一网格 网格长答复，原承办人接着办",
        "到点没办完，记超时",
        "提醒承办的岗位",
    ]
    assert all(entry.who == "规则" and entry.notes[-1].startswith("时限表 v1 第 ") for entry in rules)


def test_history_shows_what_was_written_and_hides_who_wrote(demo: Sanlian) -> None:
    """Notes yes, persons no."""
    history = case_of(demo, "2611-0031").history

    assert [said.text for said in history[-1].said] == ["二层私装外扩护栏，挡了楼上采光。"]
    assert all("演示 0" not in entry.who for entry in history)


def test_stages_are_the_levels_with_the_time_spent_in_each(demo: Sanlian) -> None:
    """Past, now, to come; and the end after them."""
    stages = case_of(demo, first(demo, "departments")).stages

    assert [stage.state for stage in stages] == ["past", "past", "now", "todo"]
    assert all(stage.used_seconds for stage in stages[:3])


def test_tasks_of_units_stand_on_the_page_of_their_demand(demo: Sanlian) -> None:
    """With seat, unit and own clock; and each leads back."""
    case = case_of(demo, first(demo, "departments"))

    assert {child.seat for child in case.children} == {"主办", "协办"}
    task = case_of(demo, case.children[0].ref)
    assert [other.relation for other in task.related] == ["属于"]
    assert task.number.endswith(("主办", "协办"))


def test_listed_matter_says_when_it_must_say_something_and_that_nothing_closes_it(demo: Sanlian) -> None:
    """On the books is not closed, and no timer closes it."""
    case = case_of(demo, first(demo, "listed"))

    assert "不会自动结案" in case.clock.after
    assert case.time.due is not None


def test_unmet_condition_is_said_in_words(demo: Sanlian) -> None:
    """No field names and quotes on a page."""
    offers = case_of(demo, "2611-0031", "wangtan-1.grid_worker.1").offers
    answer = next(one for one in offers if one.action == "answer")

    assert answer.refusal is not None
    assert answer.refusal.text == "只在「类别」是咨询时才能「当场答复」。"


@pytest.mark.parametrize("ref", ["2611-9999", "", "x" * 300, "' OR 1=1"])
def test_unknown_matter_is_not_found(demo: Sanlian, ref: str) -> None:
    """Whatever is asked for."""
    with pytest.raises(NotFound):
        case_of(demo, ref)


def test_topic_has_its_six_stages_and_no_second_round_that_was_not_taken(demo: Sanlian) -> None:
    """Studying once more shows only once it was decided."""
    with demo.uow.read() as tx:
        topic = next(one.matter for one in tx.matters.all() if one.matter.kind == "topic" and one.matter.is_open)
    case = case_of(demo, topic.id)

    assert [stage.label for stage in case.stages] == [
        "宣传发动", "问题收集", "确定议题", "调查研究", "开展协商", "成果落实",
    ]  # fmt: skip


def test_duty_names_what_can_be_done_now_and_nothing_else(demo: Sanlian) -> None:
    """What its condition rules out is not what is wanted."""
    duty = case_of(demo, "2611-0031").duty

    assert "「办完」" in duty
    assert "「当场答复」" not in duty


def test_duty_names_who_sits_there_to_those_who_may_know(demo: Sanlian) -> None:
    """A colleague reads the name beside the seat; a department, an auditor and a resident read the seat."""
    ref = first(demo, "departments")
    with demo.uow.read() as tx:
        posts = demo.door.shelf.world(tx).organisation.posts
        unit = next(iter(find(tx, ref).seats.values())).unit

    assert f"（{posts['street.street_office.1'].name}）" in case_of(demo, ref).duty
    assert "演示街道" in case_of(demo, ref, f"{unit}.department.1").duty
    assert "号）" not in case_of(demo, ref, f"{unit}.department.1").duty
