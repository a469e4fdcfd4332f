"""E801: migration into what this version does not have."""

from collections.abc import Iterator, Mapping

from engine.core.terms import Counter
from engine.core.workflow.checks.survey import Survey
from engine.core.workflow.condition import meant
from engine.core.workflow.findings import Finding


def check_migration(survey: Survey) -> Iterator[Finding]:
    """E801: on a state, clock or counter that `migrate` names and the flow does not have."""
    migrate = survey.workflow.migrate
    if migrate is None:
        return
    yield from _unknown(survey, "map", (migrate.map, list(survey.workflow.states), "状态"))
    yield from _unknown(survey, "clocks", (migrate.clocks, list(survey.workflow.clocks), "时限"))
    yield from _unknown(survey, "counters", (migrate.counters, [str(counter) for counter in Counter], "次数"))


def _unknown(survey: Survey, table: str, given: tuple[Mapping[str, str], list[str], str]) -> Iterator[Finding]:
    names, known, label = given
    for old, new in names.items():
        if new not in known:
            message = f"这一版没有叫「{new}」的{label}，旧的「{old}」过不来。{meant(new, known)}"
            yield survey.at_value("E801", ("migrate", table, old), message)
