"""
Processes that are killed at a chosen point: before or after a statement, before or after a commit.

A child is forked from the test, does its work on a database of its own, and kills itself (SIGKILL: nothing is cleaned
up) when it has passed so many points. What it printed as points is what an untouched run passes.
"""

import gc
import json
import os
import re
import signal
import traceback
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

Work = Callable[[], None]

ALL_POINTS = os.environ.get("SANLIAN_ALL_POINTS") == "1"
_WORDS = re.compile(r'^\s*(\w+)(?:.*?\b(?:INTO|FROM|UPDATE|TO|SAVEPOINT)\s+"?(\w+))?', re.DOTALL | re.IGNORECASE)
_FAILED = 17


class ChildFailed(AssertionError):
    """The child ended otherwise than it should; the text is what it said."""


def points_of(work: Work) -> list[str]:
    """Let a child do *work* untouched and return the points it passed, by name."""
    status, said = _in_child(lambda: _pass_points(work, None))
    if status != 0:
        raise ChildFailed(f"status {status}: {said}")
    found: list[str] = json.loads(said)
    return found


def kill_at(work: Work, point: int) -> None:
    """Let a child do *work* and kill itself at its *point*-th point (from 1)."""
    status, said = _in_child(lambda: _pass_points(work, point))
    if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
        raise ChildFailed(f"was not killed at point {point}; status {status}: {said}")


def in_child(work: Work) -> None:
    """Let a child do *work* and wait for it."""
    wait_for(start_child(work))


def start_child(work: Work) -> tuple[int, int]:
    """Begin *work* in a child and return what `wait_for` needs."""

    def silently() -> str:
        work()
        return ""

    return _fork(silently)


def wait_for(child: tuple[int, int]) -> None:
    """Wait for a child, which must end well."""
    status, said = _wait(child)
    if status != 0:
        raise ChildFailed(f"status {status}: {said}")


def chosen(points: Sequence[str], *, every: int) -> list[int]:
    """
    Return the points to be killed at: each *every*-th, one of each kind of statement, the first and last commits.

    Source: SANLIAN_ALL_POINTS=1 asks for all.
    """
    if ALL_POINTS:
        return list(range(1, len(points) + 1))
    kinds: dict[str, int] = {}
    for number, name in enumerate(points, start=1):
        side, _, statement = name.partition(" ")
        # Before the first kind, after the second, before the third: either side of everything within two kinds.
        wanted = "before" if len(kinds) % 2 == 0 else "after"
        if statement != "commit" and side == wanted:
            kinds.setdefault(statement, number)
    commits = [number for number, name in enumerate(points, start=1) if name.endswith(" commit")]
    return sorted({*range(1, len(points) + 1, every), *kinds.values(), *commits[:2], *commits[-2:]})


def _in_child(work: Callable[[], str]) -> tuple[int, str]:
    return _wait(_fork(work))


def _fork(work: Callable[[], str]) -> tuple[int, int]:
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # The test runner may have threads; the child uses nothing of theirs.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    gc.disable()  # nothing of the parent's (its connections) may be collected here
    status = _FAILED
    try:
        said = work()
        status = 0
    except BaseException:
        said = traceback.format_exc()
    os.write(writing, said.encode()[:60_000])
    os._exit(status)


def _wait(child: tuple[int, int]) -> tuple[int, str]:
    process, reading = child
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode(errors="replace")
    _, status = os.waitpid(process, 0)
    return status, said


def _pass_points(work: Work, deadly: int | None) -> str:
    """Do *work* with every statement and commit as a point; only in a child, for the hooks stay."""
    passed: list[str] = []

    def point(name: str) -> None:
        passed.append(name)
        if len(passed) == deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    def before(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        point(f"before {short(statement)}")

    def after(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        point(f"after {short(statement)}")

    commit = DefaultDialect.do_commit

    def do_commit(self: DefaultDialect, connection: Any) -> None:
        point("before commit")
        commit(self, connection)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves its dialects untyped
        point("after commit")

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]  # there is no event after a commit
    work()
    return json.dumps(passed)


def short(statement: str) -> str:
    """Return the verb of a statement and the table it is about."""
    found = _WORDS.match(statement)
    assert found is not None, statement
    return " ".join(word for word in found.groups() if word).lower()
