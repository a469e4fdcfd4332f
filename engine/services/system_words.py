"""The words of system matters: rights, rules, calendars, settings, looks, exports, and what was done to them."""

from engine.core.history import Event
from engine.core.matter import Json
from engine.core.scope import Organisation

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
    "looked": "看联系方式", "opened": "看不公开内容", "password_changed": "改密码",
    "password_given_again": "再输一次密码", "password_reset": "重设密码", "people_imported": "导入人员",
    "places_removed": "去掉场所", "places_saved": "存场所", "post_chosen": "换岗位", "published": "发布流程或时限",
    "receipt_replaced": "换一张回执，旧的打不开了", "session_ended": "结束登录", "sessions_ended": "结束全部登录",
    "sign_in_failed": "登录没成", "sign_in_slowed": "登录失败太多，放慢", "signed_in": "登录", "signed_out": "退出",
    "street_imported": "导入一个街道", "token_made": "发接口令牌", "token_revoked": "收回接口令牌",
    "verified": "核验整份记录", "verified_one": "核验一条链", "changed": "有变更", "pii_erased": "删除个人信息",
}  # fmt: skip
_SIMPLE = (str, int, bool)
_LONGEST = 60
_MOST = 6


def topic_words(topic: str) -> str:
    """Return what a topic is called."""
    return TOPICS.get(topic, topic)


def system_words(event: Event, *, organisation: Organisation) -> tuple[str, str, tuple[str, ...]]:
    """Return the topic of a system event, what was done, and the facts recorded with it."""
    del organisation
    topic = event.matter.partition("/")[2]
    return topic_words(topic), _ACTIONS.get(event.action, event.action), _facts(event.data)


def _facts(data: Json) -> tuple[str, ...]:
    said = []
    for name, value in data.items():
        if isinstance(value, _SIMPLE) and value != "":
            said.append(f"{name}={str(value)[:_LONGEST]}")
        elif isinstance(value, list) and value:
            said.append(f"{name} {len(value)} 项")
    return tuple(said[:_MOST])
