"""Matters for programs: filed once, moved only as they were read, seen only by those who may."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from engine.services.api_tokens import TokenAsked, list_tokens, make_token, revoke_token
from engine.wiring import Sanlian
from tests.support.pictures import picture

WORKER, OTHER_GRID, CLERK = "jingyi-3.grid_worker.1", "zhujidong-1.grid_worker.1", "jingyi.community_clerk.1"
CENTRE = "street.service_centre.1"
TOLD = "活动站后门的台阶断了一块，老人容易绊倒。"


def token_of(sanlian: Sanlian, post: str, scope: str = "write") -> str:
    """A token that acts as *post*."""
    wanted = TokenAsked(post=post, scope=scope, label="测试", days=30)
    return make_token(sanlian.uow, wanted, ids=sanlian.door.ids, salts=sanlian.door.salts, now=sanlian.clock.now())


class Program:
    """A program that calls with a token."""

    def __init__(self, client: TestClient, token: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}
        self._keys = 0

    def get(self, path: str, **query: Any) -> Any:
        """Read."""
        return self._client.get(f"/api/v1{path}", params=query, headers=self._headers)

    def post(self, path: str, body: Any, *, key: str | None = None, etag: str | None = None) -> Any:
        """Change something, under a fresh key unless one is given (empty: none)."""
        self._keys += 1
        headers = {**self._headers, **({} if key == "" else {"Idempotency-Key": key or f"k{self._keys}"})}
        if etag is not None:
            headers["If-Match"] = etag
        return self._client.post(f"/api/v1{path}", json=body, headers=headers)


@pytest.fixture
def http(sanlian: Sanlian) -> Iterator[TestClient]:
    """The application without cookies."""
    with TestClient(create_app(sanlian), follow_redirects=False) as made:
        yield made


@pytest.fixture
def worker(sanlian: Sanlian, http: TestClient) -> Program:
    """The worker of a grid, as a program."""
    return Program(http, token_of(sanlian, WORKER))


@pytest.fixture
def centre(sanlian: Sanlian, http: TestClient) -> Program:
    """The service centre, as a program."""
    return Program(http, token_of(sanlian, CENTRE))


ENDS_OF_TIME = (
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1900-12-31T23:59:59Z", "2200-01-01T00:00:00+08:00",
    "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00",
)  # fmt: skip


@pytest.mark.parametrize("instant", ENDS_OF_TIME)
def test_order_that_is_due_out_of_reach_is_refused(centre: Program, instant: str) -> None:
    """Its page could not be shown: what counts from it would fall out of every calendar."""
    given = {"number": "SZ-78", "due_at": instant}
    body = {"place": "jingyi-3", "start": "hotline", "fields": {"detail": TOLD, "category": "I6"}, "external": given}

    answer = centre.post("/matters", body)

    assert answer.status_code == 422
    assert "1900 年到 2200 年之间的时刻" in answer.json()["detail"]


@pytest.mark.parametrize("instant", ENDS_OF_TIME)
def test_press_of_a_device_whose_clock_is_out_of_reach_is_taken(centre: Program, instant: str) -> None:
    """What a clock at the end of time says is worth nothing, and costs nothing."""
    answer = filed(centre, pressed_at=instant)

    assert answer.status_code == 201
    assert centre.get(f"/matters/{answer.json()['number']}/history").status_code == 200


def filed(centre: Program, **more: Any) -> Any:
    """A demand filed at the service centre for a place in the worker's grid."""
    body = {"place": "jingyi-3", "start": "resident", "fields": {"detail": TOLD, "category": "I6"}, **more}
    return centre.post("/matters", body)


def test_demand_is_filed_once_when_the_same_key_comes_twice(centre: Program) -> None:
    """A repeat of a lost answer gets the same matter, the same key with another body is refused."""
    body = {"place": "jingyi-3", "start": "resident", "fields": {"detail": TOLD}}

    first, again = centre.post("/matters", body, key="one"), centre.post("/matters", body, key="one")
    other = centre.post("/matters", {**body, "fields": {"detail": "别的事"}}, key="one")

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert first.json()["number"] == again.json()["number"]
    assert first.headers["Location"].endswith(first.json()["number"])
    assert other.json()["code"] == "key_reused"


