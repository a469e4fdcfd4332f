"""Whether every matter moves on by itself: E401, E402, E404, E405, E602."""

from collections.abc import Iterator

from engine.core.workflow.checks.clocks import ClockUse, clock_uses
from engine.core.workflow.checks.lengths import choices_of, ungranted
from engine.core.workflow.checks.steps import Step, StepKind
from engine.core.workflow.checks.survey import Survey
from engine.core.workflow.declaration import Due, State, TimerRule
from engine.core.workflow.findings import Finding
from engine.core.workflow.regions import record_where, show_record
from engine.core.workflow.written import Where


def check_waits_for_ever(survey: Survey) -> Iterator[Finding]:
    """E401, E405 and E602: a state that no rule of time surely leaves."""
    for state in survey.living:
        if not must_be_left(survey, state):
            continue
        if state.pause and state.due is None:
            yield survey.at("E405", state.where, "暂停没有上限，可能一直停下去。请写 due，或用 no_deadline 说明理由。")
            continue
        staying = stays_for_ever(survey, state)
        if staying:
            yield survey.at("E401", state.where, _why_it_stays(survey, state, staying))
        elif found := _gap(survey, state):
            yield found


def must_be_left(survey: Survey, state: State) -> bool:
    """Whether a rule of time has to lead on: no `review`, no reason why not, and there is a way on at all (E303)."""
    return state.review is None and state.no_deadline is None and bool(survey.steps_from[state.id])


def stays_for_ever(survey: Survey, state: State) -> list[str]:
    """Return the classes that no rule of time takes out of the state."""
    return [
        class_id
        for class_id in survey.workflow.class_ids
        if class_id in survey.classes_in[state.id] and not _surely_leaving(survey, state, class_id)
    ]


def _surely_leaving(survey: Survey, state: State, class_id: str) -> list[Step]:
    """Leaving steps that are there on every visit: a limited one is used up where a matter can come back."""
    return [
        step
        for step in leaving_steps(survey, state, class_id)
        if step.limit is None or state.id not in survey.ahead_of(state.id)
    ]


def _why_it_stays(survey: Survey, state: State, staying: list[str]) -> str:
    timers = [step for step in survey.steps_from[state.id] if step.kind is StepKind.TIMER]
    if timers and state.due is None:
        return "没有人动，这里就会一直等下去：没有写 due，到点的规则没有时点可算。"
    if any(step.limit is not None for step in timers):
        return "没有人动，这里会一直等下去：到点离开的规则有次数，用完以后再进来就没有了。"
    only = "" if len(staying) == len(survey.classes_in[state.id]) else f"（{'、'.join(staying)} 类的事）"
    return f"没有人动，这里就会一直等下去{only}：没有到点离开的规则、没有 review，也没有写 no_deadline。"


def _gap(survey: Survey, state: State) -> Finding | None:
    """The first record which none of the leaving rules fits, when all of them have conditions."""
    for class_id in survey.workflow.class_ids:
        leaving = _surely_leaving(survey, state, class_id)
        whens = [step.whens[0] for step in leaving if step.whens]
        if class_id not in survey.classes_in[state.id] or len(whens) < len(leaving):
            continue
        record = record_where((), whens, world=survey.world_of({class_id}, state.level))
        if record is not None:
            who = show_record(record)
            message = f"到点离开的规则都带条件，{who} 时哪一条也不合适，会一直等下去。请加一条不带条件的。"
            return survey.at("E602", _earliest(leaving).where, message)
    return None


def leaving_steps(survey: Survey, state: State, class_id: str) -> Iterator[Step]:
    """Yield what makes a matter of that class leave the state in the end, whoever acts or not."""
    for step in survey.steps_from[state.id]:
        if step.kind is StepKind.TIMER and step.rule is not None and not rings(state, step.rule):
            continue
        if step.kind in (StepKind.TIMER, StepKind.BUDGET) and (step.classes is None or class_id in step.classes):
            yield step


