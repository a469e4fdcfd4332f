"""The ways demands of the demo go: who does what when. What lies after now has not happened yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.services import demo_texts as texts


@dataclass(frozen=True, slots=True)
class Press:
    """
    One press.

    `when`: `+35` minutes after the filing, `2 10:40` working days after it at a local time, `last` the latest ordinary
    moment before now. `on` is the demand, or its `lead`, `assist.1`, `assist.2` or `topic`. Values that are lists of
    texts are taken in turn; `seats` are (seat, unit), `topic` the life whose topic is joined.
    """

    when: str
    role: str
    action: str
    values: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    on: str = ""
    seats: tuple[tuple[str, str], ...] = ()
    topic: str = ""


CATEGORY = "<category>"
PHOTO = "<photo>"
_ACCEPT = Press("+35", "grid_worker", "accept", {"category": CATEGORY})
_CONTACT = Press("+75", "grid_worker", "contact", {"note": texts.CONTACTED})
_NOTE = Press("1 10:30", "grid_worker", "note", {"note": texts.PROGRESS})
_SOLVE_VALUES: dict[str, str | tuple[str, ...]] = {"note": texts.DONE, "photo_after": PHOTO}
_SOLVE = Press("2 10:40", "grid_worker", "solve", _SOLVE_VALUES)
_PASS = Press("2 15:30", "service_centre", "pass")
_AGREE = Press("3 19:10", "resident", "agree", {"rating": "satisfied"})
_BEGIN = (_ACCEPT, _CONTACT)
_GRID = (*_BEGIN, _NOTE, _SOLVE, _PASS)
_UP_VALUES: dict[str, str | tuple[str, ...]] = {"reason": "not_our_power", "done_so_far": texts.UP_DONE}
_TO_COMMUNITY = (
    *_BEGIN,
    Press("1 11:00", "grid_worker", "up", _UP_VALUES),
    Press("1 14:40", "community_clerk", "take"),
    Press("3 10:10", "community_clerk", "contact", {"note": texts.CONTACTED}),
)
_STREET_VALUES: dict[str, str | tuple[str, ...]] = {"reason": "needs_many_units", "done_so_far": texts.STREET_DONE}
_TO_STREET = (*_TO_COMMUNITY, Press("5 11:00", "community_head", "up", _STREET_VALUES))
_DISPATCH = Press(
    "5 15:30", "street_office", "dispatch", seats=(("lead", ""), ("assist", "city_management"), ("assist", "housing"))
)
_DISPATCHED = (
    *_TO_STREET,
    _DISPATCH,
    Press("6 09:20", "department", "accept", on="lead"),
    Press("6 10:10", "department", "accept", on="assist.1"),
    Press("9 11:00", "street_office", "contact", {"note": texts.CONTACTED}),
    Press("10 16:00", "department", "finish", {"note": "现场看过，意见书已经发给主办单位。"}, on="assist.1"),
)
_TOPIC_ASKED = (*_BEGIN, Press("1 10:20", "grid_worker", "up", _UP_VALUES))
_TOPIC_BEGUN = (
    Press("2 09:30", "community_clerk", "told", {"note": "楼门贴了通知，微信群里也发了，家家知道。"}, on="topic"),
    Press("5 16:00", "community_clerk", "collected", {"note": "收到三十一户意见，主要是费用和工期。"}, on="topic"),
    Press("6 10:00", "community_head", "settle", {"note": "定下来先比较两种办法的费用。"}, on="topic"),
)
_AGAIN = (
    Press("4 09:40", "grid_worker", "note", {"note": "又去看了，是上一层的接头松，约了周内换。"}),
    Press("5 14:00", "grid_worker", "solve", _SOLVE_VALUES),
    Press("5 16:30", "grid_leader", "pass"),
)
_REDO = Press("3 19:00", "resident", "redo", {"rating": "not", "note": "好了一天又犯，没修到根上。"})

LIVES: dict[str, tuple[Press, ...]] = {
    "solved": (*_GRID, _AGREE),
    "answered": (
        Press("+30", "grid_worker", "accept", {"category": CATEGORY}),
        Press("+55", "grid_worker", "answer", {"note": "当面说清楚了地点、时间和要带的证件。"}),
    ),
    "unrated": _GRID,
    "redone": (*_GRID, _REDO, *_AGAIN, Press("6 18:20", "resident", "agree", {"rating": "mostly"})),
    "refused": (
        Press(
            "+60",
            "service_centre",
            "refuse",
            {"refuse_code": "court", "note": "借款纠纷要走法院，已告诉立案窗口的地址和时间。"},
        ),
    ),
    "withdrawn": (_ACCEPT, Press("1 10:00", "resident", "withdraw")),
    "grid_now": (*_BEGIN, _NOTE),
    "waiting_grid": (),
    "paused": (*_BEGIN, Press("last", "grid_worker", "ask", {"note": "请补一张看得清位置的照片。"})),
    "late_grid": _BEGIN,
    "supervised_grid": _BEGIN,
    "escalated": _BEGIN,
    "escalated_then": (
        *_BEGIN,
        Press("7 10:30", "community_clerk", "take"),
        Press("8 09:40", "community_clerk", "contact", {"note": texts.CONTACTED}),
    ),
    "sent_up": _TO_COMMUNITY,
    "community_late": _TO_COMMUNITY,
    "extended": (
        *_TO_COMMUNITY,
        Press("5 10:00", "community_clerk", "ask_extension"),
        Press("5 15:10", "street_office", "grant_extension"),
    ),
    "extended_asked": (*_TO_COMMUNITY, Press("last", "community_clerk", "ask_extension")),
    "topic_lead": (*_TOPIC_ASKED, Press("1 15:00", "community_clerk", "topic"), *_TOPIC_BEGUN),
    "topic_join": (*_TOPIC_ASKED, Press("1 15:20", "community_clerk", "topic", topic="topic_lead")),
    "topic_own": (
        *_TOPIC_ASKED,
        Press("1 16:00", "community_head", "topic"),
        *_TOPIC_BEGUN,
        Press(
            "11 10:00",
            "community_clerk",
            "plan_ready",
            {"options": "一、草坪东侧改二十个车位。二、不改，和隔壁商场谈夜间停车。"},
            on="topic",
        ),
    ),
    "to_street": (*_TO_COMMUNITY, Press("last", "community_head", "up", _STREET_VALUES)),
    "dispatched": _DISPATCHED,
    "dispatched_done": (
        *_DISPATCHED,
        Press("12 11:20", "department", "finish", {"note": "人员和设备到位，配合完成。"}, on="assist.2"),
        Press("13 15:00", "department", "finish", {"note": "更换了阀门和管段，通水试压合格。"}, on="lead"),
        Press("14 10:00", "service_centre", "pass"),
        Press("14 19:00", "resident", "agree", {"rating": "satisfied"}),
    ),
    "dispatched_late": _DISPATCHED,
    "sent_back_task": (
        *_TO_STREET,
        Press("5 15:30", "street_office", "dispatch", seats=(("lead", "parks"), ("assist", "city_management"))),
        Press("6 10:30", "department", "accept", on="assist.1"),
        Press(
            "6 09:40",
            "department",
            "send_back",
            {"basis": "线缆产权在通信单位，园林只管树。", "propose": "telecom"},
            on="lead",
        ),
    ),
    "listed": (
        *_TO_STREET,
        Press(
            "5 16:00",
            "street_head",
            "list",
            {"reason": "property_right", "plan": "产权单位回函前先不动；每月联系一次，先在西侧空地临时停车。"},
        ),
    ),
    "appealed": (
        *_GRID,
        _REDO,
        *_AGAIN,
        Press("6 18:20", "resident", "appeal", {"rating": "not", "note": "换了接头还是潮，请街道看一看。"}),
    ),
    "emergency_done": (
        Press("+12", "duty_desk", "arrive"),
        Press("+50", "duty_desk", "control", {"note": "人已疏散，现场拉了警戒线，专业人员接手。"}),
        Press("+170", "department", "finish", {"note": "险情排除，检测合格，已告诉住户。"}, on="lead"),
        Press("1 10:00", "service_centre", "pass"),
        Press("1 18:40", "resident", "agree", {"rating": "satisfied"}),
    ),
    "emergency_now": (Press("+14", "duty_desk", "arrive"),),
    "patrol": _GRID[1:],
    "hotline": _GRID,
    "council": (
        Press("+60", "community_clerk", "take"),
        Press("1 10:00", "community_clerk", "contact", {"note": texts.CONTACTED}),
        Press("6 15:00", "community_clerk", "solve", _SOLVE_VALUES),
        Press("7 10:20", "service_centre", "pass"),
    ),
    "checking": (*_BEGIN, Press("last", "grid_worker", "solve", _SOLVE_VALUES)),
    "confirming": (*_BEGIN, _NOTE, _SOLVE, Press("last", "service_centre", "pass")),
}
STARTS = {
    "patrol": ("patrol", "grid_worker"),
    "hotline": ("hotline", "service_centre"),
    "council": ("council", "community_clerk"),
}
