"""The limits table: parts → rows, seasons and ladder."""

from collections.abc import Iterable

from engine.core.clock.duration import Duration
from engine.core.terms import Do
from engine.core.workflow.condition import Condition
from engine.core.workflow.declaration import LimitRow, Limits
from engine.core.workflow.flow_rules import check_timer_keys
from engine.core.workflow.parts import Part
from engine.core.workflow.reader import Reader
from engine.core.workflow.rules_of_time import timers_of
from engine.core.workflow.tree import Items
from engine.core.workflow.words import label_of, optional_label

WHEN, BASIS = "when", "basis"


def check_limits(limits: Part, reader: Reader) -> None:
    """Report what several keys of a limits table must say together."""
    for name, column in limits.table("columns").items():
        if name in (WHEN, BASIS):
            reader.fault("E107", column.key_where, f"「{name}」是时限表自己的键，列请另起一个名。")
    rows = list(limits.get("rows") or ())
    if (empty := limits.get("rows")) is not None and isinstance(empty.node, Items) and not empty.node.items:
        reader.fault("E107", empty.where, "至少要有一行。")
    if rows and (last := rows[-1].get(WHEN)):
        reader.fault("E107", last.where, "最后一行不写 when，好让每件事都有时限。")
    for _, ladder in limits.table("escalation").items():
        for timer in ladder:
            _check_ladder_timer(timer, reader)


def _check_ladder_timer(timer: Part, reader: Reader) -> None:
    do = timer.value("do", Do)
    if do is None:
        return
    check_timer_keys(timer, do, reader)
    if do is Do.RESUME and (part := timer.get("do")):
        reader.fault("E107", part.where, "resume 只用在 pause 的状态里，不在阶梯里。")


def build_limits(part: Part) -> Limits:
    """Return the limits table of a part without faults."""
    columns = {name: label_of(label, name) for name, label in part.table("columns").items()}
    return Limits(
        id=part.text("limits") or "",
        version=part.value("version", int) or 1,
        columns=columns,
        rows=tuple(_row(row, columns) for row in part.get("rows") or ()),
        seasons={name: span.data for name, span in part.table("seasons").items() if isinstance(span.data, tuple)},
        escalation={
            name: timers_of(ladder, up=None, from_ladder=True) for name, ladder in part.table("escalation").items()
        },
        file=part.where.file,
    )


def _row(part: Part, columns: Iterable[str]) -> LimitRow:
    cells = {name: length for name in columns if (length := part.value(name, Duration))}
    return LimitRow(part.value(WHEN, Condition), cells, optional_label(part.get(BASIS)), part.where)
