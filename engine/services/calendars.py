"""Calendar files → working calendars: one base file, and one table a year in the folder of its name."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from engine.core.clock.calendar_rules import YearTable
from engine.core.clock.working_calendar import WorkingCalendar
from engine.core.workflow.document import read_document
from engine.core.workflow.encoding import LARGEST_FILE_BYTES
from engine.core.workflow.findings import Finding
from engine.errors import CalendarFaults, NotFound
from engine.services.read_calendar import is_table, read_calendar, read_table

SUFFIX = ".yaml"


class Source(NamedTuple):
    """A calendar file: its name as messages show it, and its content."""

    name: str
    content: bytes | str


def parse_calendar(base: Source, tables: Sequence[Source] = ()) -> WorkingCalendar:
    """
    Read a calendar from the contents of its files; the stem of the base file's name is its id.

    Raises:
        CalendarFaults: anything is wrong with them; all faults at once, in order of position.
    """
    calendar, findings = examine_calendar(base, tables)
    if calendar is None:
        listing = "\n".join(str(finding) for finding in findings)
        raise CalendarFaults(findings=list(findings), count=len(findings), listing=listing)
    return calendar


def examine_calendar(base: Source, tables: Sequence[Source] = ()) -> tuple[WorkingCalendar | None, tuple[Finding, ...]]:
    """Read a calendar, or say everything that is wrong with its files."""
    rules, findings = read_calendar(
        read_document(base.content, base.name),
        [read_document(table.content, table.name) for table in tables],
        calendar_id=Path(base.name).stem,
    )
    return (None if rules is None else WorkingCalendar(rules)), findings


def load_calendar(path: Path) -> WorkingCalendar:
    """
    Read a calendar from its base file, with the tables in the folder beside it that has its name.

    Raises:
        NotFound: there is no such file.
        CalendarFaults: anything is wrong with its files.
    """
    return parse_calendar(*calendar_sources(path))


def load_calendars(folder: Path) -> dict[str, WorkingCalendar]:
    """
    Read every calendar of a folder, by id.

    Raises:
        CalendarFaults: anything is wrong with one of them.
    """
    calendars = (load_calendar(path) for path in sorted(folder.glob(f"*{SUFFIX}")))
    return {calendar.id: calendar for calendar in calendars}


def calendar_sources(path: Path) -> tuple[Source, tuple[Source, ...]]:
    """
    Read the files of a calendar without looking into them: its base file and its tables by name.

    Raises:
        NotFound: there is no such file.
    """
    tables = sorted(path.with_suffix("").glob(f"*{SUFFIX}"))
    return _source(path), tuple(_source(table) for table in tables)


def check_calendar_file(path: Path) -> tuple[Finding, ...]:
    """
    Find everything wrong with a calendar and its tables, or with the table of one year alone.

    Raises:
        NotFound: there is no such file.
    """
    source = _source(path)
    document = read_document(source.content, source.name)
    if not is_table(document):
        return examine_calendar(*calendar_sources(path))[1]
    years: dict[int, YearTable] = {}
    return tuple(sorted(read_table(document, calendar_id=path.absolute().parent.name, years=years)))


def _source(path: Path) -> Source:
    try:
        with path.open("rb") as file:
            # One byte more than may be read is enough to see that there is too much.
            return Source(str(path), file.read(LARGEST_FILE_BYTES + 1))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise NotFound(what="日历文件", found=str(path)) from error
