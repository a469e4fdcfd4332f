"""
Event logs in XES (IEEE 1849), plain or gzip, read as a stream: one incident at a time, in bounded memory.

A log comes from outside, so nothing in it is trusted: no document type (hence no entities), UTF-8 only, limits on
what is unpacked, on one token, on depth, on one text and on one incident. The first fault ends the reading with its
place. A step carries its line of support: a team whose name ends in « 2nd» or « 3rd» is the second or third line.
"""

import codecs
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from xml.parsers import expat

from engine.core.clock.instants import parse_instant
from engine.errors import BadFile, BadInput

CHUNK_BYTES = 64 * 1024
GZIP_MAGIC = b"\x1f\x8b"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LINE_OF_SUFFIX = {" 2nd": 2, " 3rd": 3}
STEP_KEYS = {
    "time:timestamp": "date",
    "concept:name": "string",
    "lifecycle:transition": "string",
    "org:group": "string",
    "org:resource": "string",
    "impact": "string",
    "product": "string",
}


class Readable(Protocol):
    """What a log is read from."""

    def read(self, size: int, /) -> bytes:
        """Return up to *size* bytes, none at the end."""


@dataclass(frozen=True, slots=True)
class Step:
    """One recorded change of an incident; `at` is aware UTC, `line` the line of support, `source_line` its place."""

    at: datetime
    status: str
    substatus: str
    group: str
    line: int
    resource: str
    impact: str
    product: str
    source_line: int