def test_demand_moves_only_as_it_was_read_when_somebody_else_was_first(centre: Program, worker: Program) -> None:
    """Without If-Match 428, with the present tag it moves, with the old one 412 and nothing happens."""
    made = filed(centre)
    ref, etag = made.json()["number"], made.headers["ETag"]
    path = f"/matters/{ref}/actions/accept"

    without = worker.post(path, {"fields": {"category": "I6"}})
    moved = worker.post(path, {"fields": {"category": "I6"}}, etag=etag)
    late = worker.post(path, {"fields": {"category": "I6"}}, etag=etag)

    assert (without.status_code, moved.status_code, late.status_code) == (428, 200, 412)
    assert "用 GET 读这件事，把答复里的 ETag 放进 If-Match" in without.json()["detail"]
    assert "用 GET 再读一次" in late.json()["detail"]
    assert moved.json()["state"]["id"] == "grid_doing"
    assert moved.headers["ETag"] != etag
    assert late.json()["refusal"] == "stale"
    assert [one["action"] for one in worker.get(f"/matters/{ref}/history").json()["items"]] == ["resident", "accept"]


def test_press_has_one_effect_when_it_is_sent_again_after_a_lost_answer(centre: Program, worker: Program) -> None:
    """The same key brings the same answer although the tag is old by then."""
    made = filed(centre)
    path, etag = f"/matters/{made.json()['number']}/actions/accept", made.headers["ETag"]

    answers = [worker.post(path, {"fields": {"category": "I6"}}, key="press", etag=etag) for _ in range(2)]

    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].json()["etag"] == answers[1].json()["etag"]


@pytest.mark.parametrize(
    ("fields", "status", "refusal"),
    [({}, 422, "required"), ({"note": "x"}, 422, None)],
    ids=["nothing filled in", "too little filled in"],
)
def test_refusal_names_its_reason_when_something_is_missing(
    centre: Program, worker: Program, fields: dict[str, str], status: int, refusal: str | None
) -> None:
    """What the engine refuses comes as a problem with its code."""
    made = filed(centre)

    answer = worker.post(
        f"/matters/{made.json()['number']}/actions/transfer", {"fields": fields}, etag=made.headers["ETag"]
    )

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["refusal"] == (refusal or answer.json()["refusal"])


def test_foreign_matter_is_as_if_it_were_not_there(sanlian: Sanlian, http: TestClient, centre: Program) -> None:
    """Another grid's worker gets the same answer as for a number nobody has, on every path."""
    number = filed(centre).json()["number"]
    other = Program(http, token_of(sanlian, OTHER_GRID))

    for tail in ("", "/actions", "/history", "/forecast", "/children"):
        foreign, nothing = other.get(f"/matters/{number}{tail}"), other.get(f"/matters/9901-0001{tail}")
        assert foreign.status_code == nothing.status_code == 404
        assert foreign.text.replace(number, "9901-0001") == nothing.text
    pressed = other.post(f"/matters/{number}/actions/accept", {}, etag='"1.1"')
    assert pressed.status_code == 404
    assert number not in {one["number"] for one in other.get("/matters", limit=200).json()["items"]}


def test_pages_hold_every_matter_once_when_followed_to_the_end(centre: Program) -> None:
    """The cursor leads through the whole list, in order of what is due, without repeats."""
    whole = [one["id"] for one in centre.get("/matters", limit=200).json()["items"]]
    paged: list[str] = []
    cursor = ""
    while True:
        answer = centre.get("/matters", limit=7, cursor=cursor)
        paged += [one["id"] for one in answer.json()["items"]]
        cursor = answer.json()["next"]
        assert ('rel="next"' in answer.headers.get("Link", "")) == bool(cursor)
        if not cursor:
            break

    assert paged == whole
    assert len(set(paged)) == len(paged) > 20


def test_offered_action_is_taken_and_refused_one_says_why(centre: Program, worker: Program) -> None:
    """What is offered without a refusal is what the engine takes."""
    made = filed(centre)
    given = {one["name"]: one for one in worker.get(f"/matters/{made.json()['number']}/actions").json()}

    assert given["accept"]["refused"] is None
    assert [one["name"] for one in given["accept"]["fields"]] == ["category"]
    assert given["refuse"]["refused"]["code"] == "role"


