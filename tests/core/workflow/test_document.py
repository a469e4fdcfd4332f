"""A YAML file becomes a tree with exact places, or one finding says why not; hostile files cost nothing."""

import time

import pytest
import yaml

from engine.core.workflow.document import FAST_SCANNER, read_document
from engine.core.workflow.positions import place_in
from engine.core.workflow.tree import Items, Node, Table, Text, walk

SCANNERS = [pytest.param(FAST_SCANNER, id="fast"), pytest.param(yaml.SafeLoader, id="pure")]
BOMB = "a: &a [x, x]\n" + "".join(f"{n}: &{n} [*{p}, *{p}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True))


def codes(text: str | bytes, scanner: type = FAST_SCANNER) -> list[tuple[str, int, int]]:
    """Return code, line and column of every finding of a file."""
    return [(one.code, one.line, one.column) for one in read_document(text, "f.yaml", scanner=scanner).findings]


def root_of(text: str | bytes) -> Node:
    """Return the tree of a file without faults."""
    document = read_document(text, "f.yaml")
    assert document.findings == ()
    assert document.root is not None
    return document.root


def value(text: str | bytes, *path: str | int) -> Text:
    """Return the text at a path of a file."""
    node = next(node for here, _, node in walk(root_of(text)) if here == path)
    assert isinstance(node, Text)
    return node


@pytest.mark.parametrize("scanner", SCANNERS)
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: 1\n\tb: 2\n", [("E100", 2, 1)]),
        ("\ta: 1\n", [("E100", 1, 1)]),
        ("a: 'x\n", [("E100", 1, 4)]),
        ("a: [1, 2\n", [("E100", 1, 4)]),
        ("a: {b: 1, c: 2", [("E100", 1, 4)]),
        ("a: b: c\n", [("E100", 1, 5)]),
        ("a: 1\na 2\n", [("E100", 2, 1)]),
        ("a: @x\n", [("E100", 1, 4)]),
        ("a: 1\n}\n", [("E100", 2, 1)]),
        ("", [("E100", 1, 1)]),
        ("# only words\n", [("E100", 1, 1)]),
        ("a: x\u2028y\n", [("E100", 1, 5)]),
        ("a: x\0y\n", [("E100", 1, 5)]),
        ("a: x\ud800y\n", [("E100", 1, 5)]),
        ("a: 1\nb: 2\na: 3\n", [("E102", 3, 1)]),
        ("a: 1\n'a': 3\n", [("E102", 2, 1)]),
        ("a: { x: { y: 1, y: 2 } }\n", [("E102", 1, 17)]),
        ("a: &x 1\nb: *x\n", [("E104", 1, 4), ("E104", 2, 4)]),
        ("a: 1\n<<: { b: 2 }\n", [("E104", 2, 1)]),
        ("a: !!python/object/apply:os.system ['true']\n", [("E104", 1, 4)]),
        ("a: !mine 1\n", [("E104", 1, 4)]),
        ("a: 1\n---\nb: 2\n", [("E104", 2, 1)]),
        ("%TAG ! tag:x,2000:\n---\na: 1\n", [("E104", 1, 1)]),
        ("? [a]\n: 1\n", [("E107", 1, 3)]),
        ("a: " + "x" * 4097, [("E105", 1, 4)]),
        ("a: " + "字" * 1366, [("E105", 1, 4)]),
        ("[" * 100_000, [("E105", 1, 33)]),
        ("a: [" + "x," * 20_000 + "]\n", [("E105", 1, 39_999)]),
        ("a: " + "1:" * 300_000, [("E105", 1, 1)]),
    ],
)
def test_document_names_the_place_when_a_file_is_badly_written(
    text: str, found: list[tuple[str, int, int]], scanner: type
) -> None:
    """Whichever scanner is built in, the finding stands at the first character of what is wrong."""
    assert codes(text, scanner) == found


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("gb18030", "GB18030"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("utf-32-be", "UTF-32"),
    ],
)
def test_document_names_the_encoding_when_it_is_not_utf_8(encoding: str, name: str) -> None:
    """A file saved by an old editor is told how it was saved."""
    text = "sanlian: 1\nlabel: 居民诉求三级联动\nroles: {}\n"

    (one,) = read_document(text.encode(encoding), "f.yaml").findings

    assert one.code == "E100"
    assert name in one.message


def test_document_names_latin_letters_when_they_stand_alone() -> None:
    """Accented letters in a Western encoding are not taken for Chinese; the place is the first of them."""
    (one,) = read_document("a: x\nb: für élan\n".encode("latin-1"), "f.yaml").findings

    assert (one.code, one.line, one.column) == ("E100", 2, 5)
    assert "Latin-1" in one.message


