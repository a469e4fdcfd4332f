"""
What a message says and when it may go: texts from a kind and its facts, quiet hours, several missed ones in one.

No private value comes here: a message names the matter, its step and its dates, and the reader opens it for the rest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from engine.core.workflow.declaration import Quiet

MAX_TEXT = 2000
LISTED = 5

# {subject}: 诉求 2611-0042; {state}: the step; {due}, {outcome}, {seat}: as their names say. `due` may be missing.
_TEXTS: Mapping[str, str] = {
    "remind": "{subject}还在「{state}」，{due}请尽快办理。",
    "warn": "{subject}在「{state}」需要您留意，{due}请看一看。",
    "late": "{subject}在「{state}」已经超时，{due}请尽快办理并说明情况。",
    "supervise": "{subject}在「{state}」已转入督办，由您答复；原承办人继续办理。",
    "reassign": "{subject}在「{state}」已转办，请接着办理。{due}",
    "raise_urgency": "{subject}已提高紧急程度，现在在「{state}」。{due}",
    "progress": "{subject}在「{state}」需要说一次进展。",
    "review": "{subject}在「{state}」到了该说进展的时候，请说一说现在怎么样。",
    "escalate": "{subject}到期没有办完，已升级，现在在「{state}」。{due}",
    "advance": "{subject}到期已转到下一步，现在在「{state}」。{due}",
    "resume": "{subject}等待期已满，恢复办理，现在在「{state}」。{due}",
    "assign": "{subject}已派给您，现在在「{state}」。{due}",
    "close": "{subject}到期已结案。",
    "moved": "{subject}现在在「{state}」。{due}",
    "migrated": "{subject}的时限按新的时限表改了，现在在「{state}」。{due}",
    "filed": "{subject}已收到，现在在「{state}」。{due}",
    "ended": "{subject}已经结束：{outcome}。",
    "seat_empty": "{subject}在「{state}」还缺{seat}单位，请补派。",
}
# To those who are told beside whoever has to act now.
_TEXTS_BESIDE: Mapping[str, str] = {
    "late": "{subject}在「{state}」已经超时，{due}承办人还没有办完，请过问。",
    "supervise": "{subject}在「{state}」已转入督办，由上级答复；承办人继续办理。",
    "reassign": "{subject}在「{state}」已转给别的岗位办理。{due}",
}
_OTHER = "{subject}有新的情况，现在在「{state}」。{due}"
_SHORT: Mapping[str, str] = {
    "remind": "提醒",
    "warn": "预警",
    "late": "超时",
    "supervise": "转入督办",
    "reassign": "转办",
    "raise_urgency": "提高紧急程度",
    "progress": "催报进展",
    "review": "该说进展",
    "escalate": "升级",
    "advance": "转到下一步",
    "resume": "恢复办理",
    "assign": "派给您",
    "close": "结案",
    "moved": "换了步骤",
    "migrated": "时限改了",
    "filed": "立案",
    "ended": "结束",
    "seat_empty": "有单位空缺",
}
_OTHER_SHORT = "有新的情况"


@dataclass(frozen=True, slots=True)
class Words:
    """What a text is filled with, in words for people; what does not apply is empty."""

    subject: str
    state: str
    due: str = ""
    outcome: str = ""
    seat: str = ""


def text_of(kind: str, words: Words) -> str:
    """Return the Chinese text of a message of *kind*; an unknown kind says that something is new."""
    return _filled(_TEXTS.get(kind, _OTHER), words)


def text_beside(kind: str, words: Words) -> str:
    """Return the same for somebody who is to know of it while somebody else has to act."""
    return _filled(_TEXTS_BESIDE[kind], words) if kind in _TEXTS_BESIDE else text_of(kind, words)


def _filled(template: str, words: Words) -> str:
    text = template.format(
        subject=words.subject,
        state=words.state,
        due=f"{words.due} 到期。" if words.due else "",
        outcome=words.outcome or "已办结",
        seat=words.seat,
    )
    return text[:MAX_TEXT]


def text_of_missed(kinds: Sequence[str], words: Words) -> str:
    """Return one text for several messages of one matter, oldest kind first; *words* tell how it stands now."""
    happened = list(dict.fromkeys(_SHORT.get(kind, _OTHER_SHORT) for kind in kinds))
    told = "、".join(happened[-LISTED:]) + ("等" if len(happened) > LISTED else "")
    now = f"已经结束：{words.outcome}。" if words.outcome else f"现在在「{words.state}」。"
    due = f"{words.due} 到期。" if words.due and not words.outcome else ""
    return f"{words.subject}这段时间有 {len(kinds)} 条消息：{told}。{now}{due}"[:MAX_TEXT]


def may_go_at(now: datetime, *, quiet: Quiet | None, klass: str, urgent: bool, zone: tzinfo) -> datetime:
    """Return when a message may go: *now*, or the end of the quiet hours that *now* lies in."""
    if quiet is None or urgent or klass in quiet.except_classes or quiet.start == quiet.end:
        return now
    local = now.astimezone(zone)
    if not _is_quiet(local.time(), quiet):
        return now
    ends_on = local.date() + timedelta(days=1 if local.time() > quiet.end else 0)
    end = datetime.combine(ends_on, quiet.end, tzinfo=zone).astimezone(now.tzinfo)
    return max(now, end)


def _is_quiet(at: time, quiet: Quiet) -> bool:
    if quiet.start < quiet.end:
        return quiet.start <= at < quiet.end
    return at >= quiet.start or at < quiet.end


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message on its way: its place in the outbox, its matter, whom it is for, what it says."""

    id: str
    matter: str
    recipient: tuple[str | None, str | None, str | None]
    kind: str
    made_at: datetime
    attempts: int


def bundles(waiting: Iterable[Waiting]) -> tuple[tuple[Waiting, ...], ...]:
    """
    Put messages of one matter to one recipient together, oldest first in each, in order of their newest.

    One that was tried before may have arrived, so it stays by itself and keeps its key.
    """
    groups: dict[tuple[str, tuple[str | None, ...], str], list[Waiting]] = {}
    for message in sorted(waiting, key=lambda message: (message.made_at, message.id)):
        alone = message.id if message.attempts else ""
        groups.setdefault((message.matter, message.recipient, alone), []).append(message)
    return tuple(sorted(map(tuple, groups.values()), key=lambda group: (group[-1].made_at, group[-1].id)))