def test_forecast_names_instant_rule_and_line(centre: Program) -> None:
    """The first coming event of a waiting demand has an instant with its offset, a sentence and the rule's line."""
    number = filed(centre).json()["number"]

    told = centre.get(f"/matters/{number}/forecast").json()

    first = told["events"][0]
    assert datetime.fromisoformat(first["at"]).utcoffset() is not None
    assert first["rule"]["file"].endswith(".yaml")
    assert first["rule"]["line"] > 0
    assert [one["at"] for one in told["events"]] == sorted(one["at"] for one in told["events"])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"start": "resident"}, "body/place"),
        ({"place": "jingyi-3", "plase": "x"}, "body/plase"),
        ({"place": "jingyi-3", "external": {"number": "A1", "due_at": "2026-11-25T10:00:00"}}, "body/external/due_at"),
        ({"place": "x" * 200}, "body/place"),
    ],
    ids=["missing", "misspelt", "instant without zone", "too long"],
)
def test_faults_are_named_with_their_place_when_a_body_is_wrong(centre: Program, body: Any, pointer: str) -> None:
    """A body that cannot be read says where and what was expected, in Chinese."""
    answer = centre.post("/matters", body)

    assert answer.status_code == 422
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]
    assert all(ord(one["detail"][0]) > 127 for one in answer.json()["errors"])


def test_sender_keeps_the_due_instant_and_the_number_when_an_order_is_filed(centre: Program) -> None:
    """The number and the due instant of another platform come back as they were given."""
    given = {"number": "SZ-77", "due_at": "2026-11-25T10:00:00+08:00"}
    body = {"place": "jingyi-3", "start": "hotline", "fields": {"detail": TOLD, "category": "I6"}, "external": given}

    made = centre.post("/matters", body).json()

    assert made["external"]["number"] == "SZ-77"
    assert datetime.fromisoformat(made["external"]["due_at"]) == datetime.fromisoformat(given["due_at"])


def test_reading_token_changes_nothing(sanlian: Sanlian, http: TestClient) -> None:
    """A token that may only read is refused before anything is looked at."""
    reader = Program(http, token_of(sanlian, CENTRE, scope="read"))

    assert reader.get("/matters").status_code == 200
    assert (filed(reader).status_code, filed(reader).json()["code"]) == (403, "token_only_reads")


def test_token_counts_no_longer_when_it_is_revoked_or_made_up(sanlian: Sanlian, http: TestClient) -> None:
    """A revoked token and one nobody made are answered alike."""
    program = Program(http, token_of(sanlian, CENTRE))
    assert program.get("/matters").status_code == 200
    with sanlian.uow.read() as tx:
        made = list_tokens(tx)[0]
    revoke_token(sanlian.uow, made.id, now=sanlian.clock.now())

    assert program.get("/matters").status_code == 401
    assert Program(http, "sanlian_made-up").get("/matters").status_code == 401
    assert http.get("/api/v1/matters").status_code == 401


def test_photo_counts_only_when_it_was_sent_and_is_used_once(
    sanlian: Sanlian, http: TestClient, centre: Program, worker: Program
) -> None:
    """A made-up photo is no evidence, and one matter's photo is not another's."""
    done = []
    for _ in range(2):
        made = filed(centre)
        path = f"/matters/{made.json()['number']}/actions"
        doing = worker.post(f"{path}/accept", {"fields": {"category": "I6"}}, etag=made.headers["ETag"])
        done.append((f"{path}/solve", doing.headers["ETag"]))
    headers = {"Authorization": f"Bearer {token_of(sanlian, WORKER)}"}
    photo = http.post("/api/v1/files", content=picture(), headers=headers).json()["id"]

    def solve(which: int, name: str) -> Any:
        path, etag = done[which]
        return worker.post(path, {"fields": {"note": "修好了", "photo_after": [name]}}, etag=etag)

    assert (solve(0, "made-up").status_code, solve(0, photo).status_code) == (422, 200)
    assert solve(1, photo).json()["field"] == "photo_after"


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000, b'{"a":' * 50_000, b'{"fields":{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
        b'{"place":\xff}', b'{"fields":{"a":' + b"9" * 5_000 + b"}}",
    ],
    ids=["lists", "objects", "within", "no utf-8", "long number"],
)  # fmt: skip
def test_body_that_no_json_is_made_of_is_answered_in_words_for_a_program(
    sanlian: Sanlian, http: TestClient, body: bytes
) -> None:
    """However deep: it is the sender's fault, and the answer says what to write."""
    headers = {"Authorization": f"Bearer {token_of(sanlian, WORKER)}", "Content-Type": "application/json"}

    answer = http.post("/api/v1/matters", content=body, headers=headers)

    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("请求体读不成 JSON")


