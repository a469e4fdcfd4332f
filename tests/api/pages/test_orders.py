"""The pages of work orders: look, take in, what is outstanding, give back."""

import re
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from engine.services.keep_orders import forget_old
from engine.services.read_table import read_csv, read_workbook
from engine.wiring import Sanlian
from tests.api.conftest import act_as
from tests.api.page import Page
from tests.support.demo import NOW
from tests.support.orders import as_csv, as_workbook, order_rows

WORKER = "zhujidong-1.grid_worker.1"


def upload(client: TestClient, data: bytes, name: str = "工单.csv", encoding: str = "") -> str:
    sent = client.post("/orders/in", files={"file": (name, data)}, data={"encoding": encoding})
    assert sent.status_code == 303, Page(sent.text).text
    return str(sent.headers["location"])


def test_orders_are_looked_at_and_then_taken_in(client: TestClient, sanlian: Sanlian) -> None:
    """The page first says what would happen; the button files it, once, however often it is pressed."""
    rows = [*order_rows(3), ("坏", "下周", *order_rows(1)[0][2:])]
    where = upload(client, as_csv(rows, encoding="gb18030"))

    before = Page(client.get(where).text)
    with sanlian.uow.read() as tx:
        assert tx.demands.by_external([row[0] for row in rows]) == {}
    first, second = client.post(where), client.post(where)
    after = Page(client.get(where).text)

    assert "会收下 3 件" in before.text
    assert "B 列「截止时间」：收到「下周」" in before.text
    assert (first.status_code, second.status_code) == (303, 303)
    assert "收下了 3 件" in after.text
    assert not [form for form in after.forms if form["action"] == where]
    with sanlian.uow.read() as tx:
        assert len(tx.demands.by_external([row[0] for row in rows])) == 3
    desk = client.get("/orders").text
    assert order_rows(1)[0][0] in Page(desk).text
    number = re.search(rf"来单 {order_rows(1)[0][0]}，编号 (2611-\d{{4}})", desk)
    assert number is not None
    matter = Page(client.get(f"/matters/{number[1]}").text).text
    assert f"来单编号 {order_rows(1)[0][0]}" in matter
    assert "来单时限 2026年11月23日 14:21" in matter


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"", "空.csv", "空表"),
        (b"a,b\n1,2\n", "别的.csv", "「工单号」"),
        (b"\xd0\xcf\x11\xe0", "旧.xls", "旧的 .xls"),
        (b"PK\x03\x04", "坏.xlsx", "读不了的文件"),
    ],
)
def test_bad_file_is_refused_on_the_page(client: TestClient, data: bytes, name: str, said: str) -> None:
    """With its name, what was found and what to do, and the focus on the summary."""
    refused = client.post("/orders/in", files={"file": (name, data)})

    assert refused.status_code == 422
    page = Page(refused.text)
    assert said in page.text
    assert page.has("a", href="#orders-file")


def test_scripted_text_of_an_order_is_only_text(client: TestClient) -> None:
    """Tags in a file are shown as they are written."""
    number, due, *rest = order_rows(1)[0]
    where = upload(client, as_csv([("<script>x</script>", due, *rest), (number, "<b>", *rest)]))

    text = client.get(where).text

    assert "<script>x" not in text
    assert "<b>」" not in text
    assert "<script>x</script>" in Page(text).text


def test_export_is_made_once_and_downloaded_in_every_form(client: TestClient) -> None:
    """The press leads to a page with files; the same key again leads to the same export."""
    where = upload(client, as_workbook(order_rows(2)), "工单.xlsx")
    client.post(where)
    key = Page(client.get("/orders").text).form("/orders/out")["fields"]["key"]

    made, again = (client.post("/orders/out", data={"key": key, "since": "2026-01-01"}) for _ in range(2))
    nothing = client.post("/orders/out", data={"key": "another", "since": ""})

    assert made.headers["location"] == again.headers["location"] == f"/orders/out/{key}"
    assert nothing.headers["location"] == "/orders?empty=1"
    files = {form: client.get(f"/orders/out/{key}/{form}") for form in ("utf-8", "gb18030", "xlsx")}
    assert all(file.headers["content-disposition"].startswith("attachment") for file in files.values())
    rows = read_csv(files["utf-8"].content, where="x").rows
    assert rows == read_csv(files["gb18030"].content, where="x").rows
    assert rows == read_workbook(files["xlsx"].content, where="x")[0].rows
    assert re.fullmatch(r"演示-\d{4}", rows[1].cell(0))
    assert client.get(f"/orders/out/{key}/pdf").status_code in (400, 422)
    assert client.get("/orders/out/nothing").status_code == 404


def test_orders_are_closed_to_a_post_without_them(client: TestClient) -> None:
    """A grid worker neither sees the page nor gets at a file of the service centre."""
    where = upload(client, as_csv(order_rows(1)))
    act_as(client, WORKER)

    answers = [
        client.get("/orders"), client.get(where), client.post(where), client.post("/orders/out", data={"key": "k"}),
        client.get("/orders/out/k/xlsx"), client.post("/orders/in", files={"file": ("a.csv", b"")}),
    ]  # fmt: skip

    assert {one.status_code for one in answers} == {403}


def test_file_of_another_post_is_not_found(client: TestClient) -> None:
    """Who may take orders in sees only what they uploaded themselves."""
    where = upload(client, as_csv(order_rows(1)))
    act_as(client, "street.street_office.1")

    assert (client.get(where).status_code, client.post(where).status_code) == (404, 404)


def test_what_waits_is_forgotten_after_a_day(client: TestClient, sanlian: Sanlian) -> None:
    """A file that nobody took in holds personal data: it goes with the post's next file, and after a day."""
    first = upload(client, as_csv(order_rows(1)))
    second = upload(client, as_csv(order_rows(2)))

    assert (client.get(first).status_code, client.get(second).status_code) == (404, 200)

    with sanlian.uow.write() as tx:
        forget_old(tx, now=NOW + timedelta(days=1, seconds=1))
    assert client.get(second).status_code == 404


def test_order_of_no_known_grid_is_sent_to_one_from_the_dispatch_table(client: TestClient, sanlian: Sanlian) -> None:
    """What the page of orders promises: it waits at the desk, which gives it to a grid, and the worker there has it."""
    order = order_rows(1)[0]
    client.post(upload(client, as_csv([(*order[:5], "某某路口", *order[6:])])))
    with sanlian.uow.read() as tx:
        (demand,) = tx.demands.by_external([order[0]]).values()
    table = client.get("/dispatch?why=place").text
    form = Page(table).form(f"/dispatch/{demand.matter}/do/place")["fields"]

    without = client.post(f"/dispatch/{demand.matter}/do/place", data=form)
    sent = client.post(f"/dispatch/{demand.matter}/do/place", data={**form, "f-to_grid": "zhujidong-1"})

    assert "没认出网格 1" in Page(table).text
    assert without.status_code == 422
    assert "请选「转到哪个网格」。" in without.text
    assert sent.status_code == 303
    assert "派到了珠玑东一网格" in client.get(sent.headers["location"]).text
    assert demand.number not in client.get("/dispatch?why=place").text
    act_as(client, WORKER)
    assert f'href="/matters/{demand.number}"' in client.get("/work").text
