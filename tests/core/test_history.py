"""The history's bytes, chain, commitments and fold, each against something made independently of them."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from engine.core.history import (
    Event,
    as_of,
    chain_next,
    chain_origin,
    commitment,
    event_bytes,
    fold,
    framed,
    read_event,
    vault_ref,
)
from engine.core.matter import Actor, Clock, Holder, Matter, as_json, from_json, merge, patch_between

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)

ascii_keys = st.text(st.characters(min_codepoint=0, max_codepoint=127), max_size=12)
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=24)
integers = st.integers(min_value=-(2**53) + 1, max_value=2**53 - 1)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | integers | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ascii_keys, inner, max_size=4),
    max_leaves=12,
)
patches = st.dictionaries(ascii_keys, values, max_size=5)
instants = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis wants bounds without a zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001 - hypothesis wants bounds without a zone
    timezones=st.just(UTC),
)


def an_event(seq: int, *, at: datetime = NOON, data: dict[str, Any] | None = None) -> Event:
    """Return an event of one matter whose only interesting parts are *seq*, *at* and *data*."""
    return Event(
        v=1,
        log="log-1",
        matter="m-1",
        seq=seq,
        type="acted",
        to="doing",
        action="note",
        actor=Actor(post="p1", role="grid_worker", unit="g1"),
        at=at,
        recorded_at=at,
        workflow="ab" * 32,
        calendar="cd" * 32,
        data=data if data is not None else {},
    )


def a_matter(**changes: Any) -> Matter:
    """Return a small open matter with *changes*."""
    first: dict[str, Any] = {
        "id": "m-1",
        "district": "d1",
        "kind": "demand",
        "workflow": "flow",
        "version": 1,
        "digest": "ab" * 32,
        "seq": 1,
        "state": "waiting",
        "visit": 1,
        "filed": NOON,
        "entered": NOON,
        "at": NOON,
        "place": "g1",
        "start": "resident",
        "root": "m-1",
    }
    return Matter(**{**first, **changes})


@given(data=patches, at=instants, cause=st.none() | any_text)
def test_event_bytes_equal_those_of_an_independent_canonical_encoder(
    data: dict[str, Any], at: datetime, cause: str | None
) -> None:
    """The stored bytes are RFC 8785's for every tree of ASCII keys, integers and text."""
    body = event_bytes(Event(**{**_plain(an_event(1, at=at)), "data": {"patch": data}, "cause": cause}))

    assert body == rfc8785.dumps(json.loads(body))


@given(data=patches, at=instants)
def test_event_comes_back_as_it_was_when_read(data: dict[str, Any], at: datetime) -> None:
    """Writing and reading an event loses nothing, and writing it again gives the same bytes."""
    event = an_event(3, at=at, data={"patch": data})

    again = read_event(event_bytes(event))

    assert again == event
    assert event_bytes(again) == event_bytes(event)


def test_event_bytes_spell_the_previous_state_as_from() -> None:
    """The keys are those of the design, in order, without defaults."""
    body = event_bytes(Event(**{**_plain(an_event(2)), "from_": "waiting"}))

    assert list(json.loads(body)) == sorted(json.loads(body))
    assert json.loads(body)["from"] == "waiting"
    assert b"cause" not in body
    assert b'"at":"2026-11-20T04:00:00Z"' in body


def test_event_is_refused_when_it_holds_an_unknown_key() -> None:
    """A body with something we never write is not quietly read."""
    body = event_bytes(an_event(1)).replace(b'"action"', b'"a_side_door":1,"action"')

    with pytest.raises(ValueError, match="a_side_door"):
        read_event(body)


@given(left=st.lists(st.binary(max_size=6), max_size=4), right=st.lists(st.binary(max_size=6), max_size=4))
def test_framed_gives_different_bytes_for_different_lists(left: list[bytes], right: list[bytes]) -> None:
    """Framing is injective: equal bytes come from equal lists only."""
    assert (framed(*left) == framed(*right)) == (left == right)


def test_framed_tells_apart_lists_that_join_alike() -> None:
    """The case the framing is for: moving a byte over a border."""
    assert framed(b"ab", b"c") != framed(b"a", b"bc")
    assert framed(b"ab") == b"\x00\x00\x00\x00\x00\x00\x00\x02ab"


def test_chain_follows_its_written_definition() -> None:
    """h_0 = SHA256(framed(log, matter)), h = SHA256(0x02 ‖ h_prev ‖ SHA256(body)), computed here by hand."""
    origin = hashlib.sha256(
        (5).to_bytes(8, "big") + b"log-1" + (3).to_bytes(8, "big") + b"m-1",
    ).digest()
    body = event_bytes(an_event(1))

    assert chain_origin("log-1", "m-1") == origin
    assert chain_next(origin, body) == hashlib.sha256(b"\x02" + origin + hashlib.sha256(body).digest()).digest()


@given(bodies=st.lists(st.binary(min_size=1, max_size=40), min_size=2, max_size=6, unique=True), data=st.data())
def test_chain_head_changes_when_bodies_are_edited_dropped_or_swapped(bodies: list[bytes], data: st.DataObject) -> None:
    """Any edit, deletion or exchange in a chain gives another head."""
    at = data.draw(st.integers(0, len(bodies) - 2))
    head = _head(bodies)

    assert _head([*bodies[:at], bodies[at] + b"!", *bodies[at + 1 :]]) != head
    assert _head([*bodies[:at], *bodies[at + 1 :]]) != head
    assert _head([*bodies[:at], bodies[at + 1], bodies[at], *bodies[at + 2 :]]) != head


