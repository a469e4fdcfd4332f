"""What several keys of a flow must say together; each fault once, at the place LANGUAGE names for it."""

from collections.abc import Iterator, Mapping

from engine.core.terms import FIXED_ROLES, Do, FieldType
from engine.core.workflow.catalogue import Library
from engine.core.workflow.declaration import FieldRule
from engine.core.workflow.field_rules import read_value
from engine.core.workflow.kinds import ID
from engine.core.workflow.parts import Names, Part
from engine.core.workflow.reader import Reader, did_you_mean
from engine.core.workflow.written import Where

_MODES = ("pause", "vote", "children", "waits_for", "review", "final")
_NEEDS_TARGET = frozenset({Do.ADVANCE, Do.RESUME, Do.ASSIGN, Do.CLOSE})


def states_of(flow: Part) -> Iterator[tuple[str, Part, Part | None]]:
    """Yield every state with its id and the part of its level, lowest level first."""
    for level in flow.table("levels").values():
        for name, state in level.table("states").items():
            yield name, state, level
    for name, state in flow.table("states").items():
        yield name, state, None


def actions_in(flow: Part) -> Iterator[tuple[str, Part]]:
    """Yield every action of a flow with its id, those of whole levels too."""
    for level in flow.table("levels").values():
        if everywhere := level.get("everywhere"):
            yield from everywhere.table("actions").items()
    for _, state, _ in states_of(flow):
        yield from state.table("actions").items()


class FlowRules:
    """Holds one flow against the rules; call `check` once."""

    def __init__(self, flow: Part, reader: Reader, *, names: Names, fields: Mapping[str, FieldRule]) -> None:
        self.flow = flow
        self.reader = reader
        self.names = names
        self.fields = fields
        self.states = {name: state for name, state, _ in states_of(flow)}

    def check(self, library: Library) -> None:
        """Report everything that does not go together."""
        self._ways_in()
        self._roles_and_classes()
        self._levels()
        for _, state, level in states_of(self.flow):
            self._state(state, level, library)
        for _, action in actions_in(self.flow):
            self._action(action)
        for clock in self.flow.table("clocks").values():
            self._timers(clock.get("timers"), level=None, pause=False)

    def _ways_in(self) -> None:
        if self.flow.lacks("start") and self.flow.lacks("starts"):
            self.reader.fault("E106", self.flow.where, "少了「start」或「starts」（入口）。")
        if (both := self.flow.get("starts")) and "start" in self.flow:
            self.reader.fault("E107", both.key_where, "「start」和「starts」只能写一个。")
        if not self.names.of("state") and "state" not in self.names.open:
            self.reader.fault("E106", self.flow.where, "少了「states」（至少要有一个状态）。")
        starts = [*self.flow.table("starts").values(), *([one] if (one := self.flow.get("start")) else [])]
        for start in starts:
            cases = list(start.get("to") or ())
            if cases and (last := cases[-1].get("when")):
                self.reader.fault("E107", last.where, "最后一行不写 when，好让每件事都有去处。")

    def _roles_and_classes(self) -> None:
        for name, role in self.flow.table("roles").items():
            if name in FIXED_ROLES:
                self.reader.fault("E108", role.key_where, f"「{name}」是系统固定的岗位，不用声明，请另起一个名。")
        classes = self.flow.get("classes")
        rule = self.fields.get(classes.data) if classes is not None and isinstance(classes.data, str) else None
        if classes is not None and rule is not None and (rule.type is not FieldType.CHOICE or rule.choices is None):
            self.reader.fault("E107", classes.where, "分类要用一个选项固定的 choice 字段。")

    def _levels(self) -> None:
        levels = self.flow.table("levels")
        entered = {level.text("up") for level in levels.values()}
        for name, level in levels.items():
            entry = level.get("entry")
            if name in entered and level.lacks("entry"):
                self.reader.fault("E106", level.key_where, "少了「entry」（升级来的从哪个状态进）。")
            elif entry is not None and entry.data in self.states and entry.data not in level.table("states"):
                self.reader.fault("E107", entry.where, f"「{entry.data}」不是这一级的状态。")
            if over := level.get("over_budget"):
                self._timer(over, level=level, pause=False)

    def _state(self, state: Part, level: Part | None, library: Library) -> None:
        modes = [part for mode in _MODES if (part := _on(state, mode))]
        modes.sort(key=lambda part: (part.key_where.line, part.key_where.column))
        for second in modes[1:]:
            self.reader.fault("E107", second.key_where, f"{'、'.join(_MODES)} 里最多写一个。")
        self._needs(state, "stops", "basis", "允许停住时限的依据")
        if _on(state, "extend"):
            self._needs(state, "extend", "due", "延期要有时限可延")
        self._timers(state.get("timers"), level=level, pause=_may_pause(state))
        for name, milestone in state.table("milestones").items():
            self._milestone(name, milestone)
        if children := state.get("children"):
            for seat in ("lead", "assist"):
                if child := children.get(seat):
                    self._child(child, library)
        if waits := state.get("waits_for"):
            self._outcomes(waits, library)

    def _needs(self, part: Part, name: str, other: str, doc: str) -> None:
        if name in part and part.lacks(other):
            self.reader.fault("E106", part.key_where, f"写了「{name}」就要写「{other}」（{doc}）。")

    def _milestone(self, name: str, milestone: Part) -> None:
        if overdue := milestone.get("overdue"):
            self._timer(overdue, level=None, pause=False)
        known = {**self.names.of("action"), **self.names.of("mark")}
        unsure = self.names.open & {"action", "mark"}
        if milestone.lacks("met_by") and name not in known and not unsure and ID.read(name):
            hint = did_you_mean(name, known)
            self.reader.fault("E106", milestone.key_where, f"少了「met_by」：没有同名的动作或标记。{hint}")

    def _timers(self, timers: Part | None, *, level: Part | None, pause: bool) -> None:
        grants = any("more" in timer for timer in timers or ())
        for timer in timers or ():
            self._timer(timer, level=level, pause=pause)
            at = timer.get("at")
            if at is not None and str(at.data) == "end" and not grants:
                self.reader.fault("E107", at.where, "end 是给了「more」之后的到期，这里没有一条写了 more。")

    def _timer(self, timer: Part, *, level: Part | None, pause: bool) -> None:
        do = timer.value("do", Do)
        if do is None:
            return
        check_timer_keys(timer, do, self.reader)
        if do is Do.ESCALATE and timer.lacks("to") and (level is None or level.lacks("up")):
            self.reader.fault("E106", timer.key_where, "少了「to」（这里没有上一级，要写升到哪个状态）。")
        target = timer.get("to")
        if do is Do.CLOSE and target is not None:
            for name in _targets(target):
                if name in self.states and self.states[name].lacks("final"):
                    self.reader.fault("E107", target.where, f"close 要到一个终点，「{name}」不是。")
        if do is Do.RESUME and not pause and (part := timer.get("do")):
            self.reader.fault("E107", part.where, "resume 只用在 pause 的状态里，这里请用 advance。")

    def _action(self, action: Part) -> None:
        for name, part in action.table("set").items():
            if name in self.fields:
                value = read_value(part, self.fields[name], self.reader)
                part.data = part.data if value is None else value

    def _child(self, child: Part, library: Library) -> None:
        outline = (library.flows or {}).get(child.text("workflow") or "")
        if outline is None:
            return
        start = child.get("start")
        if start is not None and start.data not in outline.starts:
            self._foreign(start.where, str(start.data), ("入口", outline.starts))
        elif child.lacks("start") and len(outline.starts) > 1:
            self.reader.fault("E106", child.key_where, f"少了「start」：{outline.id} 有几个入口。")
        for void in child.get("void") or ():
            if void.data not in outline.outcomes:
                self._foreign(void.where, str(void.data), ("结局", outline.outcomes))

    def _outcomes(self, waits: Part, library: Library) -> None:
        outline = (library.flows or {}).get(waits.text("workflow") or "")
        if outline is None:
            return
        for name, part in waits.table("outcomes").items():
            if name not in outline.outcomes:
                self._foreign(part.key_where, name, ("结局", outline.outcomes))

    def _foreign(self, where: Where, name: str, known: tuple[str, frozenset[str]]) -> None:
        what, names = known
        self.reader.fault("E207", where, f"那个流程没有「{name}」这个{what}。{did_you_mean(name, sorted(names))}")


