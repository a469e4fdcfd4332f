"""A flow as Chinese sentences: who holds each state, by when, what happens if nobody acts, what each action does."""

from collections.abc import Iterator

from engine.core.terms import Do, Stops
from engine.core.workflow.declaration import Action, Children, Start, State, Target, TimerRule, Vote, Workflow
from engine.core.workflow.wording import (
    say_class,
    say_condition,
    say_due,
    say_duration,
    say_field,
    say_fields,
    say_instant,
    say_role,
    say_roles,
    say_state,
)


def explain_flow(workflow: Workflow) -> list[str]:
    """Return the whole flow: its ways in, then state by state, an empty line between them."""
    lines = [f"{workflow.label.zh}，第 {workflow.version} 版", *_starts(workflow)]
    for state in workflow.states:
        lines += ["", *explain_state(workflow, state)]
    return lines


def explain_state(workflow: Workflow, state_id: str) -> list[str]:
    """Return one state: a headline, then one sentence a line."""
    state = workflow.states[state_id]
    level = workflow.level_of(state_id)
    headline = f"{state.label.zh}（{state.id}{f'，{level.label.zh}' if level is not None else ''}）"
    if state.final is not None:
        return [headline, "  到这里事情结束。"]
    said = [_held(workflow, state), *_clock(workflow, state), *_ways_of_waiting(workflow, state)]
    said += _if_nobody_acts(workflow, state)
    said += [say_action(workflow, action) for action in workflow.actions_of(state_id).values()]
    return [headline, *(f"  {sentence}" for sentence in said)]


def _starts(workflow: Workflow) -> Iterator[str]:
    yield from (say_start(workflow, start) for start in workflow.starts.values())


def say_start(workflow: Workflow, start: Start) -> str:
    """Return who files, what must be filled, and where it begins."""
    must = f"，要填{say_fields(workflow, start.require)}" if start.require else ""
    return f"{say_roles(workflow, start.by) or '系统'}提出{must}，进入{say_where_to(workflow, start.to)}。"


def _held(workflow: Workflow, state: State) -> str:
    if state.held_by is None:
        return "没有固定的经办人。"
    above = workflow.roles[state.held_by].above if state.held_by in workflow.roles else None
    upper = f"，上级是{say_role(workflow, above)}" if above is not None else ""
    return f"由{say_role(workflow, state.held_by)}经办{upper}。"


def _clock(workflow: Workflow, state: State) -> Iterator[str]:
    if state.due is not None:
        yield f"时限 {say_due(workflow, state.due)}。"
    if state.review is not None:
        yield f"没有终点，每 {say_duration(state.review)}要说一次进展。"
    if state.extend is not None:
        extend = state.extend
        yield (
            f"{say_roles(workflow, extend.ask)}可以申请延期，{say_roles(workflow, extend.approve)}同意，"
            f"每次 {say_duration(extend.length)}，最多 {extend.times} 次。"
        )
    if state.pause:
        yield "在这里，来处的时限停着；回去时接着算。"
    if state.stops is not None:
        held = "全部时限" if state.stops is Stops.ALL else "本级时限"
        yield f"在这里{held}停着" + (f"（{state.basis.zh}）。" if state.basis is not None else "。")
    for milestone in state.milestones.values():
        yield f"{say_duration(milestone.within)}内要做到「{milestone.id}」，否则{_act(workflow, milestone.overdue)}。"


def _ways_of_waiting(workflow: Workflow, state: State) -> Iterator[str]:
    if state.children is not None:
        yield from say_children(workflow, state.children)
    if state.waits_for is not None:
        ends = "；".join(f"{name} 到{say_state(workflow, to)}" for name, to in state.waits_for.outcomes.items())
        yield f"等议题（{state.waits_for.workflow}）的结果：{ends}。"
    if state.vote is not None:
        yield say_vote(workflow, state.vote)


def say_children(workflow: Workflow, children: Children) -> Iterator[str]:
    """Yield how a state opens children and where it leads when they have joined."""
    names = {"lead": "主办", "assist": "协办"}
    for seat in children.seats.values():
        count = str(seat.minimum) if seat.minimum == seat.maximum else f"{seat.minimum} 到 {seat.maximum}"
        limit = f"，时限 {say_due(workflow, seat.limit)}" if seat.limit is not None else ""
        yield f"派给{names[seat.seat]} {count} 家{limit}。"
    joined = {"all": "都办完", "lead": "主办办完", "any": "有一家办完"}.get(
        str(children.join), f"{children.join} 家办完"
    )
    if children.done is not None:
        yield f"{joined}后到{say_where_to(workflow, children.done)}。"


def say_vote(workflow: Workflow, vote: Vote) -> str:
    """Return who votes, for how long, and where the results lead."""
    ends = {"通过": vote.passed, "没通过": vote.rejected, "人不够": vote.no_quorum}
    said = "；".join(
        f"{name}到{say_where_to(workflow, end.to)}"
        for name, end in ends.items()
        if end is not None and end.to is not None
    )
    return (
        f"由{say_role(workflow, vote.members)}表决：公告 {say_duration(vote.announce)}，"
        f"投票 {say_duration(vote.window)}，最多 {vote.rounds} 轮；{said}。"
    )


