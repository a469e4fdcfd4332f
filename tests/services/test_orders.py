"""Work orders of an upper platform: in from a table, through the door, and back out, without loss or doubles."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.core.command import Act
from engine.core.history import vault_ref
from engine.core.matter import Actor
from engine.errors import KeyReused, NotFound
from engine.services.advance import Done, Entry, advance
from engine.services.give_back_orders import HEADINGS, OrdersBack, give_back_orders, read_export
from engine.services.read_orders import OrdersRead, open_orders
from engine.services.read_table import read_csv, read_workbook
from engine.services.take_in_orders import (
    CHANGED,
    KNOWN,
    NEW,
    REFUSED,
    REPEATED,
    TakenIn,
    hash_of_file,
    order_desk,
    plan_orders,
    take_in_orders,
)
from engine.services.worklist import secret_value
from engine.store.demands import Demand
from engine.wiring import Sanlian
from tests.support.demo import NOW
from tests.support.orders import ENCODINGS, as_csv, as_workbook, due_at, order_rows

ZONE = ZoneInfo("Asia/Shanghai")
DESK = Actor(post="street.service_centre.1", role="service_centre", unit="street", person="demo-002")


def read(data: bytes) -> OrdersRead:
    return open_orders(data, where="工单.csv", encoding=None, zone=ZONE)


def take(sanlian: Sanlian, data: bytes, *, chunk: int = 100) -> TakenIn:
    return take_in_orders(
        sanlian.uow, read(data), by=DESK, sha256=hash_of_file(data), services=sanlian.door, clock=lambda: NOW,
        tell=lambda _done, _total: None, chunk=chunk,
    )  # fmt: skip


def give(sanlian: Sanlian, export: str, *, minutes: int = 60) -> OrdersBack:
    now = NOW + timedelta(minutes=minutes)
    return give_back_orders(sanlian.uow, export, since=None, by=DESK, services=sanlian.door, now=now)


def demands(sanlian: Sanlian, rows: Sequence[Sequence[str]]) -> dict[str, Demand]:
    with sanlian.uow.read() as tx:
        return tx.demands.by_external([row[0] for row in rows])


def press(sanlian: Sanlian, acts: Iterable[Act], *, minutes: int) -> None:
    entries = [Entry(act) for act in acts]
    outcomes = advance(sanlian.uow, entries, now=NOW + timedelta(minutes=minutes), services=sanlian.door)
    assert all(isinstance(one, Done) for one in outcomes), [one for one in outcomes if not isinstance(one, Done)][:3]


def worker(sanlian: Sanlian, place: str) -> Actor:
    """Who takes a demand at *place* in hand: the worker of the grid, else who stands in."""
    role = {"street": "street_head"}.get(place, "grid_worker" if place[-1].isdigit() else "community_head")
    return Actor(post=f"{place}.{role}.1", role=role, unit=place, person=f"of {place}")


def texts(sanlian: Sanlian, found: Iterable[Demand]) -> dict[str, tuple[str, ...]]:
    names = ("detail", "reporter.1.name", "reporter.1.phone")
    with sanlian.uow.read() as tx:
        refs = {one.external_number or "": [vault_ref(one.matter, 1, name) for name in names] for one in found}
        secrets = tx.vault.get_many([ref for some in refs.values() for ref in some])
        return {number: tuple(str(secret_value(secrets[ref].value)) for ref in some) for number, some in refs.items()}


def test_a_thousand_orders_go_round_when_they_are_worked_and_given_back(demo: Sanlian) -> None:
    """Every number, due instant, text, signature, reply and result comes back as the store has it, once."""
    give(demo, "before")
    rows = order_rows(1000)

    assert len(take(demo, as_csv(rows), chunk=250).of(NEW)) == 1000
    here = demands(demo, rows)
    with demo.uow.read() as tx:
        places = {number: stored.matter.place for number, one in here.items()
                  if (stored := tx.matters.read_many([one.matter]).get(one.matter)) is not None}  # fmt: skip
    signed = [row[0] for n, row in enumerate(rows) if n % 4]
    answered = [number for n, number in enumerate(signed) if n % 3 == 0]
    press(demo, (act(here[one], "accept", worker(demo, places[one])) for one in signed), minutes=10)
    replies = {one: f"=回复 {one}" for one in signed if one not in answered}
    press(demo, (act(here[one], "contact", DESK, note=text) for one, text in replies.items()), minutes=20)
    press(demo, (act(here[one], "answer", DESK, note=f"+结果 {one}") for one in answered), minutes=30)
    told = texts(demo, here.values())
    for n, row in enumerate(rows, start=1):
        assert here[row[0]].external_due == due_at(n)
        assert told[row[0]] == (f"{row[4]}\n地点：{row[5]}", row[2], row[3])

    made = give(demo, "first")

    back = read_csv(made.table("gb18030", zone=ZONE), where="反馈.csv")
    assert back.rows[0].cells == HEADINGS
    cells = {row.cells[0]: row.cells for row in back.rows[1:]}
    assert sorted(cells) == sorted(signed)
    assert len(back.rows) == len(signed) + 1
    for number, row in cells.items():
        assert row[1] == "2026-11-20 14:30:00"
        assert row[9] == here[number].number
        if number in replies:
            assert row[3:6] == ("2026-11-20 14:40:00", replies[number], "")
        else:
            assert row[3:9] == (
                "2026-11-20 14:50:00", f"+结果 {number}", "2026-11-20 14:50:00", "已答复", f"+结果 {number}", "已答复",
            )  # fmt: skip
    assert give(demo, "second").orders == ()
    assert read_export(demo.uow, "first", by=DESK, services=demo.door) == made


def act(demand: Demand, action: str, by: Actor, **values: str) -> Act:
    needed = {"category": "J1"} if action == "accept" else {}
    return Act(matter=demand.matter, action=action, actor=by, values={**needed, **values})


@pytest.mark.parametrize("form", [*ENCODINGS, "xlsx"])
def test_orders_are_the_same_when_they_come_in_another_form(demo: Sanlian, form: str) -> None:
    """CSV in four encodings and a workbook give the same orders; the second time nothing is filed."""
    rows = order_rows(40)
    data = as_workbook(rows) if form == "xlsx" else as_csv(rows, encoding=ENCODINGS[form])

    first, again = take(demo, data), take(demo, as_csv(rows))

    assert [plan.what for plan in first.plans] == [NEW] * 40
    assert [plan.what for plan in again.plans] == [KNOWN] * 40, again.plans[0]
    assert [plan.order.number for plan in first.plans] == [row[0] for row in rows]
    told = texts(demo, demands(demo, rows).values())
    assert [told[row[0]][0] for row in rows] == [f"{row[4]}\n地点：{row[5]}" for row in rows]


def test_export_is_read_back_exactly_from_every_form(demo: Sanlian) -> None:
    """CSV in both encodings and the workbook hold the same cells, formulas as texts."""
    take(demo, as_csv(order_rows(5)))
    here = demands(demo, order_rows(5))
    notes = ["=1+1", "'=x", "\t制表", "两行\n文字", "－全角"]
    acts = [act(one, "contact", DESK, note=note) for one, note in zip(here.values(), notes, strict=True)]
    press(demo, acts, minutes=5)

    made = give(demo, "e")

    wanted = [row for row in made.rows(ZONE) if row[0].startswith("2026")]
    assert Counter(row[4] for row in wanted) == Counter(notes)
    for form in ("utf-8", "gb18030"):
        back = read_csv(made.table(form, zone=ZONE), where="x.csv")
        assert [row.cells for row in back.rows if row.cells[0].startswith("2026")] == wanted
    (sheet,) = read_workbook(made.table("xlsx", zone=ZONE), where="x.xlsx")
    assert [row.cells for row in sheet.rows if row.cells[0].startswith("2026")] == wanted


def test_orders_are_not_doubled_when_two_processes_take_the_same_file(demo: Sanlian, tmp_path: Path) -> None:
    """Two commands at once: each number is filed once, and both say that all is here."""
    rows = order_rows(60)
    file = tmp_path / "orders.csv"
    file.write_bytes(as_csv(rows))
    environment = {"SANLIAN_DATABASE_URL": demo.settings.database_url, "SANLIAN_DISTRICT": "demo", "PATH": ""}
    command = [sys.executable, "-m", "engine.cli.main", "orders", "in", str(file)]

    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)
    ]
    said = [one.communicate(timeout=100) for one in running]

    assert [one.returncode for one in running] == [0, 0], said
    here = demands(demo, rows)
    with demo.uow.read() as tx:
        filed = [one for one in tx.orders.outstanding(limit=1000) if one.external_number in here]
    assert sorted(one.external_number for one in filed) == sorted(row[0] for row in rows)


def test_take_in_goes_on_when_it_was_stopped_in_the_middle(demo: Sanlian) -> None:
    """What was taken stays, the same again takes the rest and doubles nothing."""
    rows = order_rows(30)

    def stop(done: int, _total: int) -> None:
        if done >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take_in_orders(
            demo.uow, read(as_csv(rows)), by=DESK, sha256="", services=demo.door, clock=lambda: NOW, tell=stop, chunk=10
        )
    again = take(demo, as_csv(rows))

    assert [plan.what for plan in again.plans] == [KNOWN] * 20 + [NEW] * 10


def test_changed_order_is_told_and_not_written_when_its_number_is_here(demo: Sanlian) -> None:
    """The sender's change is listed with what changed; what we have stays."""
    take(demo, as_csv(order_rows(2)))
    number, due, name, _, text, place, category = order_rows(1)[0]
    changed = [(number, "2027-01-01 08:00", name, "13999999999", text, place, category)]

    plan = take(demo, as_csv(changed)).plans[0]

    assert plan.what == CHANGED
    assert "截止时间、电话与来单时不一样" in plan.text
    assert demands(demo, changed)[number].external_due == due_at(1)
    assert due != "2027-01-01 08:00"


