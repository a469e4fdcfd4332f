"""The import page: a workbook is looked at, shown, confirmed once; faults and hostile files change nothing."""

import re

import pytest
from starlette.testclient import TestClient

from engine.wiring import Sanlian
from tests.api.conftest import act_as
from tests.support.street_book import Street, street, with_cell, workbook

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def admin(stranger: TestClient) -> TestClient:
    """The security administrator's browser."""
    act_as(stranger, "security_admin")
    return stranger


def fitting(sheets: Street) -> Street:
    """The demo's catalogue has no pipes."""
    sheets["单位"][5][4] = ""
    return sheets


def send(admin: TestClient, data: bytes) -> tuple[int, str]:
    answer = admin.post("/people/import", files={"file": ("街道.xlsx", data, TYPE)})
    return answer.status_code, answer.text


def units(sanlian: Sanlian) -> int:
    with sanlian.uow.read() as tx:
        return len(tx.organisation.load().units)


def test_workbook_is_shown_then_imported_when_it_is_confirmed(admin: TestClient, sanlian: Sanlian) -> None:
    """Nothing changes before the confirmation; afterwards the same workbook changes nothing."""
    before, data = units(sanlian), workbook(fitting(street()))

    status, page = send(admin, data)
    assert (status, units(sanlian)) == (200, before)
    assert "会改 21 处，还没有写进去" in page
    action = re.search(r'action="(/people/import/[^"]+)"', page)
    assert action is not None
    done = [admin.post(action[1]) for _ in range(2)]

    assert [one.status_code for one in done] == [303, 303]
    assert units(sanlian) == before + 6
    assert ["导入好了，21 处变化" in admin.get(one.headers["location"]).text for one in done] == [True, True]
    assert "导入好了" not in admin.get("/people/import?done=7").text
    assert "0 处变化" in send(admin, data)[1]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (workbook(fitting(with_cell("岗位", 2, 1, "网格圆"))), "是不是想写「网格员」？"),
        (workbook(fitting(with_cell("人员", 3, 1, "<script>alert(1)</script>\x07"))), "没有换行和看不见的字符"),
        (b"PK\x03\x04 broken", "Excel"),
        (b"", "空文件"),
    ],
    ids=["role", "script", "broken", "empty"],
)
def test_faults_are_shown_and_nothing_is_written_when_the_workbook_is_bad(
    admin: TestClient, sanlian: Sanlian, data: bytes, said: str
) -> None:
    """Bad workbooks get a clear answer; what stands in them is inert on the page."""
    before = units(sanlian)

    status, page = send(admin, data)

    assert (status, said in page, units(sanlian)) == (422, True, before)
    assert "<script>alert" not in page


def test_nothing_is_confirmed_when_nothing_waits(admin: TestClient) -> None:
    """An upload that is not there is not found; a form without a file says so."""
    assert admin.post("/people/import/nothing").status_code == 404
    assert "选一个 .xlsx 文件" in admin.post("/people/import").text


def test_template_is_a_workbook_when_it_is_fetched(admin: TestClient) -> None:
    """The empty workbook is sent as a file, and is taken as one without changes."""
    answer = admin.get("/people/import/template")

    assert answer.headers["content-type"] == TYPE
    assert "attachment" in answer.headers["content-disposition"]
    assert "0 处变化" in send(admin, answer.content)[1]
