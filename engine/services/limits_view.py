"""The limits tables as pages show them: who waits how long for what, what happens then, and how it came to be so."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.core.abilities import office_of
from engine.core.scope import Organisation
from engine.core.terms import ProposalState, Term
from engine.core.workflow.cell_words import say_cell, say_when
from engine.core.workflow.declaration import Limits, TimerRule, Workflow
from engine.core.workflow.document import read_document
from engine.core.workflow.findings import Finding
from engine.core.workflow.tree import Path, Text, walk
from engine.core.workflow.wording import say_class, say_condition, say_roles
from engine.services.keep_sessions import OFFICE_POST
from engine.services.naming import post_name
from engine.store.proposals import Proposal
from engine.store.unit_of_work import Transaction

REST = "else"
# A class or a row for which a step has no limit.
_NO_LIMIT = frozenset({"E402"})
LINES_AROUND = 2


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its place in the file, what it says, what it said before (None: the same), what is wrong with it."""

    name: str
    label: str
    text: str
    was: str | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class RowShown:
    """One row: for whom, its cells, why."""

    who: str
    cells: tuple[Cell, ...]
    basis: str


@dataclass(frozen=True, slots=True)
class LineShown:
    """One rule on one line: when, what, whom it tells."""

    when: Cell
    what: str
    tells: str


@dataclass(frozen=True, slots=True)
class LadderShown:
    """What happens at the end of a time, for one class."""

    who: str
    lines: tuple[LineShown, ...]


@dataclass(frozen=True, slots=True)
class TableShown:
    """A limits table in words."""

    flow: str
    label: str
    version: int
    columns: tuple[str, ...]
    rows: tuple[RowShown, ...]
    ladders: tuple[LadderShown, ...]

    def cells(self) -> Iterator[Cell]:
        """Yield every cell that a form may change."""
        for row in self.rows:
            yield from row.cells
        for ladder in self.ladders:
            yield from (line.when for line in ladder.lines)