def test_number_twice_in_a_file_is_filed_once(demo: Sanlian) -> None:
    """The second row is a repeat, or a fault where it says something else; also across chunks."""
    first, second = order_rows(2)
    other = (first[0], *second[1:])

    taken = take(demo, as_csv([first, second, first, other]), chunk=1)

    assert [plan.what for plan in taken.plans] == [NEW, NEW, REPEATED, CHANGED]


def test_faulty_rows_are_listed_and_the_others_taken(demo: Sanlian) -> None:
    """Each fault names row and column; nothing of such a row is filed."""
    good = order_rows(1)[0]
    rows = [
        good, ("", *good[1:]), ("A2", "下周", *good[2:]), ("A3", *good[1:4], "", *good[5:]),
        ("A4", *good[1:4], "长" * 2001, *good[5:]),
    ]  # fmt: skip

    taken = take(demo, as_csv(rows))

    assert [(fault.row, fault.number) for fault in taken.faults] == [(3, ""), (4, "A2"), (5, "A3")]
    assert "B 列「截止时间」：收到「下周」" in taken.faults[1].text
    assert [plan.what for plan in taken.plans] == [NEW, REFUSED]
    assert taken.has_faults


def test_dry_run_writes_nothing_and_says_what_happens(demo: Sanlian) -> None:
    """The same plan as afterwards, where each goes, and what nobody could place."""
    rows = order_rows(5)
    before = take(demo, as_csv([])).plans

    plan = plan_orders(demo.uow, read(as_csv(rows)), by=DESK, services=demo.door)

    assert before == ()
    assert demands(demo, rows) == {}
    assert [one.place for one in plan.plans] == ["wangtan-2", "jingyi-4", "jinyi", "street", "zhujidong-1"]
    assert [one.is_sure for one in plan.plans] == [True, True, True, False, True]


