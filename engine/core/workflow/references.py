"""
Every use of a name held against what is declared: E101 (columns), E201, E206, E207.

A name that nothing declares is one fault however often it is used: it stands at its first use and lists the others.
"""

from collections.abc import Iterable

from engine.core.terms import FIXED_ROLES
from engine.core.workflow.catalogue import UNITS, Library
from engine.core.workflow.parts import Names, Part, Reference
from engine.core.workflow.reader import Reader, nearest
from engine.core.workflow.shapes import NAME_LABELS, REFERENCE_CODES

_LEVEL, _FINAL = "level.", "final."


def add_names_beside(names: Names, library: Library, flow: Part) -> None:
    """Add what does not stand in the flow's file: fixed roles, calendars, other flows, catalogues."""
    where = flow.where
    names.hints = library.hints
    for role in FIXED_ROLES:
        names.of("role").setdefault(role, where)
    names.of("catalogue").update(dict.fromkeys((*library.catalogues, UNITS), where))
    for kind, known in (("calendar", library.calendars), ("flow", library.flows)):
        if known is None:
            names.open.add(kind)
        else:
            names.of(kind).update(dict.fromkeys(sorted(known), where))
    if ident := flow.text("workflow"):
        names.of("flow").setdefault(ident, where)
        names.of("own_flow")[ident] = where
    else:
        names.open.add("own_flow")


def check_references(readers: Iterable[Reader], names: Names) -> None:
    """Report every name that is used and that nothing declares."""
    by_file = {reader.file: reader for reader in readers}
    order = {file: number for number, file in enumerate(by_file)}
    unknown = [use for use in names.uses if not _known(use, names)]
    unknown.sort(key=lambda use: (order[use.where.file], use.where.line, use.where.column))
    for first, *others in _together(unknown):
        kind = _blamed(first)
        message = (first.said or _message(first, names)) + _elsewhere(others, first.where.file)
        by_file[first.where.file].fault(first.code or REFERENCE_CODES[kind], first.where, message)
        for use in (first, *others) if kind == "row_column" else ():
            by_file[use.where.file].unsay(use.where.path)


def _together(unknown: Iterable[Reference]) -> list[list[Reference]]:
    """Put together what one declaration that is missing would have made known, in the order of its first use."""
    found: list[tuple[set[str], list[Reference]]] = []
    for use in unknown:
        # An end of a level is told by its own name: `level.grid`.
        kinds = {_blamed(use)} if "." in use.name else set(use.refers)
        same = next((one for one in found if one[1][0].name == use.name and one[0] & kinds), None)
        if same is None:
            found.append((kinds, [use]))
        else:
            same[0].update(kinds)
            same[1].append(use)
    return [uses for _, uses in found]


def _elsewhere(others: list[Reference], file: str) -> str:
    if not others:
        return ""
    files = dict.fromkeys((file, *(use.where.file for use in others)))
    told = [(one, dict.fromkeys(str(use.where.line) for use in others if use.where.file == one)) for one in files]
    said = [f"{'' if one == file else f'{one} '}第 {'、'.join(lines)} 行" for one, lines in told if lines]
    return f"还有 {len(others)} 处也用到它：{'，'.join(said)}。"


def _known(use: Reference, names: Names) -> bool:
    if use.name in use.beside:
        return True
    for kind in use.refers:
        if kind == "level_end":
            if use.name.startswith(_LEVEL) and _declared(use.name.removeprefix(_LEVEL), "level", names):
                return True
        elif kind == "outcome_end":
            if use.name.startswith(_FINAL) and _declared(use.name.removeprefix(_FINAL), "outcome", names):
                return True
        elif _declared(use.name, kind, names):
            return True
    return False


def _declared(name: str, kind: str, names: Names) -> bool:
    return name in names.of(kind) or kind in names.open


def _blamed(use: Reference) -> str:
    """Return the kind of name that was probably wanted."""
    if "level_end" in use.refers and use.name.startswith(_LEVEL):
        return "level_end"
    return "outcome_end" if "outcome_end" in use.refers and use.name.startswith(_FINAL) else use.refers[0]


def _message(use: Reference, names: Names) -> str:
    kind = _blamed(use)
    if kind == "own_flow":
        return f"这份时限表写的是「{use.name}」，旁边的流程是「{'、'.join(names.of(kind))}」。"
    known = _candidates(use, kind, names)
    near = nearest(use.name, known)
    if near:
        hint = f"是不是「{near}」？"
    elif known and len(known) <= 12:
        hint = f"现在有：{'、'.join(known)}。"
    else:
        hint = ""
    hint += names.hints.get(kind, "")
    label = (
        "、".join(dict.fromkeys(NAME_LABELS[one] for one in use.refers)) if len(use.refers) > 1 else NAME_LABELS[kind]
    )
    return f"没有叫「{use.name}」的{label}。{hint}"


def _candidates(use: Reference, kind: str, names: Names) -> list[str]:
    if kind == "level_end":
        return [_LEVEL + level for level in names.of("level")]
    if kind == "outcome_end":
        return [_FINAL + outcome for outcome in names.of("outcome")]
    return [name for one in use.refers for name in names.of(one)] + list(use.beside)
