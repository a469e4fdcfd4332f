"""What lies beside a flow: catalogues of choices, outlines of other flows, calendars, the text of its limits table."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.core.workflow.document import read_document
from engine.core.workflow.findings import Finding
from engine.core.workflow.grammar_tables import CATALOGUE
from engine.core.workflow.parts import Names, Part
from engine.core.workflow.reader import Reader
from engine.core.workflow.tree import Node, Table, Text
from engine.core.workflow.words import label_of
from engine.core.workflow.written import Label

UNITS = "units"  # the catalogue that is the organisation itself; what it holds is known at run time only


@dataclass(frozen=True, slots=True)
class Pace:
    """How soon a category is wanted; it proposes a kind."""

    id: str
    label: Label
    kind: str


@dataclass(frozen=True, slots=True)
class Category:
    """A leaf of the catalogue: the first of `units` is responsible, others take part; `words` are how it is told."""

    id: str
    label: Label
    family: str
    pace: str
    kind: str
    units: tuple[str, ...]
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A catalogue of choices; `units` names the kinds of units that may be responsible."""

    id: str
    version: int
    label: Label
    paces: Mapping[str, Pace]
    units: Mapping[str, Label]
    families: Mapping[str, Label]
    entries: Mapping[str, Category]
    file: str


@dataclass(frozen=True, slots=True)
class Source:
    """A file as bytes, with the name that findings show."""

    file: str
    data: bytes


@dataclass(frozen=True, slots=True)
class FlowOutline:
    """What one flow needs to know of another: its ways in and its outcomes."""

    id: str
    starts: frozenset[str]
    outcomes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Library:
    """
    What a flow may name that does not stand in its own file.

    `limits` by workflow id. A catalogue or flow that is None cannot be read, which is reported elsewhere. `flows` or
    `calendars` None: not known here, so references to them are not checked. `hints`: what to do about a name of a kind
    that is not here.
    """

    limits: Mapping[str, Source] = field(default_factory=dict)
    catalogues: Mapping[str, Catalogue | None] = field(default_factory=dict)
    flows: Mapping[str, FlowOutline | None] | None = None
    calendars: frozenset[str] | None = None
    hints: Mapping[str, str] = field(default_factory=dict)


def outline_of(root: Node | None) -> FlowOutline | None:
    """Return the outline of the flow whose tree is *root*, faults of it notwithstanding; None when it is no flow."""
    name = _child(root, "workflow")
    if not isinstance(root, Table) or not isinstance(name, Text):
        return None
    starts = _child(root, "starts")
    ways = frozenset(starts.entries) if isinstance(starts, Table) else frozenset({"start"})
    return FlowOutline(name.value, ways, frozenset(_outcomes(root)))


def _child(node: Node | None, name: str) -> Node | None:
    entry = node.entries.get(name) if isinstance(node, Table) else None
    return entry.value if entry else None


def _outcomes(root: Table) -> list[str]:
    levels = _child(root, "levels")
    homes: list[Node | None] = [root]
    if isinstance(levels, Table):
        homes += [entry.value for entry in levels.entries.values()]
    tables = [states for home in homes if isinstance(states := _child(home, "states"), Table)]
    finals = (_child(entry.value, "final") for table in tables for entry in table.entries.values())
    return [final.value for final in finals if isinstance(final, Text)]


def read_catalogue(data: bytes | str, file: str) -> tuple[Catalogue | None, tuple[Finding, ...]]:
    """Read a catalogue; None with findings when it has faults."""
    document = read_document(data, file)
    if document.root is None:
        return None, document.findings
    names = Names()
    reader = Reader(file, names)
    part = reader.read(CATALOGUE, document.root)
    if part is not None:
        _check_references(reader, names)
    findings = tuple(sorted((*document.findings, *reader.findings)))
    if part is None or findings:
        return None, findings
    return _build(part, file), ()


def _check_references(reader: Reader, names: Names) -> None:
    for use in names.uses:
        kind = use.refers[0]
        if use.name not in names.of(kind) and kind not in names.open:
            reader.fault("E107", use.where, f"没有「{use.name}」，可以写 {'、'.join(names.of(kind))}。")


def _build(part: Part, file: str) -> Catalogue:
    ident = part.text("catalogue") or ""
    paces = {
        name: Pace(name, label_of(pace.get("label"), name), pace.text("kind") or "")
        for name, pace in part.table("paces").items()
    }
    families = part.table("families")
    entries = {
        name: _category(name, leaf, (family, paces))
        for family, table in families.items()
        for name, leaf in table.table("categories").items()
    }
    return Catalogue(
        id=ident,
        version=part.value("version", int) or 1,
        label=label_of(part.get("label"), ident),
        paces=paces,
        units={name: label_of(unit, name) for name, unit in part.table("units").items()},
        families={name: label_of(family.get("label"), name) for name, family in families.items()},
        entries=entries,
        file=file,
    )


def _category(name: str, leaf: Part, home: tuple[str, Mapping[str, Pace]]) -> Category:
    family, paces = home
    pace = leaf.text("pace") or ""
    kind = leaf.text("kind") or paces[pace].kind
    label = label_of(leaf.get("label"), name)
    return Category(name, label, family, pace, kind, leaf.texts("units"), leaf.texts("words"))