def test_desk_is_found_or_refused(demo: Sanlian) -> None:
    """Without a name the first post the flow lets in; another's post is refused with those that may."""
    assert order_desk(demo.uow, None, services=demo.door, now=NOW).role == "service_centre"
    with pytest.raises(Exception, match=r"street\.service_centre\.1"):
        order_desk(demo.uow, "zhujidong-1.grid_worker.1", services=demo.door, now=NOW)


def test_another_street_neither_gives_back_nor_reads_these_orders(demo: Sanlian) -> None:
    """What a post may not see does not leave the house through its exports either."""
    rows = order_rows(3)
    take(demo, as_csv(rows))
    here = demands(demo, rows)
    press(demo, (act(one, "contact", DESK, note="回了电话") for one in here.values()), minutes=5)
    stranger = Actor(post="elsewhere", role="service_centre", unit="another street", person="x")

    theirs = give_back_orders(
        demo.uow, "theirs", since=None, by=stranger, services=demo.door, now=NOW + timedelta(minutes=9)
    )
    ours = give(demo, "ours")

    assert theirs.orders == ()
    assert {one.external_number for one in ours.orders} >= set(here)
    with pytest.raises(NotFound):
        read_export(demo.uow, "ours", by=stranger, services=demo.door)
    with pytest.raises(KeyReused):  # a name that was guessed shuts nobody out of what has it
        give_back_orders(demo.uow, "ours", since=None, by=stranger, services=demo.door, now=NOW + timedelta(minutes=99))
    assert read_export(demo.uow, "ours", by=DESK, services=demo.door) == ours
