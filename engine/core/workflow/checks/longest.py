"""E406: votes that can't finish in time, states that give up on a topic before it can end."""

from collections.abc import Callable, Iterator

from engine.core.clock.duration import Duration, Offset
from engine.core.workflow.catalogue import Library
from engine.core.workflow.checks.lengths import choices_of, granted, longest_minutes, shortest_minutes
from engine.core.workflow.checks.steps import Step, StepKind
from engine.core.workflow.checks.survey import Survey
from engine.core.workflow.checks.waiting import leaving_steps
from engine.core.workflow.declaration import State, Vote
from engine.core.workflow.findings import Finding

_DAY = 1440
_MOST_STEPS = 20_000  # a flow with more different lives than this gets no verdict


def check_time_enough(survey: Survey) -> Iterator[Finding]:
    """E406: on the deadline of a state whose vote or topic needs longer."""
    for state in survey.living:
        if state.due is None or state.due.given or not survey.classes_in[state.id]:
            continue
        if state.vote is not None:
            yield from _vote(survey, state, state.vote)
        if state.waits_for is not None:
            yield from _topic(survey, state, state.waits_for.workflow)


def _vote(survey: Survey, state: State, vote: Vote) -> Iterator[Finding]:
    needed = vote.rounds * (shortest_minutes(vote.announce) + shortest_minutes(vote.window))
    # Both end at 24:00 of a day, so a vote that begins at once needs no more than its days.
    given = max((minutes for minutes in _given(survey, state, longest_minutes)), default=None)
    if state.due is not None and given is not None and needed > given - _DAY:
        message = (
            f"{vote.rounds} 轮表决（公告 {vote.announce}，投票 {vote.window}）在到期前办不完。请延长 due 或减少轮次。"
        )
        yield survey.at("E406", state.due.where, message)


def _topic(survey: Survey, state: State, flow: str) -> Iterator[Finding]:
    topic = survey.flows.get(flow)
    longest = _longest_life(Survey(topic, Library(), {})) if topic is not None else None
    given = min((minutes for minutes in _given(survey, state, shortest_minutes)), default=None)
    if state.due is not None and longest is not None and given is not None and given < longest:
        days = -(-longest // _DAY)
        yield survey.at("E406", state.due.where, f"议题「{flow}」自己最长要约 {days} 天，这里会先到期。请延长 due。")


def _given(survey: Survey, state: State, measure: Callable[[Duration], int]) -> Iterator[int]:
    if state.due is not None:
        choices = choices_of(survey, state.due, None)
        yield from (measure(choice.length) for choice, _ in granted(choices, survey.world_in(state)))


def _longest_life(survey: Survey) -> int | None:
    """
    Return the most minutes a matter of the flow can live when everybody waits as long as the clocks allow.

    None: no such time is known, because some state has no last moment or some round has no limit (E407).
    """
    lives = _Lives(survey)
    try:
        return max((lives.from_state(step.target, ()) for step in survey.steps_from[None]), default=None)
    except _NoLongestTime:
        return None


class _NoLongestTime(Exception):
    """A life without a last moment was found."""


_Uses = tuple[tuple[str, int], ...]


class _Lives:
    """Longest way to an end, by state and by how often each limited step was taken."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._known: dict[tuple[str, _Uses], int] = {}
        self._on_way: set[tuple[str, _Uses]] = set()

    def from_state(self, state: str, uses: _Uses) -> int:
        here = (state, uses)
        if self._survey.workflow.states[state].final is not None:
            return 0
        if here in self._known:
            return self._known[here]
        if here in self._on_way or len(self._known) + len(self._on_way) > _MOST_STEPS:
            raise _NoLongestTime
        self._on_way.add(here)
        ahead = [self.from_state(step.target, after) for step, after in self._steps(state, uses)]
        self._on_way.discard(here)
        self._known[here] = _stay(self._survey, self._survey.workflow.states[state]) + max(ahead, default=0)
        return self._known[here]

    def _steps(self, state: str, uses: _Uses) -> Iterator[tuple[Step, _Uses]]:
        taken = dict(uses)
        for step in self._survey.steps_from[state]:
            name = f"{state}.{step.name}"
            if step.limit is None:
                yield step, uses
            elif taken.get(name, 0) < step.limit:
                yield step, tuple(sorted({**taken, name: taken.get(name, 0) + 1}.items()))


def _stay(survey: Survey, state: State) -> int:
    """Return the most minutes of one visit."""
    ends = [
        minutes
        for class_id in survey.workflow.class_ids
        for step in leaving_steps(survey, state, class_id)
        if step.kind is StepKind.TIMER and step.rule is not None and not step.whens
        if (minutes := _instant(survey, state, step.rule.at)) is not None
    ]
    if not ends:
        raise _NoLongestTime
    return min(ends)


def _instant(survey: Survey, state: State, at: Offset) -> int | None:
    """Return the latest minute, counted from the entry, at which a rule can run."""
    shift = longest_minutes(at.duration) if at.duration is not None else 0
    if at.anchor == "entry":
        return 0
    if at.anchor == "every":
        return shift
    due = max(_given(survey, state, longest_minutes), default=None)
    if due is None:
        return None
    if state.extend is not None:
        due += state.extend.times * longest_minutes(state.extend.length)
    return due + (shift if at.sign > 0 else 0)
