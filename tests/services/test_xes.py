"""Reading event logs: the steps come out exactly, and what cannot be read is named with its place."""

import gzip
import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.errors import BadFile
from engine.services.xes import Bounds, Step, Trace, line_of, read_traces

DATA = Path(__file__).parent.parent / "data"
SAMPLE = (DATA / "sample.xes").read_bytes()

HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n<log>\n'
STEP = (
    b'<event><string key="org:group" value="T4 2nd"/><string key="org:resource" value="Liv"/>'
    b'<string key="concept:name" value="Accepted"/><string key="lifecycle:transition" value="Wait"/>'
    b'<string key="impact" value="Low"/><string key="product" value="P1"/>'
    b'<date key="time:timestamp" value="2021-03-28T03:30:00+02:00"/></event>\n'
)
TRACE = b'<trace><string key="concept:name" value="9-1"/>\n' + STEP + b"</trace>\n"


def read(data: bytes, *, bounds: Bounds | None = None) -> list[Trace]:
    return list(read_traces(io.BytesIO(data), "log.xes", bounds=bounds or Bounds()))


def fault_of(data: bytes, *, bounds: Bounds | None = None) -> str:
    with pytest.raises(BadFile) as caught:
        read(data, bounds=bounds)
    return str(caught.value)


def test_log_gives_incidents_and_steps_when_it_is_plain() -> None:
    """Every incident and step of the sample comes out, in the order of the log."""
    traces = read(SAMPLE)

    assert [len(trace.steps) for trace in traces] == [9, 7, 8, 2, 10, 4, 1, 2]
    assert [trace.id for trace in traces] == [f"9-000{n}" for n in range(1, 9)]
    assert traces[0].source_line == 13
    assert traces[0].steps[0] == Step(
        at=datetime(2021, 3, 3, 7, 0, tzinfo=UTC),
        status="Accepted",
        substatus="In Progress",
        group="T1",
        line=1,
        resource="Tova",
        impact="Medium",
        product="PROD7",
        source_line=15,
    )
    assert traces[0].steps[6].resource == "Åsmund"
    assert traces[6].steps[0].product == "PROD<5>"


def test_log_gives_the_same_when_it_is_packed() -> None:
    """A packed log reads as the plain one, in one or several gzip members."""
    packed = (DATA / "sample.xes.gz").read_bytes()
    members = gzip.compress(SAMPLE[:5000]) + gzip.compress(SAMPLE[5000:])

    assert read(packed) == read(SAMPLE)
    assert read(members) == read(SAMPLE)


@pytest.mark.parametrize(("group", "line"), [("V5", 1), ("G140 2nd", 2), ("V5 3rd", 3), ("2nd", 1), ("A2nd", 1)])
def test_line_follows_the_suffix_of_the_team(group: str, line: int) -> None:
    """Only the suffixes « 2nd» and « 3rd» name a higher line."""
    assert line_of(group) == line


BOMB = b'<?xml version="1.0"?><!DOCTYPE log [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><log>&b;</log>'
OUTSIDE = b'<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/hostname">]><log>&x;</log>'


