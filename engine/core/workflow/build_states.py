"""Parts of a flow without faults → its states and levels, every name resolved."""

from collections.abc import Mapping

from engine.core.clock.duration import Duration
from engine.core.terms import Counter, Stops
from engine.core.workflow.catalogue import Library
from engine.core.workflow.condition import Condition
from engine.core.workflow.declaration import (
    Action,
    Children,
    ChildRule,
    Extend,
    Level,
    Milestone,
    State,
    Target,
    TargetCase,
    Vote,
    VoteOutcome,
    WaitsFor,
)
from engine.core.workflow.kinds import Count
from engine.core.workflow.parts import Part
from engine.core.workflow.rules_of_time import (
    bare_timer_of,
    due_of,
    length_of,
    target_of,
    timers_of,
    warn_holder,
)
from engine.core.workflow.words import label_of, optional_label

_COUNTS = {"lead": Count(1, 1), "assist": Count(0, 5)}


class StateBuilder:
    """Builds what belongs to the states of one flow."""

    def __init__(self, flow: Part, library: Library) -> None:
        self.flow = flow
        self.library = library

    def states(self) -> dict[str, State]:
        """Return every state, those of the lowest level first."""
        built: dict[str, State] = {}
        for level_id, level in self.flow.table("levels").items():
            for name, part in level.table("states").items():
                built[name] = self._state(name, part, level_id)
        for name, part in self.flow.table("states").items():
            built[name] = self._state(name, part, None)
        return built

    def levels(self) -> dict[str, Level]:
        """Return every level, the lowest first."""
        return {
            name: self._level(name, part, order) for order, (name, part) in enumerate(self.flow.table("levels").items())
        }

    def up_of(self, level_id: str | None) -> Target | None:
        """Return where an escalation from a level arrives: the entry of the next level, or a state."""
        levels = self.flow.table("levels")
        up = levels[level_id].get("up") if level_id is not None else None
        if up is None or not isinstance(up.data, str):
            return None
        state = levels[up.data].text("entry") if up.data in levels else up.data
        return Target((TargetCase(state, None),), (), up.where) if state else None

    def _level(self, name: str, part: Part, order: int) -> Level:
        over, everywhere = part.get("over_budget"), part.get("everywhere")
        return Level(
            id=name,
            order=order,
            label=label_of(part.get("label"), name),
            up=part.text("up"),
            entry=part.text("entry"),
            budget=due_of(part.get("budget")),
            over_budget=bare_timer_of(over, self.up_of(name)) if over else None,
            calendar=part.text("calendar"),
            actions=actions_of(everywhere.table("actions")) if everywhere else {},
            where=part.key_where,
        )

    def _state(self, name: str, part: Part, level: str | None) -> State:
        vote, children, waits = part.get("vote"), part.get("children"), part.get("waits_for")
        extend = part.get("extend")
        return State(
            id=name,
            label=label_of(part.get("label"), name),
            level=level,
            held_by=part.text("held_by"),
            due=due_of(part.get("due")),
            ladder="ladder" not in part,
            timers=timers_of(part.get("timers") or (), up=self.up_of(level)),
            actions=actions_of(part.table("actions")),
            milestones={name: _milestone(name, one) for name, one in part.table("milestones").items()},
            extend=_extend(extend) if extend else None,
            calendar=part.text("calendar"),
            stops=part.value("stops", Stops),
            basis=optional_label(part.get("basis")),
            pause=bool(part.value("pause", bool)),
            vote=_vote(vote) if vote else None,
            children=self._children(children) if children else None,
            waits_for=_waits_for(waits) if waits else None,
            review=part.value("review", Duration),
            final=part.text("final"),
            no_deadline=optional_label(part.get("no_deadline")),
            where=part.key_where,
        )

    def _children(self, part: Part) -> Children:
        done = part.get("done")
        join = part.get("join")
        return Children(
            seats={seat: self._child(seat, child) for seat in ("lead", "assist") if (child := part.get(seat))},
            join=join.data if join is not None and isinstance(join.data, str | int) else "all",
            done=target_of(done.get("to")) if done else None,
            done_require=done.texts("require") if done else (),
            where=part.key_where,
        )

    def _child(self, seat: str, part: Part) -> ChildRule:
        count = part.value("count", Count) or _COUNTS[seat]
        workflow = part.text("workflow") or ""
        return ChildRule(
            seat=seat,
            workflow=workflow,
            start=part.text("start") or self._only_start(workflow),
            to=part.text("to") or "",
            minimum=count.minimum,
            maximum=count.maximum,
            limit=due_of(part.get("limit")),
            by_category="pick" in part,
            void=part.texts("void"),
            where=part.key_where,
        )

    def _only_start(self, workflow: str) -> str:
        outline = (self.library.flows or {}).get(workflow)
        return next(iter(outline.starts), "start") if outline else "start"


def actions_of(parts: Mapping[str, Part]) -> dict[str, Action]:
    """Return the actions of a table."""
    return {name: _action(name, part) for name, part in parts.items()}


def _action(name: str, part: Part) -> Action:
    return Action(
        id=name,
        label=label_of(part.get("label"), name),
        by=part.texts("by"),
        to=target_of(part.get("to")),
        when=part.value("when", Condition),
        require=part.texts("require"),
        optional=part.texts("optional"),
        limit=part.value("limit", int),
        set={key: one.data for key, one in part.table("set").items() if isinstance(one.data, str | int)},
        marks=part.texts("marks"),
        counts=part.value("counts", Counter),
        confirm=optional_label(part.get("confirm")),
        not_before=part.value("not_before", Duration),
        other_than=part.text("other_than"),
        place_from=part.text("place_from"),
        where=part.key_where,
        settle=part.value("settle", Duration),
        shown=part.value("shown", bool) or False,
    )


def _milestone(name: str, part: Part) -> Milestone:
    if isinstance(part.data, Duration):
        return Milestone(name, part.data, (name,), warn_holder(part.where), part.key_where)
    overdue = part.get("overdue")
    return Milestone(
        id=name,
        within=length_of(part, "within"),
        met_by=part.texts("met_by") if "met_by" in part else (name,),
        overdue=bare_timer_of(overdue, None) if overdue else warn_holder(part.where),
        where=part.key_where,
    )


def _extend(part: Part) -> Extend:
    return Extend(
        times=part.value("times", int) or 1,
        length=length_of(part, "length"),
        ask=part.texts("ask"),
        approve=part.texts("approve"),
        where=part.key_where,
    )


def _waits_for(part: Part) -> WaitsFor:
    outcomes = {name: one.data for name, one in part.table("outcomes").items() if isinstance(one.data, str)}
    return WaitsFor(part.text("workflow") or "", part.text("join") or "all", outcomes, part.key_where)


def _vote(part: Part) -> Vote:
    return Vote(
        members=part.text("members") or "",
        announce=length_of(part, "announce"),
        window=length_of(part, "window"),
        rounds=part.value("rounds", int) or 1,
        quorum=_thresholds(part, "quorum"),
        pass_=_thresholds(part, "pass"),
        unit=part.text("unit"),
        passed=_outcome(part.get("passed")),
        rejected=_outcome(part.get("rejected")),
        no_quorum=_outcome(part.get("no_quorum")),
        where=part.key_where,
    )


def _thresholds(part: Part, name: str) -> tuple[str, ...]:
    alone = part.text(name)
    return (alone,) if alone is not None else part.texts(name)


def _outcome(part: Part | None) -> VoteOutcome | None:
    return VoteOutcome(target_of(part.get("to")), part.texts("require")) if part else None