def table_shown(
    flow: Workflow,
    limits: Limits,
    *,
    old: Limits | None = None,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> TableShown:
    """
    Return a table in words.

    Args:
        old: what it is compared with: cells that differ say what they said before.
        typed: what a form holds instead, by the name of the cell.
        errors: what is wrong, by the name of the cell.
    """
    typed, errors = typed or {}, errors or {}

    def cell(name: str, label: str, text: str, was: str | None) -> Cell:
        now = typed.get(name, text)
        before = was if old is not None else text
        changed = before is not None and _bare(now) != _bare(before)
        return Cell(name, label, now, before if changed else None, errors.get(name, ""))

    rows = []
    for n, row in enumerate(limits.rows):
        who = say_condition(flow, row.when) if row.when is not None else "其余"
        before = old.rows[n].cells if old is not None and n < len(old.rows) else {}
        cells = tuple(
            cell(f"c.{n}.{name}", label.zh, say_cell(row.cells.get(name)), say_cell(before.get(name)))
            for name, label in limits.columns.items()
        )
        rows.append(RowShown(who, cells, row.basis.zh if row.basis is not None else ""))
    ladders = []
    for name, rules in limits.escalation.items():
        before_rules = old.escalation.get(name, ()) if old is not None else ()
        lines = tuple(
            LineShown(
                cell(
                    f"e.{name}.{n}", "什么时候", say_when(rule.at),
                    say_when(before_rules[n].at) if n < len(before_rules) else None,
                ),
                _what(rule), say_roles(flow, rule.tell) or _by_itself(rule),
            )
            for n, rule in enumerate(rules)
        )  # fmt: skip
        ladders.append(LadderShown("其余" if name == REST else say_class(flow, name), lines))
    return TableShown(
        flow=flow.id, label=flow.label.zh, version=limits.version,
        columns=tuple(label.zh for label in limits.columns.values()), rows=tuple(rows), ladders=tuple(ladders),
    )  # fmt: skip


def _bare(text: str) -> str:
    return "".join(text.split())


def _what(rule: TimerRule) -> str:
    kept = "，原经办人留下协助" if rule.keep else ""
    waits = "，等到上班时" if rule.fires_at_opening else ""
    return f"{rule.do.label}{kept}{waits}"


def _by_itself(rule: TimerRule) -> str:
    return "新的经办人" if rule.do.leaves else "经办人"


def path_of(name: str) -> Path | None:
    """Return the place in the file of the form field *name*, or None where it is no cell."""
    kind, _, rest = name.partition(".")
    middle, _, last = rest.partition(".")
    if kind == "c" and middle.isdigit() and last:
        return ("rows", int(middle), last)
    if kind == "e" and middle and last.isdigit():
        return ("escalation", middle, int(last), "at")
    return None


def cell_of(text: str, found: Finding, flow: Workflow | None) -> str:
    """
    Return the name of the form field that a finding is about, or nothing.

    One in the limits text stands at its cell; a step of the *flow* for which the table has no limit points to the
    column's cell in the last row, which is the one that catches all.
    """
    limits = flow.limits if flow is not None else None
    if flow is not None and limits is not None and found.file != limits.file:
        column = _column_at(flow, found.line)
        return f"c.{len(limits.rows) - 1}.{column}" if found.code in _NO_LIMIT and column in limits.columns else ""
    document = read_document(text, "")
    if document.root is None:
        return ""
    places: dict[tuple[int, int], Path] = {}
    for path, key, node in walk(document.root):
        if isinstance(node, Text):
            places[node.line, node.column] = path
        if key is not None:
            places.setdefault((key.line, key.column), path)
    match places.get((found.line, found.column)):
        case ("rows", int() as row, str() as column, *_) if column not in ("when", "basis"):
            return f"c.{row}.{column}"
        case ("escalation", str() as ladder, int() as place, *_):
            return f"e.{ladder}.{place}"
    return ""


def _column_at(flow: Workflow, line: int) -> str | None:
    dues = [state.due for state in flow.states.values()] + [clock.limit for clock in flow.clocks.values()]
    return next((due.column for due in dues if due is not None and due.where.line == line), None)


def in_words(flow: Workflow | None, found: Finding) -> str:
    """Return a finding as a supervisor reads it: a step without a limit by its name, all others as they are."""
    limits = flow.limits if flow is not None else None
    if flow is None or limits is None or found.code not in _NO_LIMIT or found.file == limits.file:
        return found.message
    column = _column_at(flow, found.line)
    names = [one.label.zh for one in flow.states.values() if one.due is not None and one.due.where.line == found.line]
    if column is None or column not in limits.columns:
        return found.message
    where = f"「{names[0]}」这一步" if names else "有的事"
    return f"{where}在「{limits.columns[column].zh}」一列找不到时限，请在「其余」那一行填上。"


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of the difference of two texts: its mark (add, del or nothing) and its number in the new one."""

    mark: str
    number: int
    text: str


def difference_of_texts(old: str, new: str) -> tuple[DiffLine, ...]:
    """Return the lines that changed, with a few around them; a gap is a line without a number."""
    before, after = old.splitlines(), new.splitlines()
    lines: list[DiffLine] = []
    for group in difflib.SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(LINES_AROUND):
        lines += [DiffLine("gap", 0, "⋯")] if lines else []
        for tag, i, to_i, j, to_j in group:
            if tag == "equal":
                lines += [DiffLine("", j + n + 1, text) for n, text in enumerate(after[j:to_j])]
                continue
            lines += [DiffLine("del", 0, text) for text in before[i:to_i]]
            lines += [DiffLine("add", j + n + 1, text) for n, text in enumerate(after[j:to_j])]
    return tuple(lines)


@dataclass(frozen=True, slots=True)
class VersionShown:
    """One version of a table: since when, by whom, approved by whom, why."""

    version: int
    digest: str
    at: datetime
    by: str
    approved_by: str
    reason: str
    proposal: str
    current: bool


@dataclass(frozen=True, slots=True)
class ProposalShown:
    """A proposal in a list."""

    id: str
    flow: str
    label: str
    state: str
    state_label: str
    by: str
    mine: bool
    made_at: datetime
    effective_at: datetime | None


def label_of(state: str, words: type[Term]) -> str:
    """Return the label of a stored word."""
    return next((one.label for one in words if one.value == state), state)


def who(post_id: str | None, *, organisation: Organisation, flows: Sequence[Workflow]) -> str:
    """Return a post or an office in words; one that is gone by its id, nobody where a command did it."""
    office = office_of(post_id.split(".")[1]) if post_id is not None and post_id.startswith(f"{OFFICE_POST}.") else None
    if office is not None:
        return office.label
    post = organisation.posts.get(post_id or "")
    if post is None:
        return "命令行" if post_id in (None, "", "system") else str(post_id)
    # An office is in no flow; any flow has its words.
    flow = next((one for one in flows if post.role in one.roles), flows[0] if flows else None)
    return post_name(post, workflow=flow, organisation=organisation) if flow is not None else post.id


def history(
    tx: Transaction, flow: str, *, organisation: Organisation, flows: Sequence[Workflow]
) -> tuple[VersionShown, ...]:
    """Return the versions of a flow's limits, newest first."""
    made = {one.digest: one for one in tx.proposals.of(flow, states=(ProposalState.IN_EFFECT,)) if one.digest}
    shown = []
    for version in reversed(tx.workflows.versions(flow)):
        proposal = made.get(version.digest)
        shown.append(
            VersionShown(
                version=version.limits_version or 0, digest=version.digest, at=version.published_at,
                by=who(version.published_by, organisation=organisation, flows=flows),
                approved_by=who(proposal.decided_post, organisation=organisation, flows=flows) if proposal else "",
                reason=proposal.reason if proposal else "", proposal=proposal.id if proposal else "",
                current=version.current,
            )
        )  # fmt: skip
    return tuple(shown)


def proposals(
    tx: Transaction, *, person: str | None, organisation: Organisation, flows: Sequence[Workflow]
) -> tuple[ProposalShown, ...]:
    """Return what waits for somebody: proposals to be decided or to take effect, and one's own drafts."""
    wanted = (ProposalState.WAITING, ProposalState.APPROVED, ProposalState.DRAFT)
    return tuple(
        _shown(one, person=person, organisation=organisation, flows=flows)
        for one in tx.proposals.of(states=wanted)
        if one.state != ProposalState.DRAFT or (person is not None and one.author_person == person)
    )


def _shown(
    one: Proposal, *, person: str | None, organisation: Organisation, flows: Sequence[Workflow]
) -> ProposalShown:
    label = next((flow.label.zh for flow in flows if flow.id == one.flow), one.flow)
    return ProposalShown(
        id=one.id, flow=one.flow, label=label, state=one.state, state_label=label_of(one.state, ProposalState),
        by=who(one.author_post, organisation=organisation, flows=flows),
        mine=person is not None and one.author_person == person, made_at=one.made_at, effective_at=one.effective_at,
    )  # fmt: skip
