"""A small flow with its limits table, and how tests spoil it: `¦` in a replacement marks the finding's place."""

from engine.core.workflow.catalogue import Catalogue, FlowOutline, Library, Source, read_catalogue
from engine.core.workflow.declaration import Workflow
from engine.core.workflow.findings import Finding
from engine.core.workflow.loader import read_flow

MARK = "¦"
FLOW = """\
sanlian: 1
workflow: t
version: 1
classes: kind
roles:
  r: { covers: own }
  g: { covers: grid, above: h }
  h: { covers: grid }
fields:
  kind: { type: choice, of: [quick, small], default: small }
  category: { type: choice, of: categories }
  note: { type: text }
  n: { type: number, min: 1, default: 1 }
clocks:
  total: { from: filed, until: final, limit: limits.total }
start: { to: a, by: [r], require: [note] }
levels:
  low:
    up: high
    entry: a
    states:
      a:
        held_by: g
        due: limits.sign
        timers: [ { at: due, do: escalate } ]
        milestones: { seen: 1h }
        actions:
          go: { by: [g], to: b, when: "kind = 'quick' and n > 3", marks: [seen] }
  high:
    entry: b
    states:
      b:
        held_by: h
        due: 3wd
        ladder: none
        timers: [ { at: due, do: close, to: done } ]
        actions:
          finish: { by: [h], to: done, other_than: go, set: { kind: quick } }
      c:
        held_by: h
        due: { quick: 1d, small: 2d }
        ladder: none
        children:
          lead: { workflow: task, start: dispatch, to: h, void: [sent_back] }
          done: { to: b }
states:
  done: { final: done }
promises:
  - { id: soon, says: 三天答复, within: 3wd, reach: final.done }
notices: { quiet: 21:00-07:30, except: [quick] }
"""
LIMITS = """\
sanlian: 1
limits: t
version: 1
columns: { sign: 签收, total: 总时限 }
rows:
  - { when: "kind = 'quick' and season = 'cold'", sign: 1h, total: 1d }
  - { sign: 4wh, total: 30wd }
seasons: { cold: 11-15..03-15 }
escalation:
  quick: [ { at: due, do: late } ]
  else: [ { at: due+1wd, do: warn, tell: [superior] } ]
"""
CATEGORIES = """\
sanlian: 1
catalogue: categories
version: 1
paces: { fast: { label: 快, kind: small } }
units: { water: 供水单位 }
families: { B: { label: 水电, categories: { B1: { label: 停水, pace: fast, units: [water] } } } }
"""
TASK = FlowOutline("task", frozenset({"dispatch", "at_once"}), frozenset({"done", "sent_back"}))


def categories() -> Catalogue:
    """Return the catalogue of the small flow."""
    catalogue, findings = read_catalogue(CATEGORIES, "categories.yaml")
    assert catalogue is not None, findings
    return catalogue


def library(limits: str | None = LIMITS) -> Library:
    """Return what lies beside the small flow."""
    return Library(
        limits={} if limits is None else {"t": Source("t.limits.yaml", limits.encode())},
        catalogues={"categories": categories()},
        flows={"task": TASK},
        calendars=frozenset({"cn_office"}),
    )


def read(flow: str = FLOW, limits: str | None = LIMITS) -> tuple[Workflow | None, tuple[Finding, ...]]:
    """Read a flow with a limits table."""
    return read_flow(flow, file="t.yaml", library=library(limits))


def good(flow: str = FLOW, limits: str | None = LIMITS) -> Workflow:
    """Read a flow that has no fault."""
    workflow, findings = read(flow, limits)
    assert workflow is not None, [str(one) for one in findings]
    assert findings == ()
    return workflow


def spoil(text: str, old: str, new: str) -> tuple[str, tuple[int, int]]:
    """Replace *old*, which stands once, by *new*; return the text and the 1-based place of the mark in it."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    marked = text.replace(old, new)
    before = marked[: marked.index(MARK)]
    return marked.replace(MARK, ""), (before.count("\n") + 1, len(before) - before.rfind("\n"))
