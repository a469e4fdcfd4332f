"""
Do dangerous work in a child process with bounded memory and time.

Parsers of foreign formats are native code: what makes them take all memory or die must not be this process. The child
is a fresh interpreter, never a fork: the server has threads.
"""

import os
import subprocess
import sys

from engine.errors import Unavailable
from engine.services.waiting_line import WaitingLine

if sys.platform != "win32":
    import resource

MAX_MEMORY_BYTES = 512 * 1024 * 1024
MAX_SECONDS = 20
# By the clock on the wall a busy machine may take longer than by its processor's.
WALL_SECONDS = 45
MOST_AT_ONCE = 2
MOST_WAITING = 16
LONGEST_WAIT_SECONDS = 15
_FEW_FILES = 64
# Many files at once may wait for each other; their children may not take the machine together, nor those who wait
# every thread from the pages.
_line = WaitingLine(MOST_AT_ONCE, waiting=MOST_WAITING, seconds=LONGEST_WAIT_SECONDS, what="正在检查的文件太多")


class Overtaxed(Exception):
    """The child took more memory or time than it may, or died of what it was given; the argument says which."""


def run_confined(module: str, given: bytes) -> bytes:
    """
    Run *module* as a child that calls `confine` first, give it *given*, and return what it writes.

    Raises:
        Overtaxed: it ran out of memory or time.
        Busy: too many others wait.
        Unavailable: no child could be started.
    """
    command = [sys.executable, "-I", "-X", "utf8", "-m", module]
    try:
        with _line.turn():
            # Our own interpreter with our own module; nothing of the file is on the command line.
            done = subprocess.run(command, input=given, capture_output=True, timeout=WALL_SECONDS, check=False)  # noqa: S603  # see above
    except subprocess.TimeoutExpired:
        raise Overtaxed("时间") from None
    except OSError as error:
        raise Unavailable(what="没能启动检查文件的程序", retry_after_seconds=30) from error
    if done.returncode != 0:
        raise Overtaxed("内存或时间")
    return done.stdout


def confine() -> None:
    """Bound what this process may take from here on: memory, processor time, no files written, no crash image."""
    if sys.platform == "win32":
        return  # no such limits there; size, ratio and dimension are checked all the same
    for limit, most in (
        (resource.RLIMIT_AS, MAX_MEMORY_BYTES),
        (resource.RLIMIT_CPU, MAX_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _FEW_FILES),
    ):
        hard = resource.getrlimit(limit)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (least, least))


def taken_in() -> bytes:
    """Return what this child was given."""
    return sys.stdin.buffer.read()


def give_back(answer: bytes) -> None:
    """Write the child's answer."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as out:
        out.write(answer)
