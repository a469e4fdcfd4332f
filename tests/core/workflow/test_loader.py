"""A flow is read whole, or every fault of it is named once, at its exact place."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.core.clock.duration import Duration, Unit
from engine.core.terms import Do
from engine.core.workflow.catalogue import Source
from engine.core.workflow.document import read_document
from engine.core.workflow.loader import digest_of, read_flow
from engine.core.workflow.tree import Items, Node, Table, Text
from engine.services.library import read_folder
from tests.core.workflow.flow_text import FLOW, LIMITS, good, library, read, spoil

WORKFLOWS = Path(__file__).parents[3] / "workflows"

FAULTS = [
    ("E101", "covers: own", "¦cover: own"),
    ("E101", "held_by: g", "¦heldby: g"),
    ("E101", "roles:", "¦rolls:"),
    ("E101", "start: {", "¦begin: {"),
    ("E101", "start: { to: a", "start: { ¦colour: red, to: a"),
    ("E101", "start: { to: a", "start: { ¦goes_to: a"),
    ("E101", "milestones: { seen: 1h }", "milestones: { seen: { ¦when: n > 1, met_by: [seen] } }"),
    ("E102", "  note: { type: text }", "  note: { type: text }\n  ¦note: { type: date }"),
    ("E102", "states:\n  done", "states: { x: { held_by: h } }\n¦states:\n  done"),
    ("E103", "due: 3wd", "due: ¦3 days"),
    ("E103", "within: 3wd", "within: ¦3w"),
    ("E103", "at: due, do: close", "at: ¦due - 1 day, do: close"),
    ("E103", "seen: 1h", "seen: ¦0d"),
    ("E103", "quick: 1d", 'quick: ¦"1 d"'),
    ("E104", "fields:", "fields: ¦&x"),
    ("E104", "require: [note]", "require: [¦*x]"),
    ("E104", "roles:", "roles: ¦!!map"),
    ("E104", "above: h", "above: ¦!!str h"),
    ("E104", "  done: { final", "  ¦<<: { x: { final: x } }\n  done: { final"),
    ("E104", "notices:", "¦---\nnotices:"),
    ("E105", "says: 三天答复", f"says: ¦{'三' * 1400}"),
    ("E106", "sanlian: 1\nworkflow: t\nversion: 1\n", "¦sanlian: 1\nworkflow: t\n"),
    ("E106", "r: { covers: own }", "¦r: { label: 居民 }"),
    ("E106", "timers: [ { at: due, do: escalate } ]", "timers: [ ¦{ at: due, do: warn } ]"),
    ("E106", "  high:\n    entry: b", "  ¦high:"),
    ("E106", "milestones: { seen: 1h }", "milestones: { ¦sight: { within: 1h } }"),
    ("E106", "      b:\n", "      ¦b:\n        stops: level\n"),
    ("E107", "version: 1", 'version: ¦"1"'),
    ("E107", "version: 1", "version: ¦0"),
    ("E107", "workflow: t\n", "workflow: ¦tt\n"),
    ("E107", "sanlian: 1", "sanlian: ¦2"),
    ("E107", "do: close", "do: ¦shut"),
    ("E107", "do: close, to: done", "do: close, to: ¦a"),
    ("E107", "do: close, to: done", "do: ¦resume, to: a"),
    ("E107", "timers: [ { at: due, do: close,", "pause: ¦Yes\n        timers: [ { at: due, do: resume,"),
    ("E101", "timers: [ { at: due, do: close,", "¦zzz: yes\n        timers: [ { at: due, do: resume,"),
    ("E107", "ladder: none\n        timers", "ladder: ¦no\n        timers"),
    ("E107", "final: done }", "final: done, ¦pause: yes }"),
    ("E107", "classes: kind", "classes: ¦n"),
    ("E107", "default: 1 }", "default: ¦x }"),
    ("E107", "default: 1 }", "default: ¦0 }"),
    ("E107", "default: small", "default: ¦smal"),
    ("E107", "set: { kind: quick }", "set: { kind: ¦quikc }"),
    ("E107", "entry: b", "entry: ¦a"),
    ("E107", "by: [g]", "by: ¦g"),
    ("E107", "milestones: { seen: 1h }", "milestones: ¦[ seen ]"),
    ("E107", "quiet: 21:00-07:30", "quiet: ¦21:00"),
    ("E107", "r: { covers: own }", "¦岗位: { covers: own }\n  r: { covers: own }"),
    ("E107", "  note: { type: text }", "  note: { type: text }\n  ¦level: { type: number }"),
    ("E107", "timers: [ { at: due, do: escalate } ]", "timers: [ { at: due, do: remind, ¦to: b } ]"),
    ("E107", "start: { to: a,", "start: { to: [ { when: ¦n > 1, is: a } ],"),
    ("E108", "  done: { final", "  ¦a: { final: x }\n  done: { final"),
    ("E108", "of: [quick, small]", "of: [quick, small, ¦quick]"),
    ("E108", "  g: { covers", "  ¦supervisor: { covers: own }\n  g: { covers"),
    ("E201", "to: b, when", "to: ¦bb, when"),
    ("E201", "by: [h]", "by: [h, ¦hh]"),
    ("E201", "require: [note]", "require: [¦nte]"),
    ("E201", "above: h", "above: ¦hh"),
    ("E201", "classes: kind", "classes: ¦knd"),
    ("E201", "other_than: go", "other_than: ¦gone"),
    ("E201", "set: { kind: quick }", "set: { ¦knd: quick }"),
    ("E201", "from: filed", "from: ¦field"),
    ("E201", "until: final", "until: ¦level.lo"),
    ("E201", "up: high", "up: ¦hihg"),
    ("E201", "reach: final.done", "reach: ¦final.dnoe"),
    ("E201", "to: done, other", "to: { last_of: [a, ¦bb] }, other"),
    ("E204", "n > 3", "¦m > 3"),
    ("E204", "kind = 'quick' and n", "kind = ¦'quik' and n"),
    ("E204", "\"kind = 'quick' and n > 3\"", "'kind = ''quick'' and n > ¦x'"),
    ("E204", "\"kind = 'quick' and n > 3\"", "\"kind = '\\u0071uick' and ¦m > 3\""),
    ("E204", "\"kind = 'quick' and n > 3\"", "\"kind = 'quick'\n            and ¦m > 3\""),
    ("E204", "when: \"kind = 'quick' and n > 3\"", "when: n > 3 and ¦note"),
    ("E206", "except: [quick]", "except: [¦quik]"),
    ("E206", "due: { quick: 1d", "due: { ¦quik: 1d"),
    ("E207", "due: limits.sign", "due: ¦limits.sgin"),
    ("E207", "of: categories", "of: ¦categoires"),
    ("E207", "workflow: task", "workflow: ¦tsak"),
    ("E207", "start: dispatch", "start: ¦dispach"),
    ("E207", "void: [sent_back]", "void: [¦sentback]"),
    ("E207", "held_by: h\n        due: 3wd", "held_by: h\n        calendar: ¦cn_ofice\n        due: 3wd"),
]
LIMITS_FAULTS = [
    ("E101", "columns:", "¦colums:"),
    ("E101", "sign: 1h", "¦sgin: 1h"),
    ("E103", "4wh", "¦4 hours"),
    ("E106", "sanlian: 1\nlimits: t\nversion: 1\n", "¦sanlian: 1\nlimits: t\n"),
    ("E107", "{ sign: 4wh", '{ when: ¦"n > 3", sign: 4wh'),
    ("E107", "cold: 11-15..03-15", "cold: ¦11-31..03-15"),
    ("E107", "do: late", "do: ¦lat"),
    ("E107", "sign: 签收,", "sign: 签收, ¦when: 何时,"),
    ("E201", "tell: [superior]", "tell: [¦suprior]"),
    ("E204", "'cold'", "¦'clod'"),
    ("E206", "quick: [", "¦quik: ["),
    ("E206", "else:", "¦els:"),
    ("E207", "limits: t", "limits: ¦tt"),
]


@pytest.mark.parametrize(("code", "old", "new"), FAULTS, ids=[f"{c}-{n[:30]}" for c, _, n in FAULTS])
def test_flow_names_one_fault_when_it_has_one(code: str, old: str, new: str) -> None:
    """One fault gives one finding, at the first character of what is wrong, and no flow."""
    text, place = spoil(FLOW, old, new)

    workflow, findings = read(text)

    assert workflow is None
    assert [(one.code, one.line, one.column) for one in findings] == [(code, *place)], [str(one) for one in findings]
    assert findings[0].file == "t.yaml"
    assert findings[0].severity == "error"


def everything(node: Node | None) -> Iterator[Text]:
    """Every key and every single value of a tree."""
    for entry in node.entries.values() if isinstance(node, Table) else ():
        yield entry.key
        yield from everything(entry.value)
    for item in node.items if isinstance(node, Items) else ():
        yield from everything(item)
    if isinstance(node, Text):
        yield node


@pytest.mark.parametrize("file", [FLOW, LIMITS], ids=["flow", "limits"])
@pytest.mark.parametrize("wrong", ["99", '""'])
def test_one_fault_gives_one_finding_wherever_it_stands(file: str, wrong: str) -> None:
    """Each key and each value in turn is spoilt: what hangs on it is not blamed for it."""
    lines, spoilt = file.splitlines(keepends=True), 0
    for one in everything(read_document(file, "t.yaml").root):
        line = lines[one.line - 1]
        start, quotes = one.column - 1, 2 * (not one.plain)
        text = line[:start] + wrong + line[start + len(one.value) + quotes :]
        whole = "".join([*lines[: one.line - 1], text, *lines[one.line :]])
        findings = read(whole)[1] if file is FLOW else read(FLOW, whole)[1]

        assert len(findings) <= 1, f"{one.value!r} in line {one.line}: {[str(found) for found in findings]}"
        spoilt += len(findings)
    assert spoilt > 30


@pytest.mark.parametrize(
    ("old", "line", "column"),
    [
        ("start: { to: a, by: [r], require: [note] }\n", 1, 1),
        (", to: done } ]", 36, 19),
        ("        due: 3wd\n", 0, 0),
    ],
    ids=["no way in", "close without a target", "no due at all is allowed"],
)
def test_flow_names_what_is_missing_when_a_key_is_left_out(old: str, line: int, column: int) -> None:
    """A key that must be there is asked for at its parent; one that need not be is not."""
    workflow, findings = read(FLOW.replace(old, " } ]" if old.startswith(",") else ""))

    assert [(one.code, one.line, one.column) for one in findings] == ([("E106", line, column)] if line else [])
    assert (workflow is None) == bool(line)


@pytest.mark.parametrize(("code", "old", "new"), LIMITS_FAULTS, ids=[f"{c}-{n[:20]}" for c, _, n in LIMITS_FAULTS])
def test_limits_name_one_fault_when_they_have_one(code: str, old: str, new: str) -> None:
    """A fault of the limits table stands under the name of its own file."""
    text, place = spoil(LIMITS, old, new)

    workflow, findings = read(FLOW, text)

    assert workflow is None
    assert [(one.file, one.code, one.line, one.column) for one in findings] == [("t.limits.yaml", code, *place)]


def test_flow_names_all_faults_at_once_when_it_has_many() -> None:
    """Faults come in order of position, the flow's file first, whatever step found them."""
    flow = FLOW.replace("covers: own", "cover: own").replace("to: b, when", "to: bb, when").replace("n > 3", "m > 3")
    flow = flow.replace("due: 3wd", "due: 3 days").replace("final: done }", "final: done, final: x }")

    workflow, findings = read(flow, LIMITS.replace("4wh", "four").replace("do: late", "do: lat"))

    assert workflow is None
    assert [one.code for one in findings] == ["E101", "E201", "E204", "E103", "E102", "E103", "E107"]
    assert list(findings) == sorted(findings, key=lambda one: (one.file != "t.yaml", one.line, one.column))


