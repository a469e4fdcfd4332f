"""Every page of the product with a person who opens it; a route without a page here must say why."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.core.scope import SYSTEM
from engine.services.give_receipt import give_receipt
from tests.acceptance.viewing import AUDITOR, Viewing
from tests.api.page import Page as Form
from tests.support.orders import as_csv, order_rows

WORKER, CLERK, HEAD = "zhujidong-3.grid_worker.1", "zhujidong.community_clerk.1", "zhujidong.community_head.1"
CENTRE, OFFICE, CHIEF = "street.service_centre.1", "street.street_office.1", "street.street_head.1"
DEPARTMENT, RESIDENT = "roads.department.1", "zhujidong-3.resident.1"
TALKS = "jinyi.community_head.1"
PEOPLE, ACCOUNTS = "security_admin", "system_admin"
NOBODY = None

# Where a route's page is, and who opens it there. `{…}` is filled by `furnish`.
PAGES: dict[str, tuple[tuple[str | None, str], ...]] = {
    "GET /sign-in": ((NOBODY, "/sign-in"),),
    "GET /password": ((WORKER, "/password"),),
    "GET /sessions": ((WORKER, "/sessions"), (ACCOUNTS, "/sessions")),
    "GET /as": ((WORKER, "/as"),),
    "GET /track": ((NOBODY, "/track"),),
    "GET /t/{code}": ((NOBODY, "/t/{code_open}"), (NOBODY, "/t/{code_asked}"), (NOBODY, "/t/{code_rating}"),
                      (NOBODY, "/t/{code_ended}")),
    "GET /receipt": ((CENTRE, "/receipt"),),
    "GET /work": ((WORKER, "/work"), (CLERK, "/work"), (DEPARTMENT, "/work"), (CHIEF, "/work")),
    "GET /messages": ((WORKER, "/messages"), (CHIEF, "/messages"), (DEPARTMENT, "/messages?after=mangled")),
    "GET /matters": ((WORKER, "/matters"), (CHIEF, "/matters"), (CHIEF, "/matters?show=late"),
                     (CHIEF, "/matters?q=没有这种话"), (RESIDENT, "/matters")),
    "GET /dispatch": ((CENTRE, "/dispatch"), (OFFICE, "/dispatch")),
    "GET /board": ((CHIEF, "/board"), (CHIEF, "/board?view=lanes"), (HEAD, "/board")),
    "GET /held": ((CHIEF, "/held"),),
    "GET /sheet": ((CHIEF, "/sheet"), (AUDITOR, "/sheet")),
    "GET /figures/{name}": ((CHIEF, "/figures/open"), (CHIEF, "/figures/late")),
    "GET /matters/new": ((RESIDENT, "/matters/new"), (CENTRE, "/matters/new"), (AUDITOR, "/matters/new")),
    "GET /work/found": ((WORKER, "/work/found"),),
    "GET /dispatch/new": ((CENTRE, "/dispatch/new"),),
    "GET /matters/{ref}": (
        (WORKER, "/matters/{in_grid}"), (WORKER, "/matters/{in_grid}?do=up"), (CLERK, "/matters/{in_community}"),
        (CHIEF, "/matters/{at_departments}"), (DEPARTMENT, "/matters/{task}"), (TALKS, "/matters/{topic}"),
        (AUDITOR, "/matters/{in_grid}"), (CENTRE, "/matters/{ended}"), (OFFICE, "/matters/{dispatched}"),
    ),
    "GET /limits": ((OFFICE, "/limits"), (PEOPLE, "/limits")),
    "GET /limits/{flow}/edit": ((OFFICE, "/limits/three_tier/edit"),),
    "GET /limits/proposals/{proposal_id}": ((OFFICE, "{draft}"), (CHIEF, "{proposal}"), (PEOPLE, "{proposal}")),
    "GET /limits/proposals/{proposal_id}/backtest": ((OFFICE, "{proposal}/backtest"),),
    "GET /orders": ((CENTRE, "/orders"),),
    "GET /orders/in/{kept}": ((CENTRE, "{orders_in}"),),
    "GET /orders/out/{export}": ((CENTRE, "{orders_out}"),),
    "GET /api/v1": ((NOBODY, "/api/v1"),),
    "GET /audit": ((AUDITOR, "/audit"), (AUDITOR, "/audit?number={in_grid}")),
    "GET /audit/topics/{topic}": ((AUDITOR, "/audit/topics/looks"), (AUDITOR, "/audit/topics/workflows")),
    "GET /audit/verify": ((AUDITOR, "/audit/verify"),),
    "GET /audit/{ref}": ((AUDITOR, "/audit/{dispatched}"),),
    "GET /people": ((PEOPLE, "/people"), (PEOPLE, "/people?q=演示")),
    "GET /people/coverage": ((PEOPLE, "/people/coverage"),),
    "GET /people/units/{unit}": ((PEOPLE, "/people/units/zhujidong-3"), (PEOPLE, "/people/units/street")),
    "GET /people/import": ((PEOPLE, "/people/import"),),
    "GET /roster": ((PEOPLE, "/roster"),),
    "GET /erasures": ((PEOPLE, "/erasures"),),
    "GET /matters/{ref}/erase": ((CENTRE, "/matters/{in_grid}/erase"), (CENTRE, "/matters/{ended}/erase")),
    "GET /accounts": ((ACCOUNTS, "/accounts"), (ACCOUNTS, "/accounts?q=没有这个人")),
}  # fmt: skip
NO_PAGES = {
    "GET /": "leads on",
    "GET /healthz": "for programs",
    "GET /readyz": "for programs",
    "GET /first-run": "leads on once there are people; looked at in an empty deployment",
    "GET /matters/{ref}/sheet/{action}": "a part of a page, put into one that is checked",
    "GET /files/{file_id}": "a picture",
    "GET /orders/out/{export}/{form}": "a file",
    "GET /people/import/template": "a workbook",
}
FOR_PROGRAMS = "GET /api/v1/"


@dataclass(frozen=True)
class Visit:
    """A page, and who opens it (None: nobody has signed in)."""

    who: str | None
    path: str


def furnish(seen: Viewing) -> dict[str, str]:
    """Make what some pages need, as a browser without script would, and return the words for their addresses."""
    in_state = {matter.state: matter for matter in seen.matters if matter.kind == "demand"}
    number = {state: seen.number_of(matter) for state, matter in in_state.items()}
    here = next(one for one in seen.matters if one.state == "grid_doing" and one.place == "zhujidong-3")
    community = next(one for one in seen.matters if one.state == "community_doing" and "zhujidong" in one.place)
    task = next(one for one in seen.matters if one.workflow == "task" and one.department == "roads")
    topic = next(one for one in seen.matters if one.state == "discuss" and one.place == "jinyi")
    dispatched = max((one for one in seen.matters if one.seats), key=lambda one: (len(one.seats), one.seq))
    codes = {"open": "grid_doing", "asked": "wait_resident", "rating": "confirm", "ended": "solved"}
    seen.browser(CENTRE).post(f"/matters/{number['take_in']}/receipt")
    return {
        "in_grid": seen.number_of(here), "in_community": seen.number_of(community), "task": task.id, "topic": topic.id,
        "at_departments": number["departments"], "ended": number["solved"], "dispatched": seen.number_of(dispatched),
        **{f"code_{name}": _code(seen, in_state[state].id) for name, state in codes.items()},
        **_proposals(seen), **_orders(seen),
    }  # fmt: skip


def _code(seen: Viewing, matter: str) -> str:
    sanlian = seen.sanlian
    return give_receipt(sanlian.uow, matter, salts=sanlian.door.salts, by=SYSTEM, now=sanlian.clock.now())


def _proposals(seen: Viewing) -> dict[str, str]:
    """A change of limits that was only begun, and one that waits for a second person."""
    office, edit = seen.browser(OFFICE), "/limits/three_tier/edit"
    made = []
    for words in ("2 工作日", "1 工作日"):
        fields = {**Form(office.get(edit).text).form(edit)["fields"], "c.5.grid": words}
        made.append(office.post(edit, data=fields).headers["location"])
    office.post(f"{made[1]}/send", data={"reason": "网格办得过来", "scope": "running", "when": "now"})
    return {"draft": made[0], "proposal": made[1]}


def _orders(seen: Viewing) -> dict[str, str]:
    """A file that waits to be taken in, and what was given back."""
    centre = seen.browser(CENTRE)
    taken = centre.post("/orders/in", files={"file": ("工单.csv", as_csv(order_rows(2)))}).headers["location"]
    centre.post(taken)
    bad = ("坏", "下周", *order_rows(1)[0][2:])
    waits = centre.post("/orders/in", files={"file": ("工单.csv", as_csv([*order_rows(4), bad]))}).headers["location"]
    key = Form(centre.get("/orders").text).form("/orders/out")["fields"]["key"]
    given = centre.post("/orders/out", data={"key": key, "since": "2026-01-01"}).headers["location"]
    return {"orders_in": waits, "orders_out": given}


def visits(words: dict[str, str]) -> Iterator[Visit]:
    """Every page and who opens it."""
    for pages in PAGES.values():
        for who, path in pages:
            yield Visit(who, re.sub(r"\{(\w+)\}", lambda found: words[found[1]], path))
