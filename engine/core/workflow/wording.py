"""Rules in plain Chinese: lengths of time, instants, conditions and names, as sentences and changes say them."""

from engine.core.clock.duration import Duration, Offset, Unit
from engine.core.terms import Counter, FieldType
from engine.core.workflow.condition import Condition
from engine.core.workflow.condition_tree import AllOf, Among, AnyOf, Compare, Constant, Not, Tree, Truth
from engine.core.workflow.declaration import Due, Workflow

_UNITS = {
    Unit.MINUTES: "分钟",
    Unit.HOURS: "小时",
    Unit.DAYS: "天",
    Unit.DAYS_ROLL: "天（遇休息日顺延）",
    Unit.WORKING_MINUTES: "个工作分钟",
    Unit.WORKING_HOURS: "个工作小时",
    Unit.WORKING_DAYS: "个工作日",
}
_SIGNS = {"=": "是", "!=": "不是", "<": "小于", "<=": "不超过", ">": "大于", ">=": "不少于"}
_OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_BUILT_IN = {"class": "类别", "level": "层级", "season": "日子", "similar_30d": "30 天内同类诉求"}
_TOLD = {"superior": "上级", "reporter": "反映人", "holder": "经办人"}
_FIXED = {
    "supervisor": "督导员",
    "auditor": "审计员",
    "system_admin": "系统管理员",
    "security_admin": "安全管理员",
}


def say_duration(duration: Duration) -> str:
    """Return a length of time as people say it: 3 个工作日."""
    return f"{duration.amount} {_UNITS[duration.unit]}"


def say_instant(at: Offset) -> str:
    """Return when a rule runs: 到期前 1 个工作日."""
    length = say_duration(at.duration) if at.duration is not None else ""
    match at.anchor:
        case "entry":
            return "一进来"
        case "percent":
            return f"时限过了 {at.percent}% "
        case "every":
            return f"每 {length}"
        case "end":
            return "另给的时间用完"
    return "到期" if not at.sign else f"到期{'后' if at.sign > 0 else '前'} {length}"


def say_missing(label: str, field_type: FieldType) -> str:
    """Return what is said of a field that must be given and was not: 请选「原因」."""
    match field_type:
        case FieldType.FILES:
            return f"请拍或选「{label}」。"
        case FieldType.CHOICE | FieldType.YESNO | FieldType.DATE:
            return f"请选「{label}」。"
        case _:
            return f"请填写「{label}」。"


def say_role(workflow: Workflow, role: str) -> str:
    """Return the name of a role, or of who is told."""
    if role in workflow.roles:
        return workflow.roles[role].label.zh
    return _TOLD.get(role) or _FIXED.get(role, role)


def say_roles(workflow: Workflow, roles: tuple[str, ...]) -> str:
    """Return the names of several roles."""
    return "、".join(say_role(workflow, role) for role in roles)


def say_state(workflow: Workflow, state: str) -> str:
    """Return the name of a state in quotes."""
    known = workflow.states.get(state)
    return f"「{known.label.zh if known is not None else state}」"


def say_field(workflow: Workflow, field: str) -> str:
    """Return the name of a field."""
    rule = workflow.fields.get(field)
    return rule.label.zh if rule is not None else field


def say_fields(workflow: Workflow, fields: tuple[str, ...]) -> str:
    """Return the names of fields."""
    return "、".join(say_field(workflow, field) for field in fields)


def say_class(workflow: Workflow, class_id: str) -> str:
    """Return the name of a class."""
    rule = workflow.fields.get(workflow.classes or "")
    label = rule.choice_labels.get(class_id) if rule is not None else None
    return label.zh if label is not None else class_id


def say_condition(workflow: Workflow, condition: Condition) -> str:
    """Return a condition in words."""
    return _say(workflow, condition.tree)


