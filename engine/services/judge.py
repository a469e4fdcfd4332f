"""
One chain held against its own bytes and against everything that repeats it: the layers of `verify`.

Chain: bytes, order, columns. Head and projection: the matter's row. Vault: each commitment has its opening, until it
is erased. Legality: each step was allowed. Nothing stored is trusted; what cannot be read is a finding, never a crash.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from engine.core.flow_law import FlowLaw
from engine.core.history import chain_origin, commitment, vault_ref
from engine.core.legality import Body, Replay
from engine.core.matter import Json, decode, from_json, merge
from engine.errors import SanlianError
from engine.store.log import SYSTEM_FROM, Cells, instant_or_none
from engine.store.matters import REPEATING, repeated_by

ERASED = "pii_erased"
_read = msgspec.json.Decoder(Body).decode
_ENCODER = msgspec.json.Encoder(order="sorted")
UNREADABLE = (
    msgspec.MsgspecError, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, ArithmeticError,
)  # fmt: skip
# What a body or a row may provoke that holds anything: a calendar or a duration is asked for what it cannot give.
SENSELESS = (SanlianError, *UNREADABLE)


class Finding(NamedTuple):
    """Something that does not hold: layer and kind (stable words), where, and the sentence for people."""

    layer: str
    kind: str
    matter: str
    seq: int
    text: str


@dataclass(frozen=True, slots=True)
class Grounds:
    """
    What chains are judged by.

    `log` is its id, `replays` and `laws` go by workflow hash (None: its text cannot be read), `heads` are (seq, head)
    of the system chains, `texts_instants`: the store writes instants as texts.
    """

    log: str
    replays: Mapping[str, Replay | None]
    laws: Mapping[str, FlowLaw]
    heads: Mapping[str, tuple[int, bytes]]
    texts_instants: bool


class Chain:
    """One chain, being walked from its first event."""

    def __init__(self, chain_id: str, grounds: Grounds) -> None:
        self.id = chain_id
        self.head = chain_origin(grounds.log, chain_id)
        self.seq = 0
        self.state: Json = {}
        self.is_system = chain_id.startswith(SYSTEM_FROM)
        self.committed: dict[str, tuple[str, int]] = {}
        self.erased: set[str] = set()
        self.findings: list[Finding] = []
        self._grounds = grounds
        self._cell = _as_sqlite if grounds.texts_instants else _at
        self._recorded = ""
        self._broken = False
        self._is_lawless = False

    def walk(self, rows: Sequence[Cells]) -> None:
        """Judge the events of the chain, in the order of their seq."""
        sha256, follow, head = hashlib.sha256, self._follow, self.head
        for found in rows:
            row = found if type(found[1]) is int and type(found[6]) is bytes else self._mended(found)
            _, seq, _, _, _, _, body, stored = row
            self.head = head = sha256(b"\x02" + head + sha256(body).digest()).digest()
            if head != stored and not self._broken:
                self._broken = True
                self.find("chain", "chain", seq, "内容或次序与链上的哈希不符")
            if seq != self.seq + 1:
                self.find("chain", "gap", seq, f"前一条是第 {self.seq} 条")
            self.seq = seq
            try:
                follow(row, _read(body))
            except SENSELESS as error:
                self.find("chain", "unreadable", seq, f"读不懂这一条：{type(error).__name__}")

    def _mended(self, row: Cells) -> Cells:
        """The row with a seq and bytes to go on with, where a hand has left cells of another kind."""
        chain, seq, *middle, body, stored = row
        place = seq if type(seq) is int else self.seq + 1
        self.find("chain", "columns", place, "列里的序号或内容不是它该有的类型")
        return chain, place, *middle, _bytes(body), stored

    def find(self, layer: str, kind: str, seq: int, text: str) -> None:
        """Note a finding."""
        self.findings.append(Finding(layer, kind, self.id, seq, text))

    def _follow(self, row: Cells, event: Body) -> None:
        self._columns(row, event)
        recorded = event.recorded_at
        if recorded != self._recorded:
            self._time(row[1], recorded)
        if event.private:
            for ref, made in event.private.items():
                self.committed[ref] = (made, row[1])
        if event.action == ERASED:
            self.erased.update(event.data.erased)
        if not self.is_system:
            self._step(row, event)

    def _time(self, seq: int, recorded: str) -> None:
        if self._recorded and _is_before(recorded, self._recorded):
            self.find("legality", "time", seq, "记录时间比上一条还早")
        self._recorded = recorded

    def _step(self, row: Cells, event: Body) -> None:
        patch, workflow, state = event.data.patch, event.workflow, self.state
        replay = self._grounds.replays.get(workflow)
        if replay is None:
            self._lawless(row[1], workflow)
            merge(state, patch)
            return
        tell = self._illegal
        replay.judge_before(state, event, tell)
        merge(state, patch)
        replay.judge_after(state, event, tell)
        if state.get("digest") != workflow:
            self.find("legality", "workflow", row[1], "记录的流程版本与事项的不同")

    def _lawless(self, seq: int, workflow: str) -> None:
        if workflow not in self._grounds.replays and not self._is_lawless:
            self._is_lawless = True
            self.find("workflow", "missing", seq, "记录所用的流程版本不在库里")

    def _illegal(self, kind: str, text: str) -> None:
        self.find("legality", kind, self.seq, text)

    def _columns(self, row: Cells, event: Body) -> None:
        _, seq, kind, at, recorded_at, timer_key, _, _ = row
        if event.matter != self.id or event.seq != seq or event.log != self._grounds.log:
            self.find("chain", "misplaced", seq, "这一条属于别的事项、别的序号或别的日志")
        cell, said = self._cell, event.at
        same = event.recorded_at == said and recorded_at == at
        key = event.cause if kind == "fired" else None
        if (
            event.type != kind
            or cell(said) != at
            or not (same or cell(event.recorded_at) == recorded_at)
            or key != timer_key
        ):
            self.find("chain", "columns", seq, "列里的类型、时间或定时与内容不同")

    # -- what repeats the chain

    def compare_head(self, seq: Any, head: Any) -> None:
        """Compare with the head stored apart from the chain."""
        is_same = head == self.head or (self._broken and type(head) is bytes)
        if type(seq) is not int or seq != self.seq or not is_same:
            self.find("head", "head", self.seq, f"另存的链头是第 {seq} 条的，链上到第 {self.seq} 条")

    def compare_projection(self, row: Cells) -> None:
        """Compare the fold with the matter's row (id, seq, head, snapshot, `REPEATING`): bytes, then columns."""
        _, seq, head, snapshot, *stored = row
        self.compare_head(seq, head)
        try:
            is_same = _ENCODER.encode(self.state) == snapshot
            if not is_same:
                self.find("projection", "snapshot", self.seq, "事项的现状不是办理过程推出来的")
            # The bytes are of the fold, so they are read instead of converting it; what no matter can be fails in both.
            matter = decode(snapshot) if is_same else from_json(self.state)
            expected = repeated_by(matter, texts_instants=self._grounds.texts_instants)
        except SENSELESS as error:
            self.find("projection", "fold", self.seq, f"办理过程推不出事项：{type(error).__name__}")
            return
        pairs = zip(REPEATING, expected, stored, strict=True)
        # A fraction that is worth the same is still not what the engine writes.
        wrong = [name for name, value, cell in pairs if value != cell or type(cell) is float]
        if wrong:
            self.find("projection", "projection", self.seq, f"列 {'、'.join(wrong)} 与办理过程不符")

    def compare_vault(self, rows: Sequence[Cells], files: Callable[[str], Iterator[Cells]]) -> None:
        """Compare the commitments with their openings, and the files with the hashes in their names."""
        there = {row[1]: row for row in rows}
        given: list[tuple[str, int]] = []
        law = self._grounds.laws.get(self.state.get("digest", "")) if self.committed else None
        files_of = law.files if law is not None else frozenset[str]()
        for ref, (made, seq) in self.committed.items():
            row = there.pop(ref, None)
            value = self._opening(ref, made, seq, row)
            if value is not None and row is not None and row[3] in files_of:
                given.extend((name, seq) for name in _names(value))
        for ref, row in there.items():
            self.find("vault", "stray", row[2] if type(row[2]) is int else 0, f"「{ref}」没有任何记录承诺过")
        if given:
            self._compare_files(given, {row[1]: row for row in files(self.id)})

    def _opening(self, ref: str, made: str, seq: int, row: Cells | None) -> bytes | None:
        salt, value = (row[4], row[5]) if row is not None else (None, None)
        if row is not None and not self._fits(row, ref):
            self.find("vault", "columns", seq, f"「{ref}」旁边写的序号、字段或删除时间与记录不同")
        if ref in self.erased:
            if salt is not None or value is not None:
                self.find("vault", "survives", seq, f"「{ref}」已记为删除，内容却还在")
            return None
        if salt is None or value is None:
            self.find("vault", "missing", seq, f"「{ref}」的内容不见了，却没有删除记录")
            return None
        if type(salt) is not bytes or type(value) is not bytes or commitment(salt, ref, value) != made:
            self.find("vault", "value", seq, f"「{ref}」的内容被改过")
        return _bytes(value)

    def _fits(self, row: Cells, ref: str) -> bool:
        """Whether what stands beside an opening agrees with its name and with its erasure."""
        _, _, seq, field, _, _, erased_at = row
        was_erased = erased_at is not None and instant_or_none(erased_at) is not None
        stands = erased_at is None if ref not in self.erased else was_erased
        return stands and type(seq) is int and ref == vault_ref(self.id, seq, field)

    def _compare_files(self, given: Sequence[tuple[str, int]], there: Mapping[str, Cells]) -> None:
        for name, seq in given:
            row = there.get(name)
            if row is None or row[3] is None:
                self.find("vault", "file_missing", seq, f"附件「{name}」不见了，却没有删除记录")
                continue
            digest = hashlib.sha256(_bytes(row[3])).hexdigest()
            if type(row[3]) is not bytes or digest != row[2] or not name.endswith(f".{digest}"):
                self.find("vault", "file", seq, f"附件「{name}」被换过")


def _bytes(cell: object) -> bytes:
    """Return a cell as bytes: in SQLite a statement by hand, `replace(body, …)`, leaves a text where bytes were."""
    if isinstance(cell, bytes):
        return cell
    return bytes(cell) if isinstance(cell, memoryview) else str(cell).encode("utf-8", "surrogatepass")


def _names(value: bytes) -> list[str]:
    try:
        names = msgspec.json.decode(value)
    except msgspec.MsgspecError:
        return []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _is_before(text: str, other: str) -> bool:
    """Compare two instants of bodies: as texts where both are written alike, which most are."""
    if len(text) == len(other) and text[-1] == other[-1] == "Z":
        return text < other
    return _at(text) < _at(other)


def _as_sqlite(text: str) -> str:
    """Write a body's UTC instant as SQLite's rows hold it; another zone or form goes through a datetime."""
    if len(text) == 20 and text[19] == "Z":
        return f"{text[:10]} {text[11:19]}.000000"
    return _at(text).astimezone(UTC).isoformat(" ", "microseconds")[:26]
