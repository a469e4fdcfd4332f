"""
The authorisation table: every route, asked by every kind of person.

One line for each route; a route without a line fails, and so does a line without a route. Every cell is asked for,
with a form as a page would send it where the answer depends on one. To add a route, add its line: which ability it
needs (`ability`), or that it shows one matter (`matter`), or that everybody may (`signed`, `public`).
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from shutil import copyfile

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.sessions import PLAIN_COOKIE
from engine.core.terms import Ability
from engine.settings import Settings
from engine.wiring import Sanlian, wire
from tests.support.authority import (
    DEMAND,
    KINDS,
    Answer,
    Kind,
    Rule,
    ability,
    content,
    matter,
    program,
    public,
    seen,
    signed,
)
from tests.support.clock import FixedClock
from tests.support.demo import CHEAP
from tests.support.people import token_for
from tests.support.pg import Prepare
from tests.support.route_walk import routes_of
from tests.support.town import DISTRICT, MONDAY
from tests.support.two_streets import settle_two_streets

ORIGIN = "http://testserver"
OTHER_STREET = ("service centre, other street", "supervisor, other street")
# They may file, but no way of the flow in force is theirs.
SUPERVISORS = ("supervisor", "supervisor, other street")
WORKERS = ("worker, own grid", "worker, next grid")
BY_CODE = (404, 429)


def is_no_colleague(kind: Kind) -> bool:
    """Whether somebody may act with a receipt: whoever hands receipts out does not."""
    return not kind.is_signed or kind.name.startswith("resident")


TABLE: dict[str, Rule] = {
    "GET /": signed(303),
    "GET /healthz": public(),
    "GET /readyz": public(),
    "MOUNT /static": public(),
    # Signing in
    "GET /sign-in": lambda kind, _: 303 if kind.is_signed else 200,
    "POST /sign-in": public((422, 429)),  # counted for the one address they all come from
    "POST /sign-out": public(303),
    "POST /password-again": signed(422),
    "GET /password": signed(),
    "POST /password": lambda kind, _: 422 if kind.is_signed else 303,  # passwords are not carried along
    "GET /sessions": signed(),
    "POST /sessions": signed(404),
    "GET /as": signed(),
    "POST /as": signed(404),
    "POST /look": public(303),
    "GET /first-run": public(303),  # over: there are people
    "POST /first-run": public(303),
    # By the code of a receipt, without signing in
    "GET /track": public(),
    "POST /track": public(422),
    "GET /t/{code}": public((404, 429)),  # guesses are counted for the one address they all come from
    "POST /t/{code}/do/{action}": lambda kind, _: BY_CODE if is_no_colleague(kind) else 403,
    "POST /t/{code}/rate": lambda kind, _: BY_CODE if is_no_colleague(kind) else 403,
    "GET /receipt": public(404),
    # Lists
    "GET /work": ability(Ability.WORK),
    "GET /messages": ability(Ability.WORK),
    "GET /matters": content(),
    "GET /dispatch": ability(Ability.DISPATCH),
    "GET /board": ability(Ability.BOARD),
    "GET /held": ability(Ability.LIMITS),
    "POST /held/trust": ability(Ability.LIMITS, then=303),
    "POST /held/release": ability(Ability.LIMITS, then=303),
    "POST /held/retry": ability(Ability.LIMITS, then=303),
    "GET /sheet": ability(Ability.SHEET),
    "GET /figures/{name}": ability(Ability.BOARD, Ability.SHEET),
    # Filing
    "GET /matters/new": content(),
    "POST /matters/new": ability(Ability.FILE, then=422, but=dict.fromkeys(SUPERVISORS, 403)),
    "GET /work/found": ability(Ability.FILE),
    "POST /work/found": ability(Ability.FILE, then=403, but=dict.fromkeys(WORKERS, 422)),
    "GET /dispatch/new": ability(Ability.DISPATCH),
    "POST /dispatch/new": ability(Ability.DISPATCH, then=422, but=dict.fromkeys(SUPERVISORS, 403)),
    # One matter
    "GET /matters/{ref}": matter(),
    "GET /matters/{ref}/sheet/{action}": matter(),
    "POST /matters/{ref}/do/{action}": matter(
        409, but=dict.fromkeys(("worker, own grid", "service centre", "resident, own demand"), 422)
    ),
    "POST /matters/{ref}/identity": matter(422, need=Ability.IDENTITY),
    "POST /dispatch/{matter}/do/{action}": ability(
        Ability.DISPATCH, then=409, but={"service centre": 422, **dict.fromkeys(OTHER_STREET, 404)}
    ),
    "POST /dispatch/together": ability(Ability.DISPATCH, then=422),
    "POST /matters/{ref}/receipt": ability(Ability.DISPATCH, then=303, but=dict.fromkeys(OTHER_STREET, 404)),
    "GET /files/{file_id}": seen(but={"auditor": 404}),  # faces and doors are nothing for masked eyes
    # Limits
    "GET /limits": ability(Ability.LIMITS, Ability.APPROVE),
    "GET /limits/{flow}/edit": ability(Ability.LIMITS),
    "POST /limits/{flow}/edit": ability(Ability.LIMITS, then=409),
    "GET /limits/proposals/{proposal_id}": ability(Ability.LIMITS, Ability.APPROVE, then=404),
    "GET /limits/proposals/{proposal_id}/backtest": ability(Ability.LIMITS, Ability.APPROVE, then=404),
    "POST /limits/proposals/{proposal_id}/send": ability(Ability.LIMITS, then=404),
    "POST /limits/proposals/{proposal_id}/withdraw": ability(Ability.LIMITS, then=404),
    "POST /limits/proposals/{proposal_id}/approve": ability(Ability.APPROVE, then=404),
    "POST /limits/proposals/{proposal_id}/refuse": ability(Ability.APPROVE, then=404),
    # Work orders
    "GET /orders": ability(Ability.ORDERS),
    "POST /orders/in": ability(Ability.ORDERS, then=422),
    "GET /orders/in/{kept}": ability(Ability.ORDERS, then=404),
    "POST /orders/in/{kept}": ability(Ability.ORDERS, then=404),
    "POST /orders/out": ability(Ability.ORDERS, then=303),
    "GET /orders/out/{export}": ability(Ability.ORDERS, then=404),
    "GET /orders/out/{export}/{form}": ability(Ability.ORDERS, then=404),
    # For programs
    "GET /api/v1": public(),
    "GET /api/v1/openapi.json": public(),
    "GET /api/v1/matters": program(content()),
    "POST /api/v1/matters": program(lambda *_: 422),  # the body is looked at first
    "GET /api/v1/matters/{ref}": program(matter()),
    "GET /api/v1/matters/{ref}/actions": program(matter()),
    "GET /api/v1/matters/{ref}/history": program(matter()),
    "GET /api/v1/matters/{ref}/forecast": program(matter()),
    "GET /api/v1/matters/{ref}/children": program(matter()),
    "POST /api/v1/matters/{ref}/actions/{action}": program(lambda *_: 422),
    "POST /api/v1/files": program(content(422)),
    "GET /api/v1/workflows": program(signed()),
    "GET /api/v1/workflows/{name}": program(signed(404)),
    "GET /api/v1/workflows/{name}/limits": program(signed(404)),
    "GET /api/v1/calendars": program(signed()),
    "GET /api/v1/calendars/{name}/due": program(signed(422)),
    # Audit
    "GET /audit": ability(Ability.AUDIT),
    "GET /audit/topics/{topic}": ability(Ability.AUDIT),
    "GET /audit/verify": ability(Ability.AUDIT),
    "POST /audit/verify": ability(Ability.AUDIT, then=422),
    "GET /audit/{ref}": ability(Ability.AUDIT),
    "POST /audit/{ref}/verify": ability(Ability.AUDIT, then=303),
    "POST /audit/{ref}/export": ability(Ability.AUDIT, then=422),
    # Units, posts, roster
    "GET /people": ability(Ability.PEOPLE),
    "GET /people/coverage": ability(Ability.PEOPLE),
    "GET /people/units/{unit}": ability(Ability.PEOPLE),
    "POST /people/units/{unit}/posts": ability(Ability.PEOPLE, then=422),
    "POST /people/posts/end": ability(Ability.PEOPLE, then=404),
    "POST /people/leave": ability(Ability.PEOPLE, then=404),
    "POST /people/leave/end": ability(Ability.PEOPLE, then=404),
    "GET /people/import": ability(Ability.PEOPLE),
    "GET /people/import/template": ability(Ability.PEOPLE),
    "POST /people/import": ability(Ability.PEOPLE, then=422),
    "POST /people/import/{wanted}": ability(Ability.PEOPLE, then=404),
    "GET /roster": ability(Ability.PEOPLE),
    "POST /roster": ability(Ability.PEOPLE, then=422),
    "POST /roster/remove": ability(Ability.PEOPLE, then=303),
    # Erasing personal data: who sees the demand asks, somebody who sees none decides
    "GET /matters/{ref}/erase": ability(Ability.ERASE, but=dict.fromkeys(OTHER_STREET, 404)),
    "POST /matters/{ref}/erase": ability(Ability.ERASE, then=422, but=dict.fromkeys(OTHER_STREET, 404)),
    "POST /matters/{ref}/erase/withdraw": ability(Ability.ERASE, then=303, but=dict.fromkeys(OTHER_STREET, 404)),
    "GET /erasures": ability(Ability.ERASURES),
    "POST /erasures/{wish_id}/agree": ability(Ability.ERASURES, then=404),
    "POST /erasures/{wish_id}/refuse": ability(Ability.ERASURES, then=404),
    # Accounts
    "GET /accounts": ability(Ability.ACCOUNTS),
    "POST /accounts/open": ability(Ability.ACCOUNTS, then=422),
    "POST /accounts/reset": ability(Ability.ACCOUNTS, then=404),
    "POST /accounts/first": ability(Ability.ACCOUNTS),
    "POST /accounts/close": ability(Ability.ACCOUNTS, then=404),
    "POST /accounts/reopen": ability(Ability.ACCOUNTS, then=404),
    "POST /accounts/end": ability(Ability.ACCOUNTS, then=404),
}
NAMES = {
    "action": "note", "matter": DEMAND, "name": "open", "flow": "three_tier", "proposal_id": "none", "kept": "none",
    "export": "none", "form": "csv", "code": "0123456789AB", "topic": "looks", "unit": "zhu-2", "wanted": "none",
    "wish_id": "none",
}  # fmt: skip


class Site:
    """The two streets served, and a browser for each kind of person."""

    def __init__(self, file: Path) -> None:
        self.sanlian = self._wired(file, MONDAY)
        self.app = create_app(self.sanlian)
        self.file = file
        self.browsers: dict[str, TestClient] = {}
        with self.sanlian.uow.read() as tx:
            found = tx.demands.get_many((DEMAND,))[DEMAND]
            stored = tx.matters.get(DEMAND)
        with self.sanlian.uow.write() as tx:
            photo = tx.files.add("photo", b"\x89PNG", media_type="image/png", name_ref=None, at=MONDAY)
            tx.files.attach([(photo, DEMAND)])
        assert stored is not None
        self.names = {**NAMES, "ref": found.number, "file_id": photo}
        self.form = {"key": "k1", "if-match": stored.matter.etag}

    def _wired(self, file: Path, now: datetime) -> Sanlian:
        settings = Settings(database_url=f"sqlite:///{file}", district=DISTRICT)
        return wire(settings, clock=FixedClock(now), hasher=CHEAP)

    def browser(self, kind: Kind) -> TestClient:
        """A browser in which that kind of person has signed in, kept until it signs out."""
        if kind.name not in self.browsers:
            self.browsers[kind.name] = self._opened(kind)
        return self.browsers[kind.name]

    def _opened(self, kind: Kind) -> TestClient:
        made = TestClient(
            self.app, base_url=ORIGIN, headers={"Accept": "text/html", "Origin": ORIGIN}, follow_redirects=False
        )
        if kind.who is not None:
            # A session begun two days ago is over.
            deployment = self.sanlian if kind.is_signed else self._wired(self.file, MONDAY - timedelta(days=2))
            made.cookies.set(PLAIN_COOKIE, token_for(deployment, kind.who))
            # Nobody waits for a first password: who got one would be led to changing it.
            with self.sanlian.uow.write() as tx:
                for person in tx.people.all():
                    if person.password_hash is None:
                        tx.people.set_password(person.id, "never used", must_change=False)
        return made

    def ask(self, kind: Kind, route: str) -> int:
        """The status *kind* gets on *route*."""
        method, path = route.split(" ", 1)
        address = path.format(**self.names)
        if path == "/sign-out":
            return self._opened(kind).post(path).status_code
        if method == "MOUNT":
            return self.browser(kind).get(f"{path}/ui.css").status_code
        data = self.form if method == "POST" else None
        return self.browser(kind).request(method, address, data=data).status_code


@pytest.fixture(scope="module")
def site(sqlite_templates: Callable[[Prepare], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The two streets, served."""
    file = tmp_path_factory.mktemp("authorisation") / "sanlian.db"
    copyfile(sqlite_templates(settle_two_streets), file)
    made = Site(file)
    yield made
    made.sanlian.close()


def test_every_route_has_its_line_and_every_line_its_route(site: Site) -> None:
    """A page that somebody adds is not served before it is decided who may open it."""
    assert routes_of(site.app) == set(TABLE)


@pytest.mark.parametrize("route", TABLE)
def test_route_answers_each_kind_of_person_as_the_table_says(site: Site, route: str) -> None:
    """Every cell of one line."""
    method = route.split(" ", 1)[0]
    expected = {kind.name: TABLE[route](kind, "GET" if method == "MOUNT" else method) for kind in KINDS}

    asked = {kind.name: site.ask(kind, route) for kind in KINDS}
    wrong = {name: (got, expected[name]) for name, got in asked.items() if not _is_one(got, expected[name])}
    assert not wrong, f"{route}: (answered, by the table) {wrong}"


def _is_one(status: int, expected: Answer) -> bool:
    return status in expected if isinstance(expected, tuple) else status == expected