def test_chain_origin_differs_between_logs_and_matters() -> None:
    """A chain belongs to one matter of one log."""
    assert len({chain_origin("a", "bc"), chain_origin("ab", "c"), chain_origin("a", "c")}) == 3


def test_parts_of_events_and_matters_stand_in_the_order_of_their_names() -> None:
    """A matter is written without sorting, and both are read without searching, because they are declared so."""
    for kind in _kinds_in(Event, Matter):
        names = [field.encode_name for field in msgspec.structs.fields(kind)]
        assert names == sorted(names), kind.__name__
        assert all(name.isascii() for name in names), kind.__name__


@given(salt=st.binary(min_size=32, max_size=32), value=st.binary(max_size=64))
def test_commitment_opens_only_with_its_own_salt_ref_and_value(salt: bytes, value: bytes) -> None:
    """The ref inside the hash stops a swap between fields and matters; the salt hides short values."""
    ref = vault_ref("m-1", 4, "detail")
    made = commitment(salt, ref, value)

    assert made == hmac.new(salt, framed(b"m-1/4/detail", value), hashlib.sha256).hexdigest()
    assert commitment(salt, vault_ref("m-2", 4, "detail"), value) != made
    assert commitment(salt, vault_ref("m-1", 4, "note"), value) != made
    assert commitment(bytes(32) if salt != bytes(32) else b"\x01" * 32, ref, value) != made
    assert commitment(salt, ref, value + b"x") != made


@pytest.mark.parametrize("length", [0, 1, 32, 63, 64, 65, 200])
def test_commitment_is_the_standard_one_whatever_the_length_of_the_salt(length: int) -> None:
    """The sum made here is HMAC as the standard library makes it, on both sides of the block's length."""
    salt = bytes(range(length))
    expected = hmac.new(salt, framed(b"m-1/4/detail", b"value"), hashlib.sha256).hexdigest()

    assert commitment(salt, "m-1/4/detail", b"value") == expected


@given(states=st.lists(st.dictionaries(ascii_keys, integers | any_text, max_size=4), min_size=1, max_size=5))
def test_merge_of_patches_between_states_gives_the_last_state(states: list[dict[str, Any]]) -> None:
    """Folding the differences of a row of matters gives the last of them."""
    matters = [a_matter(fields=fields, seq=n) for n, fields in enumerate(states, start=1)]
    events, before = [], None
    for matter in matters:
        events.append(an_event(matter.seq, data={"patch": patch_between(before, matter)}))
        before = matter

    assert fold(events) == matters[-1]
    assert fold(events[:1]) == matters[0]


def test_merge_follows_the_examples_of_rfc_7386() -> None:
    """The examples of the RFC's appendix that concern objects."""
    assert merge({"a": "b"}, {"a": "c"}) == {"a": "c"}
    assert merge({"a": "b"}, {"b": "c"}) == {"a": "b", "b": "c"}
    assert merge({"a": "b", "b": "c"}, {"a": None}) == {"b": "c"}
    assert merge({"a": ["b"]}, {"a": "c"}) == {"a": "c"}
    assert merge({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}) == {"a": {"b": "d"}}
    assert merge({"a": [{"b": "c"}]}, {"a": [1]}) == {"a": [1]}
    assert merge({"e": None}, {"a": 1}) == {"e": None, "a": 1}
    assert merge({}, {"a": {"bb": {"ccc": None}}}) == {"a": {"bb": {}}}


def test_patch_removes_what_is_gone_and_keeps_what_stayed() -> None:
    """A patch names only what changed, and null for what is gone."""
    clock = Clock(visit=1, started=NOON, limit="3wd", calendar="cn", due=NOON + timedelta(days=3))
    before = a_matter(holder=Holder(role="grid_worker", unit="g1"), clocks={"state": clock, "named.total": clock})
    after = a_matter(seq=2, holder=Holder(role="resident"), clocks={"named.total": clock})

    patch = patch_between(before, after)

    assert patch == {"seq": 2, "holder": {"role": "resident", "unit": None}, "clocks": {"state": None}}
    assert from_json(merge(as_json(before), patch)) == after


def test_as_of_equals_the_fold_of_the_events_up_to_then() -> None:
    """Whoever looks at an instant sees the events up to and at it, and nothing before the first."""
    matters = [a_matter(seq=n, state=f"s{n}", at=NOON + timedelta(hours=n)) for n in (1, 2, 3)]
    events, before = [], None
    for matter in matters:
        events.append(an_event(matter.seq, at=matter.at, data={"patch": patch_between(before, matter)}))
        before = matter

    assert as_of(events, NOON) is None
    assert as_of(events, NOON + timedelta(hours=1)) == matters[0]
    assert as_of(events, NOON + timedelta(hours=2, minutes=59)) == matters[1]
    assert as_of(events, (NOON + timedelta(hours=3)).astimezone(timezone(timedelta(hours=8)))) == matters[2]


def _plain(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__}


def _kinds_in(*kinds: Any) -> set[type[msgspec.Struct]]:
    """Those of *kinds* that are structs, and all structs inside of them."""
    found: set[type[msgspec.Struct]] = set()
    waiting = list(kinds)
    while waiting:
        kind = waiting.pop()
        waiting.extend(get_args(kind))
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in found:
            found.add(kind)
            waiting.extend(field.type for field in msgspec.structs.fields(kind))
    return found


def _head(bodies: list[bytes]) -> bytes:
    head = chain_origin("log-1", "m-1")
    for body in bodies:
        head = chain_next(head, body)
    return head
