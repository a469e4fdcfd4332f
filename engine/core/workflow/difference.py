"""
What changed between two versions of a flow, told as rules: 网格办理（其余）：3 个工作日 → 2 个工作日.

Both versions are laid out as aspects, one sentence part a rule with the path that leads to it; then the two layouts
are compared. What belongs to something wholly new or gone is not told again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.core.workflow.declaration import Action, Level, LimitRow, Limits, State, TimerRule, Workflow
from engine.core.workflow.sentences import say_action, say_children, say_rule, say_start, say_vote, say_where_to
from engine.core.workflow.tree import Path
from engine.core.workflow.wording import (
    say_class,
    say_condition,
    say_due,
    say_duration,
    say_field,
    say_fields,
    say_role,
    say_roles,
    say_state,
)


@dataclass(frozen=True, slots=True)
class Change:
    """One change: the path of the rule, what it is about, and both wordings (None: it was or is not there)."""

    path: Path
    about: str
    old: str | None
    new: str | None

    def __str__(self) -> str:
        if self.old is None:
            return f"新增{self.about}" + (f"：{self.new}" if self.new else "")
        if self.new is None:
            return f"删去{self.about}" + (f"：{self.old}" if self.old else "")
        return f"{self.about}：{self.old or '无'} → {self.new or '无'}"


@dataclass(frozen=True, slots=True)
class Aspect:
    """What a rule is about and its wording; `detail` is told only when the whole is new or gone."""

    about: str
    text: str
    detail: str = ""


Aspects = dict[Path, Aspect]


def differences(old: Workflow, new: Workflow) -> tuple[Change, ...]:
    """Return every change, in the order of the new version, what is gone last."""
    before, after = aspects_of(old), aspects_of(new)
    changes = [
        Change(path, aspect.about, before[path].text, aspect.text)
        if path in before
        else Change(path, aspect.about, None, aspect.text or aspect.detail)
        for path, aspect in after.items()
        if path not in before or before[path].text != aspect.text
    ]
    gone = {path: aspect for path, aspect in before.items() if path not in after}
    changes += [Change(path, aspect.about, aspect.text or aspect.detail, None) for path, aspect in gone.items()]
    whole = {change.path for change in changes if change.old is None or change.new is None}
    told = [change for change in changes if not any(change.path[:end] in whole for end in range(1, len(change.path)))]
    told += _order_of_rows(old, new)
    if not told and old.digest != new.digest:
        return (Change((), "写法", "旧", "新（规则没有变）"),)
    return tuple(told)


def _order_of_rows(old: Workflow, new: Workflow) -> Iterator[Change]:
    """Yield the new order of rows that stand in both tables, when it is another."""
    before, after = ([key for key, _ in _keyed_rows(flow.limits)] for flow in (old, new))
    was, is_ = [key for key in before if key in after], [key for key in after if key in before]
    if was != is_:
        texts = (" / ".join(key or "其余" for key in keys) for keys in (was, is_))
        yield Change(("rows",), "时限表各行的次序", *texts)


def aspects_of(workflow: Workflow) -> Aspects:
    """Return every rule of a flow by its path: what it is about, and its wording."""
    aspects: Aspects = {
        ("workflow",): Aspect("流程", workflow.id),
        ("label",): Aspect("流程的名字", workflow.label.zh),
        ("calendar",): Aspect("流程的日历", workflow.calendar or "本地的"),
        ("classes",): Aspect("分类的字段", workflow.classes or "不分类"),
    }
    for path, *said in (
        *_roles(workflow),
        *_fields(workflow),
        *_clocks(workflow),
        *_starts(workflow),
        *_levels(workflow),
        *_states(workflow),
        *_others(workflow),
        *(_limits(workflow, workflow.limits) if workflow.limits is not None else ()),
    ):
        aspects[path] = Aspect(*said)
    return aspects


_Row = tuple[Path, str, str] | tuple[Path, str, str, str]


def _roles(workflow: Workflow) -> Iterator[_Row]:
    for role in workflow.roles.values():
        path, name = ("roles", role.id), f"岗位「{role.label.zh}」"
        yield path, name, ""
        yield (*path, "label"), f"岗位 {role.id} 的名字", role.label.zh
        yield (*path, "covers"), f"{name}管的范围", role.covers.label
        yield (*path, "above"), f"{name}的上级", say_role(workflow, role.above) if role.above else "无"
        yield (*path, "roster"), f"{name}由值班表担任", "是" if role.roster else "否"
        yield (*path, "calendar"), f"{name}的日历", role.calendar or "流程的"


def _fields(workflow: Workflow) -> Iterator[_Row]:
    for field in workflow.fields.values():
        path, name = ("fields", field.id), f"字段「{field.label.zh}」"
        yield path, name, ""
        yield (*path, "label"), f"字段 {field.id} 的名字", field.label.zh
        yield (*path, "type"), f"{name}的类型", field.type.label
        if field.catalogue is None:
            labels = [field.choice_labels[one].zh if one in field.choice_labels else one for one in field.choices or ()]
            yield (*path, "of"), f"{name}的选项", "、".join(labels)
        else:
            yield (*path, "of"), f"{name}的选项", f"目录 {field.catalogue}"
        yield (*path, "default"), f"{name}没填时", "无" if field.default is None else str(field.default)
        yield (*path, "min"), f"{name}的下限", "无" if field.minimum is None else str(field.minimum)
        yield (*path, "max"), f"{name}的上限", "无" if field.maximum is None else str(field.maximum)
        yield (*path, "private"), f"{name}按个人信息保存", "是" if field.private else "否"


def _clocks(workflow: Workflow) -> Iterator[_Row]:
    for clock in workflow.clocks.values():
        path, name = ("clocks", clock.id), f"时限「{clock.label.zh}」"
        yield path, name, ""
        yield (
            (*path, "limit"),
            name,
            say_due(workflow, clock.limit) if clock.limit.column is None else clock.limit.column,
        )
        yield (*path, "from"), f"{name}从何时算", clock.start
        yield (*path, "until"), f"{name}到何时停", clock.until
        yield (*path, "not_after"), f"{name}不晚于上级平台的期限", "是" if clock.not_after_external else "否"
        yield from _rules(workflow, (*path, "timers"), name, clock.timers, None)
    for promise in workflow.promises:
        within = f"{say_duration(promise.within)}内到 {promise.reach}"
        yield ("promises", promise.id), f"承诺「{promise.says.zh}」", within


def _starts(workflow: Workflow) -> Iterator[_Row]:
    for start in workflow.starts.values():
        path, name = ("starts", start.id), f"入口「{start.id}」"
        yield path, name, ""
        yield (*path, "to"), f"{name}的规则", say_start(workflow, start)
        yield (*path, "optional"), f"{name}可以填", say_fields(workflow, start.optional)
        yield (*path, "marks"), f"{name}记下", "、".join(start.marks)
        yield (*path, "external"), f"{name}带来", "、".join(start.external)
        yield (*path, "settle"), f"{name}多久内可以撤回", say_duration(start.settle) if start.settle else "不说"


def _levels(workflow: Workflow) -> Iterator[_Row]:
    for level in workflow.levels.values():
        path, name = ("levels", level.id), f"层级「{level.label.zh}」"
        yield path, name, ""
        yield from _level(workflow, level, (path, name))


def _level(workflow: Workflow, level: Level, at: tuple[Path, str]) -> Iterator[_Row]:
    path, name = at
    yield (*path, "label"), f"层级 {level.id} 的名字", level.label.zh
    yield (*path, "up"), f"{name}的上一级", level.up or "无"
    yield (*path, "entry"), f"{name}从哪里进", say_state(workflow, level.entry) if level.entry else "无"
    yield (*path, "calendar"), f"{name}的日历", level.calendar or "流程的"
    yield (*path, "budget"), f"{name}整级时限", say_due(workflow, level.budget) if level.budget else "无"
    over = say_rule(workflow, level.over_budget, None) if level.over_budget else "无"
    yield (*path, "over_budget"), f"{name}整级时限用完时", over
    for action in level.actions.values():
        yield from _action(workflow, action, ((*path, "everywhere", "actions", action.id), name))


def _states(workflow: Workflow) -> Iterator[_Row]:
    for state in workflow.states.values():
        path, name = ("states", state.id), say_state(workflow, state.id)
        yield path, f"状态{name}", ""
        yield from _state(workflow, state, (path, name))
        for action in state.actions.values():
            yield from _action(workflow, action, ((*path, "actions", action.id), name))


def _state(workflow: Workflow, state: State, at: tuple[Path, str]) -> Iterator[_Row]:
    path, name = at
    yield (*path, "label"), f"状态 {state.id} 的名字", state.label.zh
    yield (*path, "level"), f"{name}的层级", workflow.levels[state.level].label.zh if state.level else "层级之外"
    yield (*path, "held_by"), f"{name}的经办人", say_role(workflow, state.held_by) if state.held_by else "无"
    # a column's cells are told once, as changes of the table
    due = state.due.column if state.due and state.due.column else say_due(workflow, state.due) if state.due else "无"
    yield (*path, "due"), f"{name}的时限", due
    yield (*path, "ladder"), f"{name}用升级阶梯", "是" if state.ladder else "否"
    yield (*path, "calendar"), f"{name}的日历", state.calendar or "本级的"
    yield (*path, "pause"), f"{name}停住来处的时限", "是" if state.pause else "否"
    yield (*path, "stops"), f"{name}停住的时限", state.stops.label if state.stops else "无"
    yield (*path, "review"), f"{name}的进展周期", say_duration(state.review) if state.review else "无"
    yield (*path, "final"), f"{name}的结局", state.final or "不是终点"
    yield (*path, "no_deadline"), f"{name}不设期限的理由", state.no_deadline.zh if state.no_deadline else "无"
    yield from _rules(workflow, (*path, "timers"), name, state.timers, state)
    yield from _procedures(workflow, state, at)


def _procedures(workflow: Workflow, state: State, at: tuple[Path, str]) -> Iterator[_Row]:
    path, name = at
    if state.extend is not None:
        extend = state.extend
        ask, approve = say_roles(workflow, extend.ask), say_roles(workflow, extend.approve)
        text = f"{extend.times} 次，每次 {say_duration(extend.length)}，{ask}申请，{approve}同意"
        yield (*path, "extend"), f"{name}的延期", text
    for milestone in state.milestones.values():
        overdue = say_rule(workflow, milestone.overdue, state)
        text = f"{say_duration(milestone.within)}，看{'、'.join(milestone.met_by)}；没做到时{overdue}"
        yield (*path, "milestones", milestone.id), f"{name}的节点「{milestone.id}」", text
    if state.children is not None:
        yield (*path, "children"), f"{name}的派出任务", "".join(say_children(workflow, state.children))
    if state.waits_for is not None:
        ends = "；".join(f"{one} 到{say_state(workflow, to)}" for one, to in state.waits_for.outcomes.items())
        yield (*path, "waits_for"), f"{name}等的议题", f"{state.waits_for.workflow}（{state.waits_for.join}）：{ends}"
    if state.vote is not None:
        thresholds = f"法定人数 {'、'.join(state.vote.quorum)}；通过 {'、'.join(state.vote.pass_)}"
        yield (*path, "vote"), f"{name}的表决", f"{say_vote(workflow, state.vote)}{thresholds}"


def _action(workflow: Workflow, action: Action, at: tuple[Path, str]) -> Iterator[_Row]:
    path, home = at
    name = f"{home}的动作「{action.label.zh}」"
    yield path, name, "", say_action(workflow, action)
    yield (*path, "label"), f"{home}的动作 {action.id} 的名字", action.label.zh
    yield (*path, "by"), f"{name}由谁做", say_roles(workflow, action.by)
    yield (*path, "to"), f"{name}的去处", say_where_to(workflow, action.to) if action.to is not None else "留在这里"
    yield (*path, "when"), f"{name}的条件", say_condition(workflow, action.when) if action.when else "无"
    yield (*path, "require"), f"{name}要填", say_fields(workflow, action.require)
    yield (*path, "optional"), f"{name}可以填", say_fields(workflow, action.optional)
    yield (*path, "limit"), f"{name}最多", "不限" if action.limit is None else f"{action.limit} 次"
    before = say_duration(action.not_before) if action.not_before is not None else "无"
    yield (*path, "not_before"), f"{name}要等", before
    yield (*path, "place_from"), f"{name}转到哪里由哪一项定", action.place_from or "无"
    yield (*path, "other_than"), f"{name}要与之不同人", action.other_than or "无"
    yield (*path, "set"), f"{name}写入", "、".join(f"{say_field(workflow, k)}={v}" for k, v in action.set.items())
    yield (*path, "marks"), f"{name}记下", "、".join(action.marks)
    yield (*path, "counts"), f"{name}计入", action.counts.label if action.counts else "无"
    yield (*path, "confirm"), f"{name}再问一句", action.confirm.zh if action.confirm else "无"
    yield (*path, "settle"), f"{name}多久后生效", say_duration(action.settle) if action.settle else "马上"
    yield (*path, "shown"), f"{name}写的话", "居民看得到" if action.shown else "居民看不到"


def _rules(
    workflow: Workflow, path: Path, name: str, rules: tuple[TimerRule, ...], state: State | None
) -> Iterator[_Row]:
    for rule in rules:
        limit = f"，最多 {rule.limit} 次" if rule.limit is not None else ""
        reason = f"（{rule.reason.zh}）" if rule.reason is not None else ""
        yield (*path, rule.id), f"{name}的{rule.do.label}规则", say_rule(workflow, rule, state) + limit + reason


def _others(workflow: Workflow) -> Iterator[_Row]:
    if workflow.notices is not None:
        quiet = workflow.notices
        text = f"{quiet.start:%H:%M} 到 {quiet.end:%H:%M}"
        yield ("notices", "quiet"), "不发通知的钟点", text
        excepted = "、".join(say_class(workflow, one) for one in sorted(quiet.except_classes))
        yield ("notices", "except"), "不受钟点限制的办法", excepted or "无"
    if workflow.migrate is not None:
        tables: tuple[tuple[str, Mapping[str, str]], ...] = (
            ("map", workflow.migrate.map),
            ("clocks", workflow.migrate.clocks),
            ("counters", workflow.migrate.counters),
        )
        for table, names in tables:
            for old, new in names.items():
                yield ("migrate", table, old), f"旧版「{old}」过来变成", new


def _limits(workflow: Workflow, limits: Limits) -> Iterator[_Row]:
    for column, label in limits.columns.items():
        yield ("columns", column), f"时限表的列「{label.zh}」", ""
        yield ("columns", column, "label"), f"时限表的列 {column} 的名字", label.zh
    for key, row in _keyed_rows(limits):
        who = f"（{say_condition(workflow, row.when) if row.when is not None else '其余'}）"
        cells = "、".join(f"{limits.columns[one].zh} {say_duration(length)}" for one, length in row.cells.items())
        yield ("rows", key), f"时限表的一行{who}", "", cells
        for column, label in limits.columns.items():
            length = row.cells.get(column)
            yield ("rows", key, column), f"{label.zh}{who}", say_duration(length) if length else "看下面的行"
        yield ("rows", key, "basis"), f"时限表的一行{who}的依据", row.basis.zh if row.basis else "无"
    for season, (first, last) in limits.seasons.items():
        text = f"{first[0]:02}-{first[1]:02} 到 {last[0]:02}-{last[1]:02}"
        yield ("seasons", season), f"季节「{season}」", text
    for name, ladder in limits.escalation.items():
        who = "其余" if name == "else" else say_class(workflow, name)
        yield ("escalation", name), f"升级阶梯（{who}）", ""
        yield from _rules(workflow, ("escalation", name), f"升级阶梯（{who}）", ladder, None)


def _keyed_rows(limits: Limits | None) -> Iterator[tuple[str, LimitRow]]:
    """Yield the rows of a table, each under its condition; a second one with the same condition is numbered."""
    seen: set[str] = set()
    for number, row in enumerate(limits.rows if limits is not None else ()):
        when = "" if row.when is None else row.when.text
        key = when if when not in seen else f"{when} #{number}"
        seen.add(key)
        yield key, row