def rings(state: State, rule: TimerRule) -> bool:
    """Whether the instant of a rule of the state's clock exists: most are counted from a `due`."""
    return state.due is not None or rule.at.anchor in ("entry", "every")


def _earliest(steps: list[Step]) -> Step:
    return min(steps, key=lambda step: (step.where.file, step.where.line, step.where.column))


def check_no_deadline_for(survey: Survey) -> Iterator[Finding]:
    """E402: a class, or a record of it, that gets no time where it can arrive; once for a column of the table."""
    told: set[str] = set()
    for use in sorted(clock_uses(survey), key=_order):
        due = use.due
        if due is None or due.given or due.column in told:
            continue
        for class_id in survey.workflow.class_ids:
            if class_id not in use.classes:
                continue
            missing = ungranted(choices_of(survey, due, class_id), survey.of_class(use.world, class_id))
            if missing is not None:
                told.add(due.column or "")
                yield survey.at("E402", due.where, _no_time(survey, due, class_id, show_record(missing)))
                break


def _no_time(survey: Survey, due: Due, class_id: str, record: str) -> str:
    who = f"{class_id} 类的事" if survey.workflow.classes is not None else "有的事"
    when = "" if record == "任何情况" else f"（{record}）"
    where = f"时限表的「{due.column}」列" if due.column is not None else "这里"
    return f"{who}{when}会走到这里，可是{where}没有给它时限。"


def _order(use: ClockUse) -> tuple[int, int]:
    return (0, 0) if use.due is None else (use.due.where.line, use.due.where.column)


def check_round_for_ever(survey: Survey) -> Iterator[Finding]:
    """E404: clocks alone lead round and round; on the rule that closes the round."""
    told: set[Where] = set()
    for class_id in survey.workflow.class_ids:
        for step in _closing_steps(survey, class_id):
            if step.where not in told:
                told.add(step.where)
                message = f"没有人动时，到点的规则会绕回「{step.target}」，永远绕下去。请改去处，或写 limit。"
                yield survey.at("E404", step.where, message)


def _closing_steps(survey: Survey, class_id: str) -> Iterator[Step]:
    """Yield the steps that come back to a state on the way, each way walked depth first in written order."""
    done: set[str] = set()
    for state in survey.living:
        if class_id in survey.classes_in[state.id] and state.id not in done:
            yield from _walk(survey, class_id, [(state.id, None)], done)


def _walk(survey: Survey, class_id: str, way: list[tuple[str, Step | None]], done: set[str]) -> Iterator[Step]:
    here = way[-1][0]
    on_way = [state for state, _ in way]
    for step in survey.steps_from[here]:
        if not _alone(survey, step, class_id):
            continue
        if step.target in on_way:
            round_ = [taken for _, taken in way[on_way.index(step.target) + 1 :] if taken is not None]
            if _possible(survey, [*round_, step], class_id):
                yield step
        elif step.target not in done:
            yield from _walk(survey, class_id, [*way, (step.target, step)], done)
    done.add(here)


def _alone(survey: Survey, step: Step, class_id: str) -> bool:
    """Whether a clock takes the step again and again for that class."""
    if not step.automatic or step.limit is not None or (step.classes is not None and class_id not in step.classes):
        return False
    state = survey.workflow.states[step.source or step.target]
    return step.kind is not StepKind.TIMER or step.rule is None or rings(state, step.rule)


def _possible(survey: Survey, steps: list[Step], class_id: str) -> bool:
    """Whether one record lets all the steps happen: while only clocks move, nothing is filled."""
    wanted = [when for step in steps for when in (*step.whens, *step.entering) if "level" not in when.names]
    unwanted = [when for step in steps for when in step.unless if "level" not in when.names]
    return record_where(wanted, unwanted, world=survey.of_class(survey.world, class_id)) is not None