def test_note_changes_the_tag_of_a_matter(centre: Program) -> None:
    """What was written on a page before it was written on another state of the matter."""
    ref = filed(centre).json()["number"]
    etag = centre.get(f"/matters/{ref}").headers["ETag"]

    noted = centre.post(f"/matters/{ref}/actions/note", {"fields": {"note": "回过电话。"}}, etag=etag)

    assert noted.status_code == 200
    assert centre.get(f"/matters/{ref}").headers["ETag"] == noted.headers["ETag"] != etag


def test_write_without_a_key_is_refused(centre: Program) -> None:
    """Without Idempotency-Key a lost answer could double the matter, so nothing is taken."""
    answer = centre.post("/matters", {"place": "jingyi-3", "fields": {"detail": TOLD}}, key="")

    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json()["detail"]


def test_clerk_of_the_community_reads_the_same_demand(sanlian: Sanlian, http: TestClient, centre: Program) -> None:
    """Whoever's unit covers the place reads it, with the local offset in every instant."""
    number = filed(centre).json()["number"]

    seen = Program(http, token_of(sanlian, CLERK)).get(f"/matters/{number}").json()

    assert seen["detail"] == TOLD
    assert seen["filed_at"].endswith("+08:00")


def test_filing_is_refused_when_a_patrol_claims_a_number_of_the_upper_platform(
    http: TestClient, sanlian: Sanlian
) -> None:
    """Whoever squats on the sender's number would keep the sender's order from coming in."""
    worker = Program(http, token_of(sanlian, WORKER))
    body = {"place": "jingyi-3", "fields": {"detail": TOLD, "category": "B7"}, "external": {"number": "WO-1"}}

    refused = worker.post("/matters", body)

    assert refused.status_code == 422
    with sanlian.uow.read() as tx:
        assert tx.demands.by_external({"WO-1"}) == {}


def test_demand_is_not_put_to_a_topic_of_another_community(http: TestClient, sanlian: Sanlian) -> None:
    """A topic whose id was guessed is not found, and knows nothing of the demand."""
    with sanlian.uow.read() as tx:
        matters = [one.matter for one in tx.matters.all(only_open=True)]
        organisation = tx.organisation.load()
    topic = next(one for one in matters if one.kind == "topic")
    home = organisation.unit_above(topic.place, "community")
    demand = next(
        one for one in matters
        if one.state == "community_intake" and organisation.unit_above(one.place, "community") != home
    )  # fmt: skip
    clerk = Program(http, token_of(sanlian, f"{organisation.unit_above(demand.place, 'community')}.community_clerk.1"))
    etag = clerk.get(f"/matters/{demand.id}").headers["ETag"]

    answer = clerk.post(f"/matters/{demand.id}/actions/topic", {"topic": topic.id}, etag=etag)

    assert answer.status_code == 404
    with sanlian.uow.read() as tx:
        stored = tx.matters.get(topic.id)
    assert stored is not None
    assert demand.id not in stored.matter.waiting


def test_program_whose_token_does_not_count_is_told_so(sanlian: Sanlian, http: TestClient) -> None:
    """A program has nothing to sign in with: the answer names the token, not the page."""
    answer = Program(http, "sanlian_made-up").get("/matters")

    assert (answer.status_code, answer.json()["code"]) == (401, "token_refused")
    assert "令牌" in answer.json()["detail"]
    assert answer.headers["www-authenticate"].startswith("Bearer ")


def test_device_time_stands_beside_when_it_was_taken(centre: Program, worker: Program, sanlian: Sanlian) -> None:
    """A program that presses for a phone says when the phone was pressed; what counts stays when it was taken."""
    pressed = sanlian.clock.now() - timedelta(minutes=35)
    ref = filed(centre).json()["number"]

    worker.post(f"/matters/{ref}/actions/note", {"fields": {"note": "去看过"}, "pressed_at": pressed.isoformat()},
                etag=worker.get(f"/matters/{ref}").headers["ETag"])  # fmt: skip

    first, last = worker.get(f"/matters/{ref}/history").json()["items"]
    assert first["pressed_at"] is None
    assert datetime.fromisoformat(last["pressed_at"]) == pressed
    assert datetime.fromisoformat(last["at"]) == sanlian.clock.now()
    assert last["facts"] == {}