@dataclass(frozen=True, slots=True)
class Trace:
    """One incident with its steps in the order of the log."""

    id: str
    source_line: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a log may ask of us. `unpacked_ratio`: bytes unpacked for each byte packed, beyond the first MiB."""

    unpacked_bytes: int = 1024**3
    unpacked_ratio: int = 100
    token_bytes: int = 1024**2
    text_chars: int = 200
    depth: int = 32
    steps: int = 10_000


USUAL = Bounds()


def read_traces(stream: Readable, name: str, *, bounds: Bounds = USUAL) -> Iterator[Trace]:
    """
    Read the incidents of the log *stream*; *name* stands in the place of a fault.

    Raises:
        BadFile: the log cannot be read as what it should be; `where` is name:line:column or name with the byte.
    """
    reader = _Reader(name, bounds)
    for chunk in _unpacked(stream, name, bounds):
        reader.feed(chunk)
        yield from reader.take()
    reader.finish()
    yield from reader.take()


def line_of(group: str) -> int:
    """Return the line of support a team works on."""
    return LINE_OF_SUFFIX.get(group[-4:], 1)


def _unpacked(stream: Readable, name: str, bounds: Bounds) -> Iterator[bytes]:
    first = stream.read(CHUNK_BYTES)
    plain = _gunzipped(stream, first, name=name, bounds=bounds) if first[:2] == GZIP_MAGIC else _plain(stream, first)
    size = 0
    for chunk in plain:
        size += len(chunk)
        if size > bounds.unpacked_bytes:
            limit = f"不超过 {bounds.unpacked_bytes} 字节的日志"
            raise BadFile(where=name, found=f"展开后超过 {bounds.unpacked_bytes} 字节", expected=limit)
        yield chunk


def _plain(stream: Readable, first: bytes) -> Iterator[bytes]:
    chunk = first
    while chunk:
        yield chunk
        chunk = stream.read(CHUNK_BYTES)


def _gunzipped(stream: Readable, first: bytes, *, name: str, bounds: Bounds) -> Iterator[bytes]:
    packed, read, unpacked = first, len(first), 0
    member = zlib.decompressobj(wbits=31)
    while True:
        where = f"{name} 第 {read - len(packed) + 1} 字节起"
        try:
            chunk = member.decompress(packed, CHUNK_BYTES)
        except zlib.error as error:
            raise BadFile(where=where, found=f"损坏的 gzip（{error}）", expected="完整的 gzip 文件") from error
        unpacked += len(chunk)
        if unpacked > bounds.unpacked_ratio * read + 1024**2:
            found = f"展开超过 {bounds.unpacked_ratio} 倍的压缩内容"
            raise BadFile(where=where, found=found, expected="正常压缩的日志")
        if chunk:
            yield chunk
        packed = member.unused_data if member.eof else member.unconsumed_tail
        if not packed:
            packed = stream.read(CHUNK_BYTES)
            read += len(packed)
        if member.eof:
            if not packed:
                return
            member = zlib.decompressobj(wbits=31)
        elif not packed and not chunk:
            raise BadFile(where=f"{name} 第 {read} 字节", found="提前结束的 gzip", expected="完整的 gzip 文件")


class _Reader:
    """Turns the parser's calls into incidents; knows only where it is and what it is filling."""

    def __init__(self, name: str, bounds: Bounds) -> None:
        self.name = name
        self.bounds = bounds
        self.fed = 0
        self.text = codecs.getincrementaldecoder("utf-8")()
        self.parser = expat.ParserCreate()
        self.parser.XmlDeclHandler = self._declared
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._opened
        self.parser.EndElementHandler = self._closed
        self.depth = 0
        self.inner = 0  # how many elements deep we are inside an attribute of the log, an incident or a step
        self.ready: list[Trace] = []
        self.trace: dict[str, str] | None = None
        self.trace_line = 0
        self.steps: list[Step] = []
        self.step: dict[str, str] | None = None
        self.step_place = (0, 0)
        self.step_at = EPOCH

    def feed(self, chunk: bytes) -> None:
        """Parse the next bytes, after refusing what is not UTF-8 text."""
        self._check_text(chunk)
        self.fed += len(chunk)
        self._parse(chunk, False)
        if self.fed - self.parser.CurrentByteIndex > self.bounds.token_bytes:
            raise self._fault(f"一处超过 {self.bounds.token_bytes} 字节", "大小正常的标记")

    def finish(self) -> None:
        """Say that no more bytes come."""
        self._check_text(b"", last=True)
        self._parse(b"", True)

    def take(self) -> list[Trace]:
        """Hand over the incidents read since the last time."""
        ready, self.ready = self.ready, []
        return ready

    def _parse(self, chunk: bytes, last: bool) -> None:
        try:
            self.parser.Parse(chunk, last)
        except expat.ExpatError as error:
            found = f"不合格的 XML（{expat.ErrorString(error.code)}）"
            raise self._fault(found, "XES 日志", place=(error.lineno, error.offset)) from error

    def _check_text(self, chunk: bytes, last: bool = False) -> None:
        waiting = len(self.text.getstate()[0])
        try:
            self.text.decode(chunk, last)
        except UnicodeDecodeError as error:
            byte = self.fed - waiting + error.start
            raise self._not_text(byte, f"0x{error.object[error.start]:02X}，不是 UTF-8 编码") from error
        zero = chunk.find(0)
        if zero >= 0:
            raise self._not_text(self.fed + zero, "NUL")

    def _not_text(self, byte: int, found: str) -> BadFile:
        return BadFile(where=f"{self.name} 第 {byte + 1} 字节", found=found, expected="UTF-8 文字")

    def _fault(self, found: str, expected: str, *, place: tuple[int, int] | None = None) -> BadFile:
        line, column = place or (self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber)
        return BadFile(where=f"{self.name}:{line}:{column + 1}", found=found, expected=expected)

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.upper() not in {"UTF-8", "US-ASCII"}:
            raise self._fault(f"编码 {encoding[:40]}", "UTF-8")

    def _doctype(self, name: str, _system: str | None, _public: str | None, _has_subset: int) -> None:
        raise self._fault(f"<!DOCTYPE {name[:40]}", "没有文档类型和实体的 XES")

    def _opened(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > self.bounds.depth:
            raise self._fault(f"嵌套超过 {self.bounds.depth} 层", "XES 日志")
        if self.depth == 1 and tag != "log":
            raise self._fault(f"<{tag[:40]}>", "以 <log> 开头的 XES 日志")
        if self.inner:
            self.inner += 1
        elif tag == "trace" and self.depth == 2:
            self.trace, self.trace_line, self.steps = {}, self.parser.CurrentLineNumber, []
        elif tag == "event" and self.depth == 3 and self.trace is not None:
            self.step = {}
            self.step_place = (self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber)
        elif self.depth > 1:
            self.inner = 1
            self._attribute(tag, attributes)

    def _attribute(self, tag: str, attributes: dict[str, str]) -> None:
        filling = self.step if self.step is not None else self.trace
        if filling is None:
            return
        key, value = attributes.get("key", ""), attributes.get("value", "")
        if len(value) > self.bounds.text_chars:
            raise self._fault(f"{key[:40]} 有 {len(value)} 字", f"不超过 {self.bounds.text_chars} 字的内容")
        if key not in STEP_KEYS:
            return
        if tag != STEP_KEYS[key]:
            raise self._fault(f"<{tag[:40]} key={key}>", f"<{STEP_KEYS[key]}>")
        if key in filling:
            raise self._fault(f"{key} 第二次", "每项只有一次")
        if not value.strip():
            raise self._fault(f"空的 {key}", "有内容的值")
        if key == "time:timestamp":
            self.step_at = self._instant(value)
        filling[key] = value

    def _instant(self, value: str) -> datetime:
        try:
            return parse_instant(value)
        except BadInput as error:
            raise self._fault(value, "带时区的时刻，如 2010-03-31T16:59:42+02:00") from error

    def _closed(self, tag: str) -> None:
        self.depth -= 1
        if self.inner:
            self.inner -= 1
        elif tag == "event" and self.step is not None:
            self._add_step(self.step)
            self.step = None
        elif tag == "trace" and self.trace is not None:
            self._add_trace(self.trace)
            self.trace = None

    def _add_step(self, read: dict[str, str]) -> None:
        missing = [key for key in STEP_KEYS if key not in read]
        if missing:
            raise self._fault(f"没有 {'、'.join(missing)} 的 <event>", "七项齐全的 <event>", place=self.step_place)
        if len(self.steps) >= self.bounds.steps:
            raise self._fault(f"一件超过 {self.bounds.steps} 步", "步数正常的事件", place=self.step_place)
        group = read["org:group"]
        step = Step(
            at=self.step_at,
            status=read["concept:name"],
            substatus=read["lifecycle:transition"],
            group=group,
            line=line_of(group),
            resource=read["org:resource"],
            impact=read["impact"],
            product=read["product"],
            source_line=self.step_place[0],
        )
        self.steps.append(step)

    def _add_trace(self, read: dict[str, str]) -> None:
        if "concept:name" not in read:
            raise self._fault("没有 concept:name 的 <trace>", "有编号的 <trace>", place=(self.trace_line, 0))
        self.ready.append(Trace(read["concept:name"], self.trace_line, tuple(self.steps)))