@pytest.mark.parametrize(
    ("data", "place", "found"),
    [
        pytest.param(b"", "log.xes:1:1", "no element found", id="empty"),
        pytest.param(BOMB, "log.xes:1:", "<!DOCTYPE log", id="entity-bomb"),
        pytest.param(OUTSIDE, "log.xes:1:1", "<!DOCTYPE log", id="outside-entity"),
        pytest.param(HEAD + b"<trace>\n</log>", "log.xes:4:3", "mismatched tag", id="malformed"),
        pytest.param(HEAD + TRACE, "log.xes:6:1", "no element found", id="cut-off"),
        pytest.param(HEAD + b"&x;</log>", "log.xes:3:1", "undefined entity", id="unknown-entity"),
        pytest.param(b'<?xml version="1.0" encoding="GB18030"?><log/>', "log.xes:1:1", "编码 GB18030", id="declared"),
        pytest.param(HEAD + "张".encode("gb18030") + b"</log>", "第 46 字节", "0xD5", id="other-encoding"),
        pytest.param("<log/>".encode("utf-16"), "第 1 字节", "0xFF", id="utf-16"),
        pytest.param(HEAD + b"\xed\xa0\x80</log>", "第 46 字节", "0xED", id="lone-surrogate"),
        pytest.param(HEAD + b"&#xD800;</log>", "log.xes:3:1", "invalid character", id="surrogate-by-number"),
        pytest.param(HEAD + b"a\0b</log>", "第 47 字节", "NUL", id="nul"),
        pytest.param(HEAD + b"\xe5", "第 46 字节", "0xE5", id="half-a-character"),
        pytest.param(b"<html/>", "log.xes:1:1", "<html>", id="not-a-log"),
        pytest.param(HEAD + TRACE.replace(b"+02:00", b""), "log.xes:4:", "2021-03-28T03:30:00", id="naive-instant"),
        pytest.param(HEAD + TRACE.replace(b"-03-28", b"-02-30"), "log.xes:4:", "2021-02-30", id="no-such-day"),
        pytest.param(HEAD + TRACE.replace(b'"Liv"', b'" "'), "log.xes:4:", "空的 org:resource", id="blank"),
        pytest.param(HEAD + TRACE.replace(b"impact", b"color"), "log.xes:4:1", "没有 impact", id="step-lacks-a-key"),
        pytest.param(HEAD + TRACE.replace(b"product", b"impact"), "log.xes:4:", "impact 第二次", id="key-twice"),
        pytest.param(HEAD + TRACE.replace(b"<date", b"<string"), "log.xes:4:", "<string key=time", id="wrong-type"),
        pytest.param(HEAD + b"<trace></trace>", "log.xes:3:1", "没有 concept:name", id="incident-without-number"),
        pytest.param(HEAD + TRACE.replace(b"Liv", b"x" * 201), "log.xes:4:", "201 字", id="over-long"),
        pytest.param(HEAD + b"<a>" * 40, "log.xes:3:", "嵌套超过 32 层", id="too-deep"),
    ],
)
def test_log_is_refused_with_its_place_when_it_cannot_be_read(data: bytes, place: str, found: str) -> None:
    """What is wrong is named, with line and column or the byte."""
    fault = fault_of(data)

    assert place in fault
    assert found in fault


@pytest.mark.parametrize("cut", [3, 40, 1200, -9, -1])
def test_packed_log_is_refused_when_it_ends_early(cut: int) -> None:
    """Wherever a packed log is cut, the reader says that it ends early."""
    packed = gzip.compress(SAMPLE, mtime=0)

    assert "提前结束的 gzip" in fault_of(packed[:cut])


def test_packed_log_is_refused_when_a_byte_is_changed() -> None:
    """Damage inside a packed log is found, by the stream or by its checksum."""
    packed = bytearray(gzip.compress(SAMPLE, mtime=0))
    packed[-6] ^= 1

    assert "损坏的 gzip" in fault_of(bytes(packed))
    assert "损坏的 gzip" in fault_of(gzip.compress(SAMPLE) + b"more")


def test_packed_log_is_refused_when_it_is_a_bomb() -> None:
    """A small file that unpacks without end stops at the ratio, and any log at the size."""
    bomb = gzip.compress(HEAD + b" " * 8_000_000)

    assert "展开超过 100 倍" in fault_of(bomb)
    assert "展开后超过 2000 字节" in fault_of(SAMPLE, bounds=Bounds(unpacked_bytes=2000))


def _endless_value() -> Iterator[bytes]:
    yield HEAD + b'<string key="'
    while True:
        yield b"x" * 65536


class _Endless(io.RawIOBase):
    """A stream that never ends its first value."""

    def __init__(self) -> None:
        self.parts = _endless_value()

    def read(self, size: int = -1) -> bytes:
        return next(self.parts)


def test_log_is_refused_when_one_value_never_ends() -> None:
    """A value without end stops at the limit of one token, not at the end of memory."""
    with pytest.raises(BadFile) as caught:
        list(read_traces(_Endless(), "log.xes"))

    assert "一处超过 1048576 字节" in str(caught.value)


def test_incident_is_refused_when_it_has_too_many_steps() -> None:
    """One incident cannot take all memory."""
    log = HEAD + TRACE.replace(STEP, STEP * 4) + b"</log>"

    assert len(read(log, bounds=Bounds(steps=4))[0].steps) == 4
    assert "log.xes:7:1" in fault_of(log, bounds=Bounds(steps=3))


def test_memory_stays_flat_when_the_log_is_long() -> None:
    """A log eight times as long takes no more memory to read."""

    def peak(incidents: int) -> int:
        log = gzip.compress(HEAD + TRACE.replace(STEP, STEP * 20) * incidents + b"</log>", 1)
        stream = io.BytesIO(log)
        tracemalloc.start()
        try:
            read_all = sum(len(trace.steps) for trace in read_traces(stream, "log", bounds=Bounds(unpacked_ratio=1000)))
            return tracemalloc.get_traced_memory()[1] if read_all == incidents * 20 else -1
        finally:
            tracemalloc.stop()

    short, long = peak(50), peak(400)

    assert 0 < long < short * 1.5