def _if_nobody_acts(workflow: Workflow, state: State) -> Iterator[str]:
    """Yield what clocks do, one sentence for classes that share it."""
    by_class = {one: workflow.rules_of_state(state.id, one) for one in workflow.class_ids}
    shared: dict[tuple[TimerRule, ...], list[str]] = {}
    for class_id, rules in by_class.items():
        shared.setdefault(tuple(rule for rule in rules if _serves(workflow, state, rule)), []).append(class_id)
    for rules, classes in shared.items():
        if rules:
            who = "" if len(shared) == 1 else f"（{'、'.join(say_class(workflow, one) for one in classes)}）"
            yield f"没有人动时{who}：{'；'.join(say_rule(workflow, rule, state) for rule in rules)}。"
    level = workflow.level_of(state.id)
    if level is not None and level.budget is not None and level.over_budget is not None:
        over = _act(workflow, level.over_budget, state)
        yield f"{level.label.zh}整级的时限 {say_due(workflow, level.budget)}，用完时{over}。"
    if state.no_deadline is not None:
        yield f"不设到点离开的规则：{state.no_deadline.zh}。"
    elif not any(shared) and state.review is None and (level is None or level.budget is None):
        yield "没有人动时，一直停在这里。"


def _serves(workflow: Workflow, state: State, rule: TimerRule) -> bool:
    return rule.do is not Do.ESCALATE or rule.to is not None or _above(workflow, state) is not None


def say_rule(workflow: Workflow, rule: TimerRule, state: State | None) -> str:
    """Return when a rule runs and what it does; *state* is where it runs (None: wherever)."""
    when = f"若{say_condition(workflow, rule.when)}，" if rule.when is not None else ""
    return f"{when}{say_instant(rule.at)}{_act(workflow, rule, state)}"


def _act(workflow: Workflow, rule: TimerRule, state: State | None = None) -> str:
    """Return what a rule does, whom it tells and where it leads."""
    waits = "，等到上班时" if rule.fires_at_opening else ""
    tell = f"，告诉{say_roles(workflow, rule.tell)}" if rule.tell else ""
    stays = {
        Do.REMIND: "提醒经办人",
        Do.WARN: "预警",
        Do.LATE: "记超时",
        Do.SUPERVISE: "由上级督办",
        Do.REASSIGN: f"转给{say_role(workflow, rule.to_role or '')}",
        Do.RAISE_URGENCY: "提高一级紧急程度",
        Do.PROGRESS: "催报进展",
    }
    if rule.do in stays:
        more = f"，另给 {say_duration(rule.more)}" if rule.more is not None else ""
        return stays[rule.do] + more + tell
    to = say_where_to(workflow, rule.to) if rule.to is not None else _above(workflow, state) or "上一级"
    moves = {Do.ESCALATE: "升级到", Do.CLOSE: "结案，到", Do.RESUME: "恢复办理，回到", Do.ASSIGN: "派到"}
    keep = "，原经办人留下协助" if rule.keep else ""
    return f"{waits}{moves.get(rule.do, '转到')}{to}{keep}{tell}"


def _above(workflow: Workflow, state: State | None) -> str | None:
    level = workflow.level_of(state.id) if state is not None else None
    if level is None or level.up is None:
        return None
    higher = workflow.levels.get(level.up)
    entry = level.up if higher is None else higher.entry
    return say_state(workflow, entry) if entry is not None else None


def say_where_to(workflow: Workflow, target: Target) -> str:
    """Return the states a target can name, with what chooses between them."""
    if target.last_of:
        return "最近去过的那一步（" + "".join(say_state(workflow, state) for state in target.last_of) + "之一）"
    said = []
    for case in target.cases:
        when = f"（{say_condition(workflow, case.when)}时）" if case.when is not None else ""
        said.append(say_state(workflow, case.state) + when)
    return "，否则".join(said)


def say_action(workflow: Workflow, action: Action) -> str:
    """Return who may do what here, what is asked for, and where it leads."""
    parts = [f"{say_roles(workflow, action.by)}可以「{action.label.zh}」"]
    if action.when is not None:
        parts.append(f"只在（{say_condition(workflow, action.when)}）时")
    if action.not_before is not None:
        parts.append(f"进来 {say_duration(action.not_before)}之后")
    if action.place_from is not None:
        parts.append(f"以后归「{say_field(workflow, action.place_from)}」里填的网格")
    if action.other_than is not None:
        parts.append(f"不能是做过「{_label_of(workflow, action.other_than)}」的人")
    if action.require:
        parts.append(f"要填{say_fields(workflow, action.require)}")
    if action.limit is not None:
        parts.append(f"最多 {action.limit} 次")
    if action.shown:
        parts.append("写的话居民看得到")
    if action.settle is not None:
        parts.append(f"{say_duration(action.settle)}后生效，在那以前可以撤回")
    parts.append(f"到{say_where_to(workflow, action.to)}" if action.to is not None else "事情留在这里")
    return "，".join(parts) + "。"


def _label_of(workflow: Workflow, action_id: str) -> str:
    for state in workflow.states:
        if action_id in workflow.actions_of(state):
            return workflow.actions_of(state)[action_id].label.zh
    return action_id
