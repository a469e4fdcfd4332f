"""What was given on the command line: read, or refused with the name of the option."""

from datetime import date
from pathlib import Path

from api.days import day_of
from engine.core.workflow.declaration import Workflow
from engine.errors import BadFile, BadInput, BadWorkflow
from engine.services.library import read_flow_file


def day_given(text: str, *, option: str) -> date:
    """
    Return the day written as *text* after *option*.

    Raises:
        BadInput: it is none.
    """
    day = day_of(text)
    if day is None:
        raise BadInput(where=option, found=text[:20], expected="2026-11-19 这样的日期")
    return day


def content_of(file: Path, *, expected: str) -> bytes:
    """
    Return the bytes of *file*.

    Raises:
        BadFile: it cannot be read; *expected* says what should stand there.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadFile(where=str(file), found=error.strerror or "读不了", expected=expected) from error


def flow_given(path: Path) -> Workflow:
    """
    Return the flow in the file *path*, or the one that the limits table in it belongs to.

    Raises:
        NotFound, BadFile: there is no such file, or it cannot be read.
        BadWorkflow: it has faults.
    """
    read = read_flow_file(path)
    if read.workflow is None:
        listing = "\n".join(map(str, read.findings))
        raise BadWorkflow(findings=list(read.findings), count=len(read.findings), listing=listing)
    return read.workflow
