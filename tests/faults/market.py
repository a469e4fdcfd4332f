"""A town in which at one instant everything happens: a state is left, a child closes, a topic ends, a rule reminds."""

from datetime import datetime, timedelta

from engine.core.command import Act, File, SeatAsked
from engine.services.advance import Done
from engine.services.look_up import Shelf
from engine.services.sweep import sweep
from tests.support.errand import FLOWS, flow
from tests.support.town import DISTRICT, MONDAY, actor, opened, settle

GATHER = """\
sanlian: 1
workflow: gather
version: 1
label: { zh: 凑一桌, en: Gather }
roles:
  resident:        { label: { zh: 居民 },     covers: own }
  community_clerk: { label: { zh: 社区专干 }, covers: community }
fields:
  detail: { type: text, max: 500, label: { zh: 事情 } }
starts:
  resident: { by: [resident], require: [detail], to: talked }
states:
  talked:
    label: { zh: 等商量 }
    held_by: community_clerk
    waits_for: { workflow: chat, join: all, outcomes: { agreed: agreed, not_agreed: alone } }
    due: 30d
    timers: [ { at: due, do: advance, to: alone } ]
  agreed: { label: { zh: 商量成了 }, final: agreed }
  alone:  { label: { zh: 没商量成 }, final: alone }
"""
CHAT = """\
sanlian: 1
workflow: chat
version: 1
matter: topic
label: { zh: 商量, en: Chat }
roles:
  community_clerk: { label: { zh: 社区专干 }, covers: community }
fields:
  note: { type: text, max: 500, label: { zh: 记录 } }
start: { to: open, by: [community_clerk] }
states:
  open:
    label: { zh: 正在商量 }
    held_by: community_clerk
    due: 4h
    timers: [ { at: due, do: close, to: not_agreed } ]
    actions:
      agree: { label: { zh: 商量成了 }, by: [community_clerk], to: agreed, require: [note] }
  agreed:     { label: { zh: 商量成了 }, final: agreed }
  not_agreed: { label: { zh: 没商量成 }, final: not_agreed }
"""
RESIDENT = actor("resident", "zhu-1")
WORKER = actor("grid_worker", "zhu-1")
LEADER = actor("grid_leader", "zhu-1")
HOUSING = actor("department", "housing")
CLERK = actor("community_clerk", "zhu")
RUSH = MONDAY + timedelta(hours=4)  # when everything is due at once
SHELF = Shelf()  # what it holds never changes under its hash, so one serves every copy of a database

LEFT, SHARED, WAITING, JOINING, REMINDED = "left", "shared", "waiting", "joining", "reminded"
TOPIC = f"{WAITING}.1-t"


def errand(name: str, detail: str = "灯坏了") -> File:
    """Return the filing of an errand."""
    return File(
        matter=name, district=DISTRICT, workflow="errand", start="resident", actor=RESIDENT, place="zhu-1",
        reporter=RESIDENT, values={"detail": detail},
    )  # fmt: skip


def gathering(name: str, topic: str | None = None) -> File:
    """Return the filing of a gathering that waits for *topic*, or for a new one."""
    return File(
        matter=name, district=DISTRICT, workflow="gather", start="resident", actor=RESIDENT, place="zhu-1",
        reporter=RESIDENT, values={"detail": "停车"}, topic=topic,
    )  # fmt: skip


_SHARE = Act(matter=SHARED, action="share", actor=WORKER, seats=(SeatAsked(seat="lead", unit="housing"),))
MORNING: tuple[tuple[datetime, tuple[File | Act, ...]], ...] = (
    (MONDAY, (gathering(WAITING), gathering(JOINING, TOPIC))),
    (RUSH - timedelta(hours=2), (errand(SHARED), _SHARE)),
    (RUSH - timedelta(hours=1), (errand(LEFT),)),
    (RUSH - timedelta(minutes=30), (errand(REMINDED),)),
)


def settle_market(url: str) -> None:
    """
    Bring an empty database to the town shortly before the rush.

    At the rush `LEFT` is late and moved, the child of `SHARED` closes and moves its parent, the topic of `WAITING`
    and `JOINING` ends and ends both, `REMINDED` is reminded.
    """
    settle(url, flows=(*FLOWS, flow("chat", CHAT), flow("gather", GATHER)))
    with opened(url) as town:
        for at, commands in MORNING:
            outcomes = town.do(*commands, at=at)
            assert all(isinstance(outcome, Done) for outcome in outcomes), outcomes
        sweep(town.uow, now=RUSH - timedelta(minutes=1), services=town.door)