def test_unknown_name_is_one_fault_when_it_is_used_often() -> None:
    """A declaration that is missing stands once, at its first use, with the lines of the others."""
    _, findings = read(FLOW.replace("  h: { covers: grid }\n", "").replace("above: h", "above: g"))

    assert [(one.code, one.line, one.column) for one in findings] == [("E201", 32, 18)]
    assert "还有 3 处也用到它：第 37、39、43 行。" in findings[0].message


def test_message_says_where_what_and_what_was_meant_when_a_value_is_wrong() -> None:
    """A message names the path, what stands there, what should, and the likely right word."""
    _, findings = read(FLOW.replace("due: 3wd", "due: 3 days"))

    assert str(findings[0]) == (
        "t.yaml:34:14: E103 levels.high.states.b.due："
        "应当是时限，写成 3wd 这样，或 limits.<列>、given，收到「3 days」。是不是「3d」？"
    )


def test_flow_is_complete_when_it_has_no_limits_file() -> None:
    """A flow that writes its own durations needs no table; one that names a column does."""
    alone = FLOW.replace("limits.sign", "1d").replace("limits.total", "30wd")

    assert good(alone, None).limits is None
    assert [one.code for one in read(FLOW, None)[1]] == ["E207", "E207"]


def test_flow_resolves_targets_when_an_escalation_names_none() -> None:
    """An escalation without a target leads to the entry of the next level; a ladder's is resolved as it rings."""
    workflow = good()

    timer = workflow.states["a"].timers[0]
    assert timer.to is not None
    assert timer.to.states == ("b",)
    assert [rule.to for rule in workflow.ladder_of("small")] == [None]


