"""E701 and E702: children that never join, outcomes of votes and topics that lead nowhere."""

from collections.abc import Iterator

from engine.core.workflow.catalogue import FlowOutline
from engine.core.workflow.checks.survey import Survey
from engine.core.workflow.declaration import Children, ChildRule, Vote, WaitsFor
from engine.core.workflow.findings import Finding


def check_children(survey: Survey) -> Iterator[Finding]:
    """E701: on `children` that can never, or not always, come together."""
    for state in survey.living:
        if state.children is not None:
            why = _why_not_joined(survey, state.children)
            if why:
                yield survey.at("E701", state.children.where, why)


def _why_not_joined(survey: Survey, children: Children) -> str:
    seats = children.seats
    if children.done is None:
        return "没有写 done，任务办完了也走不出这里。"
    if not seats:
        return "没有写 lead 或 assist，派不出任务。"
    if children.join == "lead" and ("lead" not in seats or seats["lead"].minimum == 0):
        return "join: lead 要等主办，可是不一定有主办。"
    if children.join == "any" and not any(seat.minimum for seat in seats.values()):
        return "join: any 至少要有一家，可是可以一家也不派。"
    if isinstance(children.join, int):
        return _too_few(children.join, seats=tuple(seats.values()))
    return _never_counts(survey, children)


def _too_few(needed: int, *, seats: tuple[ChildRule, ...]) -> str:
    most, fewest = sum(seat.maximum for seat in seats), sum(seat.minimum for seat in seats)
    if needed > most:
        return f"要 {needed} 家办完才算齐，可是最多只派 {most} 家。"
    if needed > fewest:
        return f"要 {needed} 家办完才算齐，可是可以只派 {fewest} 家，那样永远凑不齐。"
    return ""


def _never_counts(survey: Survey, children: Children) -> str:
    for seat in children.seats.values():
        outline = survey.outline_of(seat.workflow)
        if outline is not None and seat.minimum and not outline.outcomes - set(seat.void):
            return f"「{seat.workflow}」的每个结局都写在 void 里，{seat.seat} 永远不算办完。"
    return ""


def check_outcomes(survey: Survey) -> Iterator[Finding]:
    """E702: on `vote` or `waits_for` without a way for one of the outcomes."""
    for state in survey.living:
        if state.vote is not None and (missing := _missing_of_vote(state.vote)):
            yield survey.at("E702", state.vote.where, f"表决的结果「{'、'.join(missing)}」没有写去哪里。")
        if state.waits_for is not None:
            lacking = _missing_of_topic(survey.outline_of(state.waits_for.workflow), state.waits_for)
            if lacking:
                yield survey.at("E702", state.waits_for.where, f"议题的结局「{'、'.join(lacking)}」没有写去哪里。")


def _missing_of_vote(vote: Vote) -> list[str]:
    ends = {"passed": vote.passed, "rejected": vote.rejected, "no_quorum": vote.no_quorum}
    return [name for name, end in ends.items() if end is None]


def _missing_of_topic(outline: FlowOutline | None, waits: WaitsFor) -> list[str]:
    if outline is None:
        return [] if waits.outcomes else ["outcomes"]
    return sorted(outline.outcomes - set(waits.outcomes))
