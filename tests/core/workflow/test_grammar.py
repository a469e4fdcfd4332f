"""The table of keys is complete, and the schema made from it says the same as the reader."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from engine.core.workflow.grammar import FLOW
from engine.core.workflow.grammar_tables import CATALOGUE, LIMITS
from engine.core.workflow.schema import make_schema
from engine.core.workflow.shapes import NAME_LABELS, REFERENCE_CODES, Leaf, Record, Shape, parts_of, records_in
from tests.core.workflow import flow_text
from tests.core.workflow.flow_text import read

WORKFLOWS = Path(__file__).parents[3] / "workflows"
SHIPPED = sorted([*WORKFLOWS.glob("*.yaml"), *WORKFLOWS.glob("catalogues/*.yaml")])
RECORDS = [record for root in (FLOW, LIMITS, CATALOGUE) for record in records_in(root)]
LANGUAGE_KEYS = {
    "flow": "sanlian workflow version matter label calendar classes roles fields clocks promises start starts levels "
    "states notices migrate",
    "role": "label covers above roster calendar",
    "field": "type of choices default min max private label",
    "clock": "label from until limit not_after timers",
    "promise": "id says within reach",
    "start": "to by require optional marks external settle",
    "level": "label up entry budget over_budget calendar everywhere states",
    "notices": "quiet except",
    "migrate": "from map clocks counters",
    "state": "label held_by due ladder timers actions milestones extend calendar stops basis pause vote children "
    "waits_for review final no_deadline",
    "action": "label by to when require optional limit set marks counts confirm not_before other_than place_from "
    "settle shown",
    "timer": "at do to to_role more tell keep fires limit when reason",
    "timer_without_at": "do to to_role more tell keep fires limit when reason",
    "vote": "members announce window rounds quorum pass unit passed rejected no_quorum",
    "child": "workflow start to count limit pick void",
    "children": "lead assist join done",
    "waits_for": "workflow join outcomes",
    "extend": "times length ask approve",
    "milestone": "within met_by overdue",
    "limits": "sanlian limits version columns rows seasons escalation",
}


def leaves(shape: Shape, seen: set[int]) -> list[Leaf]:
    """Return every single value a shape may hold."""
    if isinstance(shape, Leaf):
        return [shape]
    if isinstance(shape, Record):
        if id(shape) in seen:
            return []
        seen.add(id(shape))
    return [leaf for part in parts_of(shape) for leaf in leaves(part, seen)]


@pytest.mark.parametrize("name", LANGUAGE_KEYS)
def test_table_holds_the_keys_of_the_language_when_compared(name: str) -> None:
    """The keys of a record are those LANGUAGE names, no more and no fewer."""
    record = next(record for record in RECORDS if record.name == name)

    assert set(record.by_name) == set(LANGUAGE_KEYS[name].split())


def test_every_key_has_its_line_of_words_when_listed() -> None:
    """The reference can be made from the table: every key and record says in Chinese what it is."""
    silent = [f"{record.name}.{key.name}" for record in RECORDS for key in record.keys if not key.doc]

    assert silent == []
    assert [record.name for record in RECORDS if not record.doc] == []


def test_record_names_are_unique_when_listed() -> None:
    """Two records of one name would share one page of the reference and one definition of the schema."""
    names = [record.name for record in {id(record): record for record in RECORDS}.values()]

    assert sorted(names) == sorted(set(names))


def test_every_reference_has_a_code_and_a_word_when_used() -> None:
    """Whatever a leaf may refer to can be reported."""
    kinds = {kind for root in (FLOW, LIMITS, CATALOGUE) for leaf in leaves(root, set()) for kind in leaf.refers}

    assert kinds <= set(REFERENCE_CODES)
    assert kinds <= set(NAME_LABELS)


def validator() -> Draft7Validator:
    """Return the validator of the shipped schema."""
    schema = json.loads((WORKFLOWS / "schema.json").read_text("utf-8"))
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def plain(text: str) -> object:
    """Return what an editor sees: the values of YAML 1.2."""
    return YAML(typ="safe", pure=True).load(text)


def test_schema_file_is_what_the_table_makes_when_compared() -> None:
    """The shipped schema is the one of today's table; `sanlian schema --write` renews it."""
    assert json.loads((WORKFLOWS / "schema.json").read_text("utf-8")) == make_schema()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_schema_accepts_what_we_ship_when_an_editor_looks(path: Path) -> None:
    """No editor underlines a shipped file."""
    assert [error.message for error in validator().iter_errors(plain(path.read_text("utf-8")))] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("covers: own", "cover: own"),
        ("due: 3wd", "due: 3 days"),
        ("version: 1", "version: 0"),
        ("do: close", "do: shut"),
        ("by: [g]", "by: g"),
        ("roles:", "rolls:"),
        ("quiet: 21:00-07:30", "quiet: at night"),
        ("start: { to: a, by: [r], require: [note] }\n", ""),
    ],
)
def test_schema_refuses_what_the_reader_refuses_when_a_file_is_wrong(old: str, new: str) -> None:
    """What is wrong by keys and kinds alone is underlined in the editor and found by the reader."""
    text = flow_text.FLOW.replace(old, new)

    assert list(validator().iter_errors(plain(text)))
    assert read(text)[0] is None


def test_schema_tells_flows_tables_and_catalogues_apart_when_validating() -> None:
    """One schema serves three kinds of files, by the key that names them."""
    check = validator()

    assert [list(check.iter_errors(plain(text))) for text in (flow_text.LIMITS, flow_text.CATEGORIES)] == [[], []]
    assert list(check.iter_errors(plain(flow_text.LIMITS.replace("rows:", "row:"))))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    place=st.integers(0, len(flow_text.FLOW) - 1),
    put=st.sampled_from("'\"{}[]:,&*!|>x #\t\n-一"),
    cut=st.integers(0, 12),
)
def test_reader_answers_when_a_flow_is_torn(place: int, put: str, cut: int) -> None:
    """Whatever is typed into a flow or cut out of it gives a flow or findings with places in the file."""
    text = flow_text.FLOW[:place] + put + flow_text.FLOW[place + cut :]

    workflow, findings = read(text)

    assert (workflow is None) == any(one.severity == "error" for one in findings)
    lines = text.count("\n") + 1
    assert all(1 <= one.line <= lines and one.column >= 1 for one in findings if one.file == "t.yaml")
    assert list(findings) == sorted(findings, key=lambda one: (one.file != "t.yaml", one.line, one.column))
