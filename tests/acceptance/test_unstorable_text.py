"""Signs that PostgreSQL does not store, in every word of every address and in every field: a clear answer, no fault."""

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.sessions import PLAIN_COOKIE
from engine.settings import Settings
from engine.wiring import Sanlian, wire
from tests.api.test_authorisation import TABLE
from tests.support.clock import FixedClock
from tests.support.demo import CHEAP
from tests.support.people import token_for
from tests.support.pg import Prepare
from tests.support.town import DISTRICT, MONDAY
from tests.support.two_streets import settle_two_streets

ORIGIN = "http://testserver"
PEOPLE = (None, "service_centre@east", "grid_worker@zhu-2", "auditor", "system_admin", "security_admin")
UNSTORABLE = {"a NUL": "%E7%9C%8B%00%E8%A7%81", "half a sign": "%E5%8D%8A%ED%A0%80"}
# What pages and programs ask for, whatever page it is: unknown ones are passed over.
ASKED = (
    "q", "show", "level", "unit", "role", "after", "before", "cursor", "number", "since", "until", "kind", "category",
    "post", "rule", "at", "day", "why", "do", "done", "ref", "start", "draft", "from", "next", "view", "start_at",
)  # fmt: skip
SENT = (
    "key", "if-match", "login", "password", "person", "name", "role", "unit", "post", "session", "code", "leave", "to",
    "from", "since", "until", "last", "substitute", "reason", "purpose", "pick", "action", "ref", "why", "q", "duty",
    "f-detail", "f-category", "f-note", "f-unit", "f-place", "place", "seat-lead", "topic", "scope", "when", "back",
    "kept-photo_after", "digest", "sent-by", "goes-on-at", "password-again", "encoding", "size", "theme",
)  # fmt: skip


@pytest.fixture
def prepare_database() -> Prepare:
    """Two streets with matters."""
    return settle_two_streets


@pytest.fixture
def deployment(prepared_pg_url: str) -> Iterator[Sanlian]:
    """The two streets on PostgreSQL."""
    made = wire(Settings(database_url=prepared_pg_url, district=DISTRICT), clock=FixedClock(MONDAY), hasher=CHEAP)
    yield made
    made.close()


@pytest.mark.parametrize("text", UNSTORABLE.values(), ids=UNSTORABLE)
def test_no_route_breaks_when_a_text_cannot_be_stored(deployment: Sanlian, text: str) -> None:
    """Every route of pages, as each kind of person, with that text wherever something is asked for."""
    app = create_app(deployment)
    broken = []
    for who in PEOPLE:
        browser = TestClient(app, base_url=ORIGIN, headers={"Accept": "text/html", "Origin": ORIGIN},
                             follow_redirects=False, raise_server_exceptions=False)  # fmt: skip
        if who is not None:
            browser.cookies.set(PLAIN_COOKIE, token_for(deployment, who))
        for route in TABLE:
            method, path = route.split(" ", 1)
            if method != "MOUNT" and path != "/sign-out":
                fields = "&".join(f"{name}={text}" for name in (ASKED if method == "GET" else SENT))
                address = re.sub(r"\{\w+\}", text, path)
                status = (
                    browser.get(f"{address}?{fields}")
                    if method == "GET"
                    else browser.post(
                        address, content=fields, headers={"Content-Type": "application/x-www-form-urlencoded"}
                    )
                ).status_code
                if status >= 500:
                    broken.append(f"{who}: {route} {status}")
    assert broken == []