def test_flow_numbers_timers_when_a_word_repeats() -> None:
    """The id of a rule is its word; repeats on one clock get a number."""
    timers = "timers: [ { at: 50%, do: remind }, { at: due, do: escalate }, { at: due-1h, do: remind } ]"
    workflow = good(FLOW.replace("timers: [ { at: due, do: escalate } ]", timers))

    assert [rule.id for rule in workflow.states["a"].timers] == ["remind", "escalate", "remind.2"]


def test_flow_warns_the_holder_when_a_milestone_is_a_bare_duration() -> None:
    """The short form is met by the mark of its own name and warns the holder."""
    milestone = good().states["a"].milestones["seen"]

    assert milestone.met_by == ("seen",)
    assert (milestone.overdue.do, milestone.overdue.tell) == (Do.WARN, ("holder",))


def test_flow_reads_every_form_of_due_when_written() -> None:
    """A column, a duration, one a class, and a list of cases are four ways to say how long."""
    cases = "due: [ { when: n > 3, is: 5wd }, { is: 1wd } ]"
    workflow = good(FLOW.replace("due: 3wd", cases))
    a, b, c = (workflow.states[name].due for name in "abc")

    assert a is not None
    assert a.column == "sign"
    assert b is not None
    assert [(str(case.duration), case.when and case.when.text) for case in b.cases] == [("5wd", "n > 3"), ("1wd", None)]
    assert c is not None
    assert [(case.duration, case.classes) for case in c.cases] == [
        (Duration(1, Unit.DAYS), frozenset({"quick"})),
        (Duration(2, Unit.DAYS), frozenset({"small"})),
    ]


