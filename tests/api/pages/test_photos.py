"""Photos are shown with the matter, to who may see it, and can do nothing in a browser."""

import pytest
from starlette.testclient import TestClient

from engine.services.keep_files import keep_file
from engine.wiring import Sanlian
from tests.api.conftest import act_as
from tests.api.page import Page
from tests.support.demo import NOW
from tests.support.pictures import picture


@pytest.fixture
def given(sanlian: Sanlian) -> tuple[str, str]:
    """A photo, and the number of the demand it was given with (in 珠玑东三网格)."""
    kept = keep_file(sanlian.uow, "a.png", picture(), ids=sanlian.door.ids, now=NOW)
    with sanlian.uow.write() as tx:
        matter = next(one for one in tx.orders.outstanding(limit=9) if one.external_number == "演示-0082")
        tx.files.attach([(kept, matter.matter)])
    return kept, matter.number


def test_photo_stands_on_the_page_of_its_matter(client: TestClient, given: tuple[str, str]) -> None:
    """As a picture with words, served as nothing but a picture."""
    kept, number = given

    page = Page(client.get(f"/matters/{number}").text)
    photo = client.get(f"/files/{kept}")

    assert page.has("img", src=f"/files/{kept}")
    assert "办完的照片" in page.text
    assert photo.status_code == 200
    assert photo.headers["content-type"] == "image/png"
    assert photo.headers["x-content-type-options"] == "nosniff"
    assert photo.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert photo.content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("zhujidong-3.grid_worker.1", 200),
        ("zhujidong.community_head.1", 200),
        ("zhujidong-1.grid_worker.1", 404),
        ("wangtan.community_head.1", 404),
        ("water.department.1", 404),
        ("auditor", 404),
        ("system_admin", 404),
        ("security_admin", 404),
    ],
)
def test_photo_is_not_found_by_who_may_not_see_its_matter(
    client: TestClient, given: tuple[str, str], who: str, status: int
) -> None:
    """Foreign grids, departments, and the three offices get the answer of a photo that is not there."""
    act_as(client, who)

    assert client.get(f"/files/{given[0]}").status_code == status
    assert client.get("/files/nothing").status_code == 404


def test_photo_that_belongs_to_no_matter_is_shown_to_nobody(client: TestClient, sanlian: Sanlian) -> None:
    """Kept with a form that was not taken, it is nobody's."""
    kept = keep_file(sanlian.uow, "a.png", picture(), ids=sanlian.door.ids, now=NOW)

    assert client.get(f"/files/{kept}").status_code == 404


def test_photo_is_not_shown_to_a_stranger(stranger: TestClient) -> None:
    """Signing in comes first."""
    assert stranger.get("/files/nothing").status_code == 303
