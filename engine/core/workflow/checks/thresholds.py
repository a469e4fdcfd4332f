"""Thresholds of votes as exact fractions, and E703: one that can't be met."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from engine.core.workflow.checks.survey import Survey
from engine.core.workflow.declaration import Vote
from engine.core.workflow.findings import Finding

_WRITTEN = re.compile(
    r"(?P<sign>>=|>) (?P<over>[0-9]+)/(?P<under>[1-9][0-9]*) of (?P<base>all|attending|voting)"
    r"(?: by (?P<unit>[a-z0-9_]+))?"
)


@dataclass(frozen=True, slots=True)
class Threshold:
    """`>= 2/3 of all by household`: `strict` for more than, `base` is all, attending or voting."""

    strict: bool
    share: Fraction
    base: str
    unit: str | None

    def is_met(self, for_: int, of: int) -> bool:
        """Whether *for_* out of *of* is enough; of nobody nothing is."""
        if of == 0:
            return False
        share = Fraction(for_, of)
        return share > self.share if self.strict else share >= self.share

    @property
    def possible(self) -> bool:
        """Whether everybody together would be enough."""
        return self.share < 1 or (self.share == 1 and not self.strict)


def parse_threshold(text: str) -> Threshold | None:
    """Return the threshold written as *text*, or None when it is none."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return None
    share = Fraction(int(match["over"]), int(match["under"]))
    return Threshold(match["sign"] == ">", share, match["base"], match["unit"])


def check_thresholds(survey: Survey) -> Iterator[Finding]:
    """E703: on each threshold that not even everybody's voice would meet."""
    for state in survey.living:
        if state.vote is not None:
            yield from _of_vote(survey, state.vote)


def _of_vote(survey: Survey, vote: Vote) -> Iterator[Finding]:
    for key, texts in (("quorum", vote.quorum), ("pass", vote.pass_)):
        path = (*vote.where.path, key)
        for index, text in enumerate(texts):
            threshold = parse_threshold(text)
            if threshold is not None and not threshold.possible:
                place = (*path, index) if (*path, index) in survey.workflow.places else path
                yield survey.at_value("E703", place, f"「{text}」全体都到、都同意也达不到。请改小一些。")