def test_flow_makes_one_way_in_when_it_says_start() -> None:
    """A single `start` is a way in of that name."""
    assert list(good().starts) == ["start"]


def test_texts_stay_as_typed_when_yaml_would_change_them() -> None:
    """Clock times, words for truth and numbers stay texts where the language wants texts."""
    labels = "r: { covers: own, label: { zh: 12:30, en: no } }\n  off: { covers: own, label: 1_000, roster: yes }"
    workflow = good(FLOW.replace("r: { covers: own }", labels))

    assert (workflow.roles["r"].label.zh, workflow.roles["r"].label.en) == ("12:30", "no")
    assert workflow.roles["off"].label.zh == "1_000"
    assert workflow.roles["off"].roster is True


def test_label_falls_back_when_words_are_missing() -> None:
    """Without a label the id is shown, without English the Chinese."""
    workflow = good(FLOW.replace("r: { covers: own }", "r: { covers: own, label: 居民 }"))

    assert (workflow.roles["r"].label.zh, workflow.roles["r"].label.en) == ("居民", "居民")
    assert workflow.roles["g"].label.zh == "g"


def test_places_name_keys_and_values_when_asked() -> None:
    """Every key and every value of the file has its place."""
    places = good().places

    assert (places["levels", "low", "up"].line, places["levels", "low", "up"].column) == (19, 9)
    assert (places["levels", "low", "up", "@key"].line, places["levels", "low", "up", "@key"].column) == (19, 5)


