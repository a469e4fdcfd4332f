"""
Everything `check` finds in a flow that could be read: dead ends, traps, waits without end, rules that compete.

The three proved times (E407, E408) are not looked for here.
"""

from collections.abc import Callable, Iterable, Mapping

from engine.core.workflow.catalogue import Library
from engine.core.workflow.checks.budgets import check_longer_than_budget
from engine.core.workflow.checks.competing import check_competing
from engine.core.workflow.checks.dead import check_dead_actions, check_dead_timers
from engine.core.workflow.checks.escalation import check_escalations
from engine.core.workflow.checks.joining import check_children, check_outcomes
from engine.core.workflow.checks.longest import check_time_enough
from engine.core.workflow.checks.migration import check_migration
from engine.core.workflow.checks.reaching import (
    check_ended_moves,
    check_last_of,
    check_no_end,
    check_unreachable,
)
from engine.core.workflow.checks.roles import check_actions_without_role, check_idle_holders
from engine.core.workflow.checks.survey import Survey
from engine.core.workflow.checks.thresholds import check_thresholds
from engine.core.workflow.checks.unset import check_turn_never_comes, check_unfilled_and_unset
from engine.core.workflow.checks.waiting import (
    check_no_deadline_for,
    check_round_for_ever,
    check_waits_for_ever,
)
from engine.core.workflow.declaration import Workflow
from engine.core.workflow.findings import Finding

Check = Callable[[Survey], Iterable[Finding]]
CHECKS: tuple[Check, ...] = (
    check_unreachable,
    check_no_end,
    check_ended_moves,
    check_last_of,
    check_dead_actions,
    check_dead_timers,
    check_waits_for_ever,
    check_no_deadline_for,
    check_round_for_ever,
    check_time_enough,
    check_escalations,
    check_longer_than_budget,
    check_unfilled_and_unset,
    check_turn_never_comes,
    check_actions_without_role,
    check_idle_holders,
    check_competing,
    check_children,
    check_outcomes,
    check_thresholds,
    check_migration,
)


def check(workflow: Workflow, library: Library, *, flows: Mapping[str, Workflow] | None = None) -> tuple[Finding, ...]:
    """
    Return every finding in order of position, those in the flow's own file first.

    Args:
        flows: other flows as far as they could be read; without a topic's flow its longest time is not compared.
    """
    survey = Survey(workflow, library, flows or {})
    found = {finding for check_ in CHECKS for finding in check_(survey)}
    return tuple(sorted(found, key=lambda one: (one.file != workflow.file, one)))