def _say(workflow: Workflow, tree: Tree) -> str:
    match tree:
        case AllOf():
            return (
                "、".join(_inside(workflow, part) for part in tree.parts)
                if len(tree.parts) > 3
                else "，并且".join(_inside(workflow, part) for part in tree.parts)
            )
        case AnyOf():
            return "，或者".join(_inside(workflow, part) for part in tree.parts)
        case Not():
            return _contrary(workflow, tree.part)
        case Truth():
            return f"是{_name(workflow, tree.name)}"
        case Compare():
            return _compared(workflow, tree, tree.sign)
        case Among():
            return f"{_name(workflow, tree.name)}是{_values(workflow, tree)}"


def _inside(workflow: Workflow, tree: Tree) -> str:
    said = _say(workflow, tree)
    return f"（{said}）" if isinstance(tree, AllOf | AnyOf) else said


def _contrary(workflow: Workflow, tree: Tree) -> str:
    match tree:
        case Truth():
            return f"不是{_name(workflow, tree.name)}"
        case Compare() if tree.name != "season":
            return _compared(workflow, tree, _OPPOSITE[tree.sign])
        case Among():
            return f"{_name(workflow, tree.name)}不是{_values(workflow, tree)}"
    return f"不是（{_say(workflow, tree)}）"


def _compared(workflow: Workflow, tree: Compare, sign: str) -> str:
    value = _value(workflow, tree.name, tree.constant)
    if tree.name == "season":
        return f"{'在' if sign == '=' else '不在'}{value}期间"
    space = " " if isinstance(tree.constant, int) else ""
    return f"{_name(workflow, tree.name)}{_SIGNS[sign]}{space}{value}"


def _values(workflow: Workflow, tree: Among) -> str:
    return "或".join(_value(workflow, tree.name, constant) for constant in tree.constants)


def _value(workflow: Workflow, name: str, constant: Constant) -> str:
    if name == "class":
        return say_class(workflow, str(constant))
    if name == "level":
        level = workflow.levels.get(str(constant))
        return level.label.zh if level is not None else str(constant)
    if name == "season":
        return _season(workflow, str(constant))
    rule = workflow.fields.get(name)
    label = rule.choice_labels.get(str(constant)) if rule is not None else None
    return label.zh if label is not None else str(constant)


def _season(workflow: Workflow, season: str) -> str:
    """Return the days a season lasts: its own name is for those who write the table."""
    span = workflow.limits.seasons.get(season) if workflow.limits is not None else None
    if span is None:
        return f" {season} "
    first, last = span
    return f"每年 {first[0]}月{first[1]}日到{last[0]}月{last[1]}日"


def _name(workflow: Workflow, name: str) -> str:
    if name in workflow.fields:
        return f"「{workflow.fields[name].label.zh}」"
    if name == "external":
        return "上级平台来的工单"
    counters = {str(counter): counter.label for counter in Counter}
    return _BUILT_IN.get(name) or counters.get(name, name)


def say_due(workflow: Workflow, due: Due) -> str:
    """Return what a limit says: one length, one a class, or row by row."""
    if due.given:
        return "按派出的一方给的时限"
    if due.column is not None:
        return _say_column(workflow, due.column)
    if len(due.cases) == 1 and due.cases[0].classes is None and due.cases[0].when is None:
        return say_duration(due.cases[0].duration)
    said = []
    for case in due.cases:
        who = "、".join(say_class(workflow, one) for one in sorted(case.classes or ()))
        when = say_condition(workflow, case.when) if case.when is not None else ""
        said.append(f"{who or when or '其余'} {say_duration(case.duration)}")
    return "；".join(said)


def _say_column(workflow: Workflow, column: str) -> str:
    limits = workflow.limits
    if limits is None:
        return column
    said = []
    for row in limits.rows:
        if column in row.cells:
            when = say_condition(workflow, row.when) if row.when is not None else "其余"
            said.append(f"{when} {say_duration(row.cells[column])}")
            if row.when is None:
                break
    label = limits.columns[column].zh
    return f"{label}：{'；'.join(said)}" if len(said) > 1 else f"{label} {said[0].removeprefix('其余 ')}"