def check_timer_keys(timer: Part, do: Do, reader: Reader) -> None:
    """Report keys that the word of `do` needs, or that it has no use for."""
    if do is Do.WARN and timer.lacks("tell"):
        reader.fault("E106", timer.key_where, "少了「tell」（预警要写告诉谁）。")
    if do is Do.REASSIGN and timer.lacks("to_role"):
        reader.fault("E106", timer.key_where, "少了「to_role」（转给哪个岗位）。")
    if do in _NEEDS_TARGET and timer.lacks("to"):
        reader.fault("E106", timer.key_where, f"少了「to」（{do} 到哪个状态）。")
    for name in () if do.leaves else ("to", "keep"):
        if part := timer.get(name):
            reader.fault("E107", part.key_where, f"{do} 不离开这个状态，用不上「{name}」。")
    for name in () if do is Do.REASSIGN else ("to_role", "more"):
        if part := timer.get(name):
            reader.fault("E107", part.key_where, f"只有 reassign 用「{name}」。")


def _targets(target: Part) -> tuple[str, ...]:
    return (target.data,) if isinstance(target.data, str) else target.texts("last_of")


def _may_pause(state: Part) -> bool:
    """Whether it is a pause, or was perhaps meant to be one: what could not be read is one fault already."""
    written = state.value("pause", bool)
    return not state.lacks("pause") if written is None else written


def _on(state: Part, mode: str) -> Part | None:
    part = state.get(mode)
    return None if part is None or part.data is False else part
