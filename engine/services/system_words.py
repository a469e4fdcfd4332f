"""The words of system matters: rights, rules, calendars, settings, looks, exports, and what was done to them."""

from collections.abc import Mapping
from itertools import combinations

from engine.core.history import Event
from engine.core.matter import Json
from engine.core.terms import ErasurePart, ErasureReason, Purpose
from engine.services.export_chain import ExportPurpose

TOPICS = {
    "organisation": "单位和岗位",
    "accounts": "账号和登录",
    "workflows": "流程和时限",
    "calendars": "工作日历",
    "clock": "时钟和停机",
    "looks": "看个人信息",
    "access": "看不公开内容",
    "receipts": "居民的回执",
    "orders": "工单进出",
    "places": "场所和楼栋",
    "audit": "核验和导出",
    "digest": "每天的摘要",
    "erasure": "删除个人信息",
}
_ACTIONS = {
    "account_closed": "停用账号", "account_opened": "开通账号", "account_reopened": "重新启用账号",
    "administrators_made": "设立三个管理员", "calendar_stored": "存日历", "clock_believed": "恢复相信时钟",
    "clock_suspect": "怀疑时钟，规则停下", "clock_trusted": "确认时钟没错", "codes_guessed": "有人在猜查询码",
    "compared": "与存在外面的摘要核对", "default_calendar": "定默认日历", "demo_people_made": "设立演示人员",
    "digest": "做当天的摘要", "exported": "导出一件事的全部记录", "first_run_code_made": "生成首次设置的一次性码",
    "held": "停机以后压住到点的规则", "held_let_go": "压住的规则自动放行", "held_released": "放行压住的规则",
    "parked_retried": "再试放在一边的规则",
    "looked": "看联系方式", "opened": "看不公开内容", "password_changed": "改密码",
    "password_given_again": "再输一次密码", "password_reset": "重设密码", "people_imported": "导入人员",
    "places_removed": "去掉场所", "places_saved": "存场所", "post_chosen": "换岗位", "published": "发布流程或时限",
    "receipt_replaced": "换一张回执，旧的打不开了", "session_ended": "结束登录", "sessions_ended": "结束全部登录",
    "sign_in_failed": "登录没成", "sign_in_slowed": "登录失败太多，放慢", "signed_in": "登录", "signed_out": "退出",
    "street_imported": "导入一个街道", "token_made": "发接口令牌", "token_revoked": "收回接口令牌",
    "verified": "核验整份记录", "verified_one": "核验一条链", "changed": "有变更",
    "units_saved": "存单位", "posts_granted": "任命岗位", "roster_saved": "存值班表", "leave_recorded": "记请假",
    "post_ended": "卸任岗位", "person_added": "加一个人", "orders_taken_in": "收进工单",
    "orders_given_back": "送回工单", "proposed": "提出改时限", "approved": "批准改时限", "refused": "没有批准",
    "in_effect": "生效", "withdrawn": "撤回", "erasure_done": "按要求删去个人信息",
    "erasure_asked": "申请删除个人信息", "erasure_withdrawn": "撤回删除的申请", "erasure_refused": "没有同意删除",
}  # fmt: skip
_MATTER = "matter"
_FACTS = {
    _MATTER: "事项", "events": "记录条数", "found": "对不上", "purpose": "为什么", "day": "哪天", "agrees": "一致",
    "person": "人", "people": "人数", "post": "岗位", "posts": "岗位", "units": "单位", "unit": "单位",
    "duties": "值班",
    "leaves": "请假", "venues": "场所", "buildings": "楼栋", "organisation": "版本", "calendar": "日历",
    "workflow": "流程", "digest": "摘要", "hash": "摘要", "chains": "链数", "timers": "定时", "reason": "缘由",
    "fields": "看了哪些", "wrong": "错了几次", "scope": "按什么算", "session": "登录", "sessions_ended": "结束的登录",
    "parts": "删哪些", "values": "删了几项", "second": "谁同意的",
    "exit_code": "退出码", "outside": "存样", "sha256": "文件的摘要", "proposal": "提议", "from": "从", "to": "到",
    "counts": "件数", "count": "件数", "kind": "种类", "token": "令牌", "look": "哪一次",
}  # fmt: skip
_VALUES: dict[tuple[str, object], str] = {
    ("kind", "office"): "办公电脑", ("kind", "phone"): "自己的手机",
    ("purpose", "feedback"): "交回上级平台",
    **{
        ("parts", ",".join(sorted(some))): "、".join(one.label for one in ErasurePart if one in some)
        for count in range(1, len(ErasurePart) + 1)
        for some in combinations(ErasurePart, count)
    },
    **{("reason", one.value): one.label for one in ErasureReason},
    **{("purpose", one.value): one.label for one in (*Purpose, *ExportPurpose)},
}  # fmt: skip
_SIMPLE = (str, int, bool)
_LONGEST = 60
_MOST = 6


def topic_words(topic: str) -> str:
    """Return what a topic is called."""
    return TOPICS.get(topic, topic)


def system_words(event: Event, *, matters: Mapping[str, str]) -> tuple[str, str, tuple[str, ...]]:
    """Return the topic of a system event, what was done, and the facts with it; *matters* are called so."""
    topic = event.matter.partition("/")[2]
    return topic_words(topic), _ACTIONS.get(event.action, event.action), _facts(event.data, matters)


def matter_of(event: Event) -> str | None:
    """Return the id of the matter that a system event is about, if it is about one."""
    found = event.data.get(_MATTER)
    return found if isinstance(found, str) else None


def _facts(data: Json, matters: Mapping[str, str]) -> tuple[str, ...]:
    said = []
    for name, value in data.items():
        if name == _MATTER and value in matters:
            said.append(f"{_FACTS[name]}：{matters[str(value)]}")
        elif isinstance(value, _SIMPLE) and value != "":
            shown = ("是" if value else "否") if isinstance(value, bool) else _VALUES.get((name, value), str(value))
            said.append(f"{_FACTS.get(name, name)}：{shown[:_LONGEST]}")
        elif isinstance(value, list) and value:
            said.append(f"{_FACTS.get(name, name)} {len(value)} 项")
    return tuple(said[:_MOST])
