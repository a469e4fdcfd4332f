"""Photos are shown with the matter, to who may see it, and can do nothing in a browser."""

import pytest
from starlette.testclient import TestClient

from engine.services.keep_files import keep_file
from engine.wiring import Sanlian
from tests.api.conftest import act_as
from tests.api.page import Page
from tests.api.pages.test_hard_presses import form_of
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


def two_in_hand(sanlian: Sanlian) -> list[str]:
    """The numbers of two demands that one worker has in hand."""
    with sanlian.uow.read() as tx:
        held = [
            one.matter.id
            for one in tx.matters.all()
            if one.matter.state == "grid_doing" and one.matter.place == "zhujidong-3"
        ]
        return [one.number for one in tx.demands.get_many(held).values()][:2]


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


def test_photo_in_the_cache_is_shown_only_after_asking_who_is_there(
    client: TestClient, stranger: TestClient, given: tuple[str, str]
) -> None:
    """The same person gets 304 without the bytes; who may not see it, or has signed out, gets what anybody gets."""
    path = f"/files/{given[0]}"
    first = client.get(path)
    tag = {"If-None-Match": first.headers["etag"]}

    assert first.headers["cache-control"] == "private, no-cache"
    assert (client.get(path, headers=tag).status_code, client.get(path, headers=tag).content) == (304, b"")
    assert client.get(path, headers={"If-None-Match": '"another"'}).status_code == 200
    act_as(client, "wangtan.community_head.1")
    assert client.get(path, headers=tag).status_code == 404
    client.cookies.clear()
    assert client.get(path, headers=tag).status_code == 303


def test_photo_of_another_matter_cannot_be_given_again(client: TestClient, sanlian: Sanlian) -> None:
    """What was given with one demand proves nothing for the next, also where it is one's own: as for programs."""
    act_as(client, "zhujidong-3.grid_worker.1")
    first, second = two_in_hand(sanlian)
    files = {"f-photo_after": ("a.png", picture(), "image/png")}
    form = {**form_of(client, f"/matters/{first}", "/do/solve"), "f-note": "修好了。"}
    taken = client.post(f"/matters/{first}/do/solve", data=form, files=files)
    with sanlian.uow.read() as tx:
        demand = tx.demands.by_number(first)
        assert demand is not None
        (kept, _) = tx.files.of_matter(demand.matter)[0]
    other = {**form_of(client, f"/matters/{second}", "/do/solve"), "f-note": "也修好了。", "kept-photo_after": kept}
    again = client.post(f"/matters/{first}/do/solve", data={**form, "kept-photo_after": kept})
    refused = client.post(f"/matters/{second}/do/solve", data=other)

    assert (taken.status_code, again.status_code, refused.status_code) == (303, 303, 422)
    assert "请拍或选「办完的照片」。" in refused.text


def test_photo_is_not_shown_to_a_stranger(stranger: TestClient) -> None:
    """Signing in comes first."""
    assert stranger.get("/files/nothing").status_code == 303
