"""Case files: lives of matters that a supervisor can read, and the engine must live through exactly."""

import re
from dataclasses import dataclass
from datetime import datetime

from engine.core.workflow import kinds
from engine.core.workflow.document import read_document
from engine.core.workflow.findings import Finding, finding
from engine.core.workflow.grammar import ID
from engine.core.workflow.kinds import Kind
from engine.core.workflow.parts import Names, Part
from engine.core.workflow.reader import Reader
from engine.core.workflow.shapes import Either, Key, Leaf, ListOf, Record, TableOf
from engine.core.workflow.tree import Text

_WHEN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?", re.ASCII)
_PERSON = re.compile(r"[a-z][a-z0-9_]*(?:@[\w-]+)?")


def _read_when(text: str) -> datetime | None:
    if not _WHEN.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _read_person(text: str) -> str | None:
    return text if _PERSON.fullmatch(text) else None


WHEN = Leaf(Kind("when", "应当是 2026-09-30 16:00 这样的当地时刻", {"type": "string"}, _read_when))
PERSON = Leaf(Kind("person", "应当是岗位，或岗位@单位", {"type": "string"}, _read_person))
ANY = Leaf(kinds.WORDS)
WORDS = Either(text=ANY, items=ListOf(ANY))
SEATS = Key("units", TableOf(WORDS), "请哪些单位：主办、协办")

EXPECT = Record(
    "expect",
    "这一步之后应当是什么样",
    (
        Key("state", ID, "在哪一步"),
        Key("level", ID, "在哪一级"),
        Key("due", Either(text=Leaf(kinds.WORDS)), "这一步的到期时刻；没有就写 none"),
        Key("clocks", TableOf(ANY), "各个时限的到期时刻；已办到写 met，停着写 held"),
        Key("late", Leaf(kinds.TRUTH), "这一步超时了没有"),
        Key("superior", ANY, "谁在督办；没有就写 none"),
        Key("kept", ListOf(ANY), "转走以后还列着的人"),
        Key("provisional", Leaf(kinds.TRUTH), "到期时刻是不是暂定"),
        Key("fired", ListOf(ANY), "正好在这一刻到点的规则"),
        Key("notices", TableOf(ListOf(ANY)), "这一刻发出的通知：种类和收的岗位"),
        Key("refused", ANY, "不能做的原因代码"),
        Key("counters", TableOf(Leaf(kinds.WHOLE)), "次数"),
        Key("children", TableOf(WORDS), "主办、协办任务各在哪一步"),
        Key("outcome", ANY, "怎样结束；还没结束写 none"),
        Key("explains", ListOf(ANY), "到期时刻的说明里应当有的话"),
    ),
)
STEP = Record(
    "step",
    "一步：什么时刻，谁做什么，然后应当怎样",
    (
        Key("at", WHEN, "当地时刻", required=True),
        Key(
            "file",
            Record(
                "filing",
                "立案",
                (
                    Key("by", ANY, "谁"),
                    Key("start", ID, "从哪里进来"),
                    Key("as", ID, "给这件事起的名字"),
                    Key("place", ANY, "在哪个网格"),
                    SEATS,
                    Key("external_due", WHEN, "上级平台要求的时限"),
                ),
                others=TableOf(WORDS),
            ),
            "立案",
        ),
        Key("do", ID, "做什么动作"),
        Key("by", ANY, "谁来做"),
        Key("on", ANY, "对哪一件：立案时起的名字，或 lead、assist、assist.2、topic"),
        Key("with", TableOf(WORDS), "填的内容"),
        SEATS,
        Key("topic", ANY, "并入哪件事的议题"),
        Key("expect", EXPECT, "应当"),
    ),
)
CASE = Record(
    "case",
    "一个办件例子",
    (
        Key("case", ANY, "说的是什么", required=True),
        Key("workflow", ID, "哪个流程", required=True),
        Key("people", TableOf(PERSON), "出场的人和岗位", required=True),
        Key("vacant", ListOf(ID), "没有人的岗位；别的岗位都有人"),
        Key(
            "down",
            Record("down", "停机", (Key("from", WHEN, "起", required=True), Key("to", WHEN, "止", required=True))),
            "引擎停了的一段",
        ),
        Key("steps", ListOf(STEP), "一步一步", required=True),
    ),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A case file as read; the steps stay parts, with their places, for the runner's messages."""

    title: str
    workflow: str
    people: dict[str, str]
    vacant: frozenset[str]
    down: tuple[datetime, datetime] | None
    steps: tuple[Part, ...]
    file: str


def read_case(data: bytes | str, file: str) -> tuple[Case | None, tuple[Finding, ...]]:
    """Read a case file; None with findings when it has faults."""
    document = read_document(data, file)
    if document.root is None:
        return None, document.findings
    reader = Reader(file, Names())
    part = reader.read(CASE, document.root)
    findings = [*document.findings, *reader.findings]
    if part is None or findings:
        return None, tuple(sorted(findings))
    findings += _unordered(part, file)
    return (_build(part, file), ()) if not findings else (None, tuple(findings))


def _build(part: Part, file: str) -> Case:
    down = part.table("down")
    start, end = down.get("from"), down.get("to")
    stopped = (start.data, end.data) if start is not None and end is not None else None
    return Case(
        title=part.text("case") or "",
        workflow=part.text("workflow") or "",
        people={name: str(person.data) for name, person in part.table("people").items()},
        vacant=frozenset(part.texts("vacant")),
        down=stopped if stopped and all(isinstance(at, datetime) for at in stopped) else None,  # type: ignore[arg-type]  # both are read as WHEN
        steps=tuple(part.get("steps") or ()),
        file=file,
    )


def _unordered(part: Part, file: str) -> list[Finding]:
    """Steps stand in the order of time."""
    found, last = [], None
    for step in part.get("steps") or ():
        at = step.get("at")
        if at is None or not isinstance(at.data, datetime):
            continue
        if last is not None and at.data < last:
            message = f"「{at.data:%Y-%m-%d %H:%M}」早于上一步的 {last:%Y-%m-%d %H:%M}，各步要按时间先后写"
            found.append(finding("E107", message, file=file, line=at.where.line, column=at.where.column))
        last = at.data
    return found


def words_of(part: Part | None) -> tuple[str, ...]:
    """Return the texts of a part that is one text or a list of them."""
    if part is None:
        return ()
    if isinstance(part.node, Text):
        return (str(part.node.value),)
    return tuple(str(item.data) for item in part)