def test_digest_changes_when_a_byte_changes_sides() -> None:
    """Texts are framed by their lengths: the same bytes cut elsewhere are another version."""
    assert digest_of("ab", "c") != digest_of("a", "bc")
    assert digest_of("ab", None) != digest_of("ab", "")
    assert digest_of("ab", "c") == digest_of(b"ab", b"c")
    assert good().digest == digest_of(FLOW, LIMITS)


def test_choices_come_from_the_catalogue_when_a_field_names_one() -> None:
    """Ids and labels of a catalogue are the choices of the field."""
    field = good().fields["category"]

    assert field.choices == ("B1",)
    assert field.choice_labels["B1"].zh == "停水"
    assert field.catalogue == "categories"


@pytest.mark.parametrize("path", sorted(WORKFLOWS.glob("*.yaml")), ids=lambda path: path.name)
def test_shipped_flows_load_when_read(path: Path) -> None:
    """Every flow we ship is read without a finding."""
    folder = read_folder(WORKFLOWS)
    stem = path.name.removesuffix(".yaml").removesuffix(".limits")
    flow = folder.flows[stem]

    workflow, findings = read_flow(flow.data, file=flow.file, library=folder.library)

    assert [str(one) for one in findings] == []
    assert workflow is not None


def test_limits_in_another_encoding_are_named_when_a_flow_uses_them() -> None:
    """A table that cannot be read is one finding, not one for each column a flow names."""
    beside = library()
    limits = {"t": Source("t.limits.yaml", LIMITS.encode("gb18030"))}

    workflow, findings = read_flow(FLOW, file="t.yaml", library=type(beside)(limits, beside.catalogues, beside.flows))

    assert workflow is None
    assert [(one.file, one.code) for one in findings] == [("t.limits.yaml", "E100")]
    assert "GB18030" in findings[0].message


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("three_tier.yaml", "\n  service_centre:", "\n  service_center:"),
        ("three_tier.yaml", "\n  category:", "\n  categery:"),
        ("three_tier.yaml", "\n  kind:", "\n  kinds:"),
        ("three_tier.yaml", "\n  supervised:", "\n  supervise:"),
    ],
    ids=["a role of flow and table", "a field of conditions", "the field of the classes", "a state above the levels"],
)
def test_declaration_that_is_misspelt_is_one_fault_wherever_its_name_is_used(file: str, old: str, new: str) -> None:
    """In values and in conditions, in the flow and in its table: it stands at its first use and tells of the others."""
    text = (WORKFLOWS / file).read_text("utf-8")
    assert text.count(old) == 1

    findings = read_flow(text.replace(old, new), file=file, library=read_folder(WORKFLOWS).library)[1]

    assert len(findings) == 1, [str(one) for one in findings]
    assert f"是不是「{new.strip().rstrip(':')}」？还有 " in findings[0].message