@pytest.mark.parametrize(
    "text",
    [BOMB, "[" * 100_000, "a: " + "9:59" * 150_000, "{a: " * 40_000, "- " * 60_000, "a: *a\n" * 20_000, "&a " * 50_000],
    ids=["merge bomb", "nested lists", "base 60", "nested tables", "nested items", "aliases", "anchors"],
)
def test_document_stays_quick_when_a_file_is_hostile(text: str) -> None:
    """A hostile file is refused in far less time than the two seconds an upload may take."""
    start = time.process_time()

    assert read_document(text, "f.yaml").findings

    assert time.process_time() - start < 1.5


def test_document_reads_on_when_a_part_is_refused() -> None:
    """Faults of the writing are reported all at once, in order of position, one for each."""
    assert codes("a: &x { b: 1, b: 2 }\nc: !t 1\nd: *x\n<<: *x\n") == [
        ("E104", 1, 4),
        ("E102", 1, 15),
        ("E104", 2, 4),
        ("E104", 3, 4),
        ("E104", 4, 1),
    ]


@pytest.mark.parametrize(
    "typed", ["no", "yes", "12:30", "1_000", "0x1F", "1e3", "~", "null", "2026-11-22", "on", "007"]
)
def test_document_keeps_texts_as_typed_when_yaml_would_change_them(typed: str) -> None:
    """Nothing is read as a truth value, a time or a number here."""
    assert value(f"a: {typed}\n", "a").value == typed
    assert isinstance(root_of(f"{typed}: 1\n"), Table)


def test_document_keeps_places_when_lines_end_like_on_windows() -> None:
    """A byte order mark and CRLF move nothing."""
    text = "\ufeffa: 1\r\nb:\r\n  - x\r\n".encode()

    found = value(text, "b", 0)

    assert (found.value, found.line, found.column) == ("x", 3, 5)


def test_document_counts_characters_when_a_line_holds_chinese() -> None:
    """A column counts characters, not bytes."""
    found = value("甲乙: { 丙: 丁戊 }\n", "甲乙", "丙")

    assert (found.line, found.column) == (1, 10)


def test_walk_yields_parents_first_when_a_tree_is_deep() -> None:
    """Every node comes with its path, in the order of the file."""
    paths = [path for path, _, _ in walk(root_of("a: [1, { b: 2 }]\nc: 3\n"))]

    assert paths == [(), ("a",), ("a", 0), ("a", 1), ("a", 1, "b"), ("c",)]


@pytest.mark.parametrize(
    ("text", "word", "place"),
    [
        ("k: a = bad\n", "bad", (1, 8)),
        ("k: 'it''s bad'\n", "bad", (1, 11)),
        ('k: "a \\u0041\\n bad"\n', "bad", (1, 16)),
        ("k: one two\n   three bad\n", "bad", (2, 10)),
        ("k: 'one\n\n   two bad'\n", "bad", (3, 8)),
        ("k: |\n  one\n  two bad\n", "bad", (3, 7)),
        ("k: >-\n  one\n  bad\n", "bad", (3, 3)),
        ("k: 'one   bad'\n", "bad", (1, 11)),
    ],
    ids=["plain", "single", "escapes", "two lines", "quoted lines", "block", "folded", "blanks"],
)
def test_place_points_at_a_word_when_a_value_is_quoted_or_folded(text: str, word: str, place: tuple[int, int]) -> None:
    """From an offset in a value to the file: quotes, escapes and line ends are counted."""
    found = value(text, "k")

    assert place_in(found, found.value.index(word), text) == place


@pytest.mark.parametrize("scanner", SCANNERS)
def test_trees_are_equal_when_scanners_differ(scanner: type) -> None:
    """The scanner built in C and the one in Python give the same tree."""
    text = "a: 'x'\nb: [1, \"二\", { c: 3 }]\nd: |\n  lines\n  more\n"
    seen = [
        (path, node.line, node.column, getattr(node, "value", ""), isinstance(node, Items))
        for path, _, node in walk(read_document(text, "f", scanner=scanner).root or Table(0, 0))
    ]

    assert seen == [
        ((), 1, 1, "", False),
        (("a",), 1, 4, "x", False),
        (("b",), 2, 4, "", True),
        (("b", 0), 2, 5, "1", False),
        (("b", 1), 2, 8, "二", False),
        (("b", 2), 2, 13, "", False),
        (("b", 2, "c"), 2, 18, "3", False),
        (("d",), 3, 4, "lines\nmore\n", False),
    ]
