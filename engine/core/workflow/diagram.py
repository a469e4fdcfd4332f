"""A flow as a Mermaid flowchart: levels are lanes, what a clock does carries its instant."""

from collections.abc import Iterator

from engine.core.workflow.checks.steps import Step, StepKind, steps_of
from engine.core.workflow.declaration import State, Workflow
from engine.core.workflow.wording import say_duration, say_instant

_WORDS = {StepKind.CHILDREN: "任务办完", StepKind.TOPIC: "议题", StepKind.VOTE: "表决"}
_ESCAPED = {'"': "#quot;", "#": "#35;", "<": "#lt;", ">": "#gt;", "`": "#96;"}


def draw_flow(workflow: Workflow) -> str:
    """Return the diagram: one lane a level, lowest first; dotted arrows are taken by clocks."""
    lines = ["flowchart TD"]
    lines += [f'  start_{name}(["{_text(_start_label(workflow, name))}"])' for name in workflow.starts]
    for level in workflow.levels.values():
        lines.append(f'  subgraph level_{level.id}["{_text(level.label.zh)}"]')
        lines += [f"    {_node(workflow, state)}" for state in workflow.states.values() if state.level == level.id]
        lines.append("  end")
    lines += [f"  {_node(workflow, state)}" for state in workflow.states.values() if state.level is None]
    lines += [f"  {arrow}" for arrow in _arrows(workflow)]
    return "\n".join(lines) + "\n"


def _start_label(workflow: Workflow, name: str) -> str:
    return (
        "、".join(workflow.roles[role].label.zh for role in workflow.starts[name].by if role in workflow.roles) or name
    )


def _node(workflow: Workflow, state: State) -> str:
    label = _text(state.label.zh)
    if state.final is not None:
        return f's_{state.id}(["{label}"])'
    due = _due(workflow, state)
    return f's_{state.id}["{label}{f"<br/>{_text(due)}" if due else ""}"]'


def _due(workflow: Workflow, state: State) -> str:
    if state.review is not None:
        return f"每 {say_duration(state.review)}一报"
    if state.due is None or state.due.given:
        return ""
    if state.due.column is not None:
        columns = workflow.limits.columns if workflow.limits is not None else {}
        return f"时限表：{columns[state.due.column].zh if state.due.column in columns else state.due.column}"
    return " / ".join(dict.fromkeys(say_duration(case.duration) for case in state.due.cases))


def _arrows(workflow: Workflow) -> Iterator[str]:
    """Yield one arrow a pair of states and way of moving, with everything that takes it."""
    found: dict[tuple[str, str, bool], dict[str, None]] = {}
    for step in steps_of(workflow):
        source = f"start_{step.name}" if step.source is None else f"s_{step.source}"
        found.setdefault((source, f"s_{step.target}", step.automatic), {})[_said(workflow, step)] = None
    for (source, target, automatic), words in found.items():
        arrow = "-.->" if automatic else "-->"
        label = _text("，".join(word for word in words if word))
        yield f'{source} {arrow}|"{label}"| {target}' if label else f"{source} {arrow} {target}"


def _said(workflow: Workflow, step: Step) -> str:
    match step.kind:
        case StepKind.START:
            return ""
        case StepKind.ACTION:
            return workflow.actions_of(step.source or "")[step.name].label.zh
        case StepKind.TIMER | StepKind.CLOCK:
            return f"{say_instant(step.rule.at)}{step.rule.do.label}" if step.rule is not None else ""
        case StepKind.BUDGET:
            return "整级时限用完"
    return f"{_WORDS[step.kind]} {step.name}" if step.kind is not StepKind.CHILDREN else _WORDS[step.kind]


def _text(text: str) -> str:
    """Return words as Mermaid takes them inside quotes."""
    return "".join(_ESCAPED.get(character, character) for character in text)
