"""E205 and W412: conditions on what is not surely filled, on what nobody sets, and cases whose turn never comes."""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.core.terms import Counter
from engine.core.workflow.checks.clocks import ClockUse, clock_uses
from engine.core.workflow.checks.lengths import Choice, choices_of, granted
from engine.core.workflow.checks.survey import Survey
from engine.core.workflow.condition import Condition, Word
from engine.core.workflow.findings import Finding
from engine.core.workflow.regions import record_where
from engine.core.workflow.written import Where


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition where it is asked: the part it stands in, and the fields surely filled then."""

    condition: Condition
    where: Where
    filled: frozenset[str]


def check_unfilled_and_unset(survey: Survey) -> Iterator[Finding]:
    """E205 and W412: on each word that asks for what may not be there, or can never be anything but its default."""
    told: set[tuple[str, int, int]] = set()
    for asked in _asked(survey):
        for word in asked.condition.words:
            place = (asked.where.file, word.line, word.column)
            if place in told:
                continue
            found = _word_fault(survey, asked, word)
            if found is not None:
                told.add(place)
                yield found


def _word_fault(survey: Survey, asked: Asked, word: Word) -> Finding | None:
    name = word.name
    if name in survey.workflow.fields and name not in asked.filled:
        why = "没有人填它" if name not in survey.settable else "有的路走到这里时还没有填它"
        message = f"「{name}」不一定填了：{why}。请在来路上写 require，或给它 default。"
        return survey.at_word("E205", word, asked.where, message)
    if unset(survey, name):
        message = f"「{name}」没有人会改：没有哪个入口或动作填它，这个条件永远一个样。"
        return survey.at_word("W412", word, asked.where, message)
    return None


def nobody_sets(survey: Survey, when: Condition) -> bool:
    """Whether a condition asks for something that nobody ever fills, sets or counts."""
    return any(unset(survey, name) for name in when.names)


def unset(survey: Survey, name: str) -> bool:
    """Whether nobody ever fills, sets or counts *name*."""
    flow = survey.workflow
    if name == "class":
        return flow.classes is None or flow.classes not in survey.settable
    if name in flow.fields:
        return name not in survey.settable
    if name == "external":
        return not any(start.external for start in flow.starts.values())
    return name in tuple(Counter) and name not in survey.counters_fed


def _asked(survey: Survey) -> Iterator[Asked]:
    """Yield every condition in every place it is asked."""
    for start in survey.workflow.starts.values():
        filled = survey.defaults | frozenset(start.require)
        yield from (Asked(case.when, start.to.where, filled) for case in start.to.cases if case.when is not None)
    for state in survey.living:
        if state.id not in survey.reached:
            continue
        for action in survey.workflow.actions_of(state.id).values():
            if action.when is not None:
                yield Asked(action.when, action.where, survey.filled_in[state.id])
    for use in clock_uses(survey):
        if use.classes:
            yield from _asked_by_clock(survey, use)


def _asked_by_clock(survey: Survey, use: ClockUse) -> Iterator[Asked]:
    for served in use.rules:
        if served.rule.when is not None:
            yield Asked(served.rule.when, served.rule.where, use.filled)
    for choice in choices_of(survey, use.due, None) if use.due is not None else ():
        if choice.when is not None:
            yield Asked(choice.when, choice.where, use.filled)


def check_turn_never_comes(survey: Survey) -> Iterator[Finding]:
    """W412: a row or case that no record reaches, wherever it is asked."""
    yield from _starts_never_chosen(survey)
    offered: dict[Where, Choice] = {}
    taken: set[Where] = set()
    for use in clock_uses(survey):
        if use.due is not None and use.classes:
            choices = choices_of(survey, use.due, None)
            offered.update({choice.where: choice for choice in choices})
            taken |= {choice.where for class_id in use.classes for choice, _ in _granted_to(survey, use, class_id)}
    for where, choice in offered.items():
        if where in taken:
            continue
        if choice.when is None:
            yield survey.at("W412", where, "前面几行已经管住了所有的事，这一行永远轮不到。")
        elif not nobody_sets(survey, choice.when):
            message = f"条件 {choice.when.text} 永远轮不到：它不会成立，或前面几行已经管住了。"
            yield survey.at_word("W412", choice.when.words[0], where, message)


def _granted_to(survey: Survey, use: ClockUse, class_id: str) -> Iterator[tuple[Choice, object]]:
    if use.due is not None:
        world = survey.of_class(use.world, class_id)
        yield from granted(choices_of(survey, use.due, class_id), world)


def _starts_never_chosen(survey: Survey) -> Iterator[Finding]:
    for start in survey.workflow.starts.values():
        before: list[Condition] = []
        for case in start.to.cases:
            if case.when is None:
                break
            never = record_where((case.when,), before, world=survey.world) is None
            if never and not nobody_sets(survey, case.when):
                message = f"条件 {case.when.text} 永远轮不到：它不会成立，或前面几行已经管住了。"
                yield survey.at_word("W412", case.when.words[0], start.to.where, message)
            before.append(case.when)
