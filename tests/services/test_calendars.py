"""Calendar files: the shipped ones are the official ones, and every fault of any is found at its place."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import chinese_calendar
import holidays
import pytest

from engine.core.clock.calendar_rules import Window
from engine.core.clock.duration import parse_duration
from engine.core.clock.working_calendar import WorkingCalendar
from engine.errors import CalendarFaults, NotFound
from engine.services.calendars import (
    Source,
    check_calendar_file,
    examine_calendar,
    load_calendar,
    load_calendars,
    parse_calendar,
)

SHIPPED = Path(__file__).parents[2] / "workflows" / "calendars"
TABLED = (2024, 2025, 2026)
SMALL = "zone: Asia/Shanghai\nweekly: { mon-fri: 08:30-17:30 }\n"


def days(year: int) -> list[date]:
    """Every day of a year."""
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]


@pytest.fixture(scope="module")
def office() -> WorkingCalendar:
    """The shipped office calendar."""
    return load_calendar(SHIPPED / "cn_office.yaml")


@pytest.mark.parametrize("year", TABLED)
def test_office_days_are_the_official_ones_when_held_against_two_packages(office: WorkingCalendar, year: int) -> None:
    """Day by day, our table, `holidays` and `chinesecalendar` agree on who works."""
    official = holidays.country_holidays("CN", years=year)

    for day in days(year):
        ours = office.is_working_day(day)
        assert ours == chinese_calendar.is_workday(day), day
        assert ours == official.is_working_day(day), day


@pytest.mark.parametrize(("year", "count"), [(2024, 251), (2025, 248), (2026, 248)])
def test_office_table_says_its_source_and_count_when_shipped(office: WorkingCalendar, year: int, count: int) -> None:
    """Each table names the notice it was taken from."""
    assert sum(office.is_working_day(day) for day in days(year)) == count
    assert f"国务院办公厅关于{year}年部分节假日安排的通知（国办发明电〔{year - 1}〕" in office.rules.tables[year].source


def test_shipped_calendars_are_clean_when_checked() -> None:
    """What we ship has no finding, and its ids are the names of its files."""
    files = sorted(SHIPPED.rglob("*.yaml"))

    assert {path.name for path in files} >= {"cn_office.yaml", "cn_grid.yaml", "2026.yaml"}
    assert [finding for path in files for finding in check_calendar_file(path)] == []
    assert set(load_calendars(SHIPPED)) == {path.stem for path in SHIPPED.glob("*.yaml")}


def test_grid_calendar_counts_evenings_and_holidays_when_shipped() -> None:
    """Grid workers are there on National Day until 20:30, and no year is provisional for them."""
    grid = load_calendars(SHIPPED)["cn_grid"]

    found = grid.due(datetime(2026, 10, 1, 9, 0, tzinfo=UTC), parse_duration("2wh"))  # 17:00 local, supper 17:30

    assert (grid.local(found.at).isoformat(), found.provisional) == ("2026-10-01T20:00:00+08:00", False)
    assert grid.due(datetime(2031, 10, 1, tzinfo=UTC), parse_duration("1wd")).provisional is False


@pytest.mark.parametrize(
    "weekly",
    [
        "{ mon-fri: [08:30-12:00, 13:30-17:30] }",
        "{ mon-thu: 08:30-12:00 13:30-17:30, fri: '13:30-17:30, 08:30-12:00' }",
        "{ Mon–Fri: 08:30–12:00、13:30–17:30, sat: [], sun: }",
    ],
    ids=["list", "one text", "dashes and closed days"],
)
def test_weekly_means_the_same_however_it_is_written(weekly: str) -> None:
    """Ranges or single days, lists or one text, hyphen or dash."""
    calendar = parse_calendar(Source("x.yaml", f"zone: Asia/Shanghai\nweekly: {weekly}\n"))

    assert calendar.rules.weekly == ((Window(510, 720), Window(810, 1050)),) * 5 + ((),) * 2


def test_small_calendar_may_be_one_file_when_it_names_its_days() -> None:
    """Holidays and shifts of several years in the base file are tables of those years."""
    named = "holidays: [2026-10-01..2026-10-03]\nshifts: { 2026-10-10: 09:00-24:00, 2027-01-02: 22:00-02:00 }\n"

    calendar = parse_calendar(Source("small.yaml", SMALL + named))

    assert sorted(calendar.rules.tables) == [2026, 2027]
    assert calendar.rules.tables[2026].shifts == {date(2026, 10, 10): (Window(540, 1440),)}
    assert calendar.rules.tables[2027].shifts == {date(2027, 1, 2): (Window(1320, 1560),)}
    assert not calendar.is_working_day(date(2026, 10, 2))


FAULTS = [
    (SMALL + "zonee: x\n", "3:1: E101"),
    (SMALL + "zone: UTC\n", "3:1: E102"),
    ("weekly: { mon: 08:00-09:00 }\n", "1:1: E106"),
    ("zone: Asia/Shanghai\n", "1:1: E106"),
    ("zone: Asia/Nowhere\nweekly: { mon: 08:00-09:00 }\n", "1:7: E107"),
    ("zone: ../../etc/passwd\nweekly: { mon: 08:00-09:00 }\n", "1:7: E107"),
    ("zone: Asia\nweekly: { mon: 08:00-09:00 }\n", "1:7: E107"),
    ("zone: UTC\nweekly: { moon: 08:00-09:00 }\n", "2:11: E107"),
    ("zone: UTC\nweekly: { fri-mon: 08:00-09:00 }\n", "2:11: E107"),
    ("zone: UTC\nweekly: { mon-tue: 08:00-09:00, tue: 09:00-10:00 }\n", "2:33: E108"),
    ("zone: UTC\nweekly: { mon: 8-9 }\n", "2:16: E107"),
    ("zone: UTC\nweekly: { mon: 08:00-25:00 }\n", "2:16: E107"),
    ("zone: UTC\nweekly: { mon: 24:00-08:00 }\n", "2:16: E107"),
    ("zone: UTC\nweekly: { mon: 08:00-08:00 }\n", "2:16: E107"),
    ("zone: UTC\nweekly: { mon: [08:00-12:00, 11:00-13:00] }\n", "2:16: E107"),
    ("zone: UTC\nweekly: { mon: { a: b } }\n", "2:16: E107"),
    ("zone: UTC\nweekly: 08:00-12:00\n", "2:9: E107"),
    ("zone: UTC\nweekly: {}\n", "2:1: E107"),
    ("zone: UTC\nweekly: { mon: 08:00-09:00 }\nbreaks: 07:00-10:00\n", "2:1: E107"),
    (SMALL + "holidays: { 2026-02-30: x }\n", "3:13: E107"),
    (SMALL + "holidays: { 2026-2-3: x }\n", "3:13: E107"),
    (SMALL + "holidays: { 20260203: x }\n", "3:13: E107"),
    (SMALL + "holidays: [2026-02-03..2026-02-01]\n", "3:12: E107"),
    (SMALL + "holidays: [2026-02-03, 2026-02-01..2026-02-05]\n", "3:24: E108"),
    (SMALL + "holidays: [2301-02-03]\n", "3:12: E107"),
    (SMALL + "holidays: soon\n", "3:11: E107"),
    (SMALL + "holidays: { 2026-02-03: [x] }\n", "3:25: E107"),
    (SMALL + "holidays: [2026-02-03]\nshifts: { 2026-02-03: 08:00-09:00 }\n", "4:11: E107"),
    (SMALL + "calendar: other\n", "3:11: E107"),
    (SMALL + "sanlian: 2\n", "3:10: E107"),
    ("- zone\n", "1:1: E107"),
    ("", "1:1: E100"),
    ("zone: &a UTC\nweekly: { mon: 08:00-09:00 }\n", "1:7: E104"),
    ("a: [" * 40, "1:"),
]


@pytest.mark.parametrize(("text", "place"), FAULTS, ids=[f"{n}" for n in range(len(FAULTS))])
def test_fault_is_found_once_at_its_place_when_a_calendar_has_one(text: str, place: str) -> None:
    """One fault gives one finding, with file, line, column and code."""
    calendar, findings = examine_calendar(Source("x.yaml", text))

    assert calendar is None
    assert [str(finding).startswith(f"x.yaml:{place}") for finding in findings] == [True], findings


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("calendar: x\nyear: 2026\nholidays: [2027-01-01]\n", "3:12: E107"),
        ("calendar: y\nyear: 2026\n", "1:11: E107"),
        ("calendar: x\nyear: soon\n", "2:7: E107"),
        ("calendar: x\nyear: 1066\n", "2:7: E107"),
        ("year: 2026\n", "1:1: E106"),
        ("calendar: x\n", "1:1: E106"),
        ("calendar: x\nyear: 2026\nweekly: {}\n", "3:1: E101"),
        ("calendar: x\nyear: 2025\n", "2:7: E108"),
        ("calendar: x\nyear: 2024\n", None),
    ],
)
def test_fault_is_found_once_at_its_place_when_a_table_has_one(text: str, place: str | None) -> None:
    """The same for the table of a year, also against the other tables; a year stands in one place only."""
    base, other = Source("x.yaml", SMALL + "shifts: { 2024-05-05: 08:00-09:00 }\n"), "calendar: x\nyear: 2025\n"

    _, findings = examine_calendar(base, [Source("x/2025.yaml", other), Source("x/new.yaml", text)])

    expected = f"x/new.yaml:{place}" if place else "x.yaml:3:1: E108"
    assert [str(finding).startswith(expected) for finding in findings] == [True], findings


def test_faults_are_told_all_at_once_when_there_are_many() -> None:
    """All faults of all files, in order of position."""
    with pytest.raises(CalendarFaults) as refused:
        parse_calendar(
            Source("x.yaml", "zone: Nowhere\nweekly: { moon: 8-9 }\n"),
            [Source("x/1.yaml", "calendar: z\nyear: 0\n")],
        )

    assert [line.split(" ")[0] for line in str(refused.value).splitlines()[1:]] == [
        "x.yaml:1:7:",
        "x.yaml:2:11:",
        "x.yaml:2:17:",
        "x/1.yaml:1:11:",
        "x/1.yaml:2:7:",
    ]


@pytest.mark.parametrize(
    "content",
    [
        "zone: 上海\n".encode("gb18030"),
        "zone: UTC\n".encode("utf-16"),
        b"\x00\x01",
        b"x" * 300_000,
        b"[" * 100_000,
        b"a: &a [*a, *a]\n",
        b"zone: UTC\nzone: UTC\n---\nzone: UTC\n",
    ],
    ids=["gb18030", "utf-16", "nul", "too large", "too deep", "alias", "second document"],
)
def test_hostile_file_is_a_finding_when_read(content: bytes) -> None:
    """Nothing a file holds does more than give findings."""
    calendar, findings = examine_calendar(Source("x.yaml", content))

    assert calendar is None
    assert findings
    assert all(finding.file == "x.yaml" and finding.code.startswith("E10") for finding in findings)


def test_table_alone_is_checked_when_it_is_the_file_given(tmp_path: Path) -> None:
    """A supervisor checks the table just written; it belongs to the calendar its folder is named after."""
    shutil.copytree(SHIPPED, tmp_path / "calendars")
    table = tmp_path / "calendars" / "cn_office" / "2027.yaml"
    table.write_text("calendar: cn_ofice\nyear: 2027\nholidays: { 2027-01-01: 元旦 }\n")

    alone, whole = check_calendar_file(table), check_calendar_file(tmp_path / "calendars" / "cn_office.yaml")

    assert [str(finding) for finding in alone] == [
        f"{table}:1:11: E107 calendar 应当和日历的文件名一样，是「cn_office」。"
    ]
    assert alone == whole


def test_calendar_is_not_found_when_there_is_no_such_file(tmp_path: Path) -> None:
    """A missing file, or a folder in its place, is named."""
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(NotFound):
            load_calendar(path)


def test_new_table_changes_the_digest_when_it_comes() -> None:
    """A calendar is addressed by its content: with the table of 2027 it is another."""
    base, table = Source("x.yaml", SMALL), Source("x/2027.yaml", "calendar: x\nyear: 2027\n")

    without, with_table = parse_calendar(base), parse_calendar(base, [table])

    assert without.digest != with_table.digest
    assert parse_calendar(base, [table]).digest == with_table.digest
