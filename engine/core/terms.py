"""The glossary in code: every closed set of words, with its Chinese label."""

from enum import StrEnum


class Term(StrEnum):
    """A word of the field: its value is the only spelling in code, its label is what people read."""

    label: str

    def __new__(cls, value: str, label: str) -> "Term":
        """Make the member from its *value* and its Chinese *label*."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member


class MatterKind(Term):
    """What moves through a flow."""

    DEMAND = "demand", "诉求"
    TASK = "task", "任务"
    TOPIC = "topic", "议题"
    RULING = "ruling", "裁决"


class Covers(Term):
    """Which unit a role acts for, seen from the place of a matter."""

    OWN = "own", "本人"
    GRID = "grid", "网格"
    ESTATE = "estate", "小区"
    COMMUNITY = "community", "社区"
    STREET = "street", "街道"
    DISTRICT = "district", "区"
    DEPARTMENT = "department", "部门"


class UnitKind(Term):
    """Kinds of units in the tree; departments stand beside it."""

    DISTRICT = "district", "区"
    STREET = "street", "街道"
    COMMUNITY = "community", "社区"
    VILLAGE = "village", "村"
    ESTATE = "estate", "小区"
    GRID = "grid", "网格"
    DEPARTMENT = "department", "部门"


class FieldType(Term):
    """Types of fields a flow may declare."""

    TEXT = "text", "文字"
    NUMBER = "number", "数字"
    CHOICE = "choice", "选择"
    YESNO = "yesno", "是否"
    DATE = "date", "日期"
    PHONE = "phone", "电话"
    FILES = "files", "文件"
    PERSON = "person", "人"
    PLACE = "place", "地点"

    @property
    def is_private(self) -> bool:
        """Whether values of this type always lie in the vault, never in events."""
        return self in _PRIVATE


_PRIVATE = frozenset({FieldType.TEXT, FieldType.PHONE, FieldType.FILES, FieldType.PERSON, FieldType.PLACE})


class Do(Term):
    """What a timer does when its instant comes."""

    REMIND = "remind", "提醒"
    WARN = "warn", "预警"
    LATE = "late", "记超时"
    SUPERVISE = "supervise", "督办"
    REASSIGN = "reassign", "转办"
    RAISE_URGENCY = "raise_urgency", "提高紧急程度"
    PROGRESS = "progress", "催报进展"
    ESCALATE = "escalate", "升级"
    ADVANCE = "advance", "转到下一步"
    RESUME = "resume", "恢复办理"
    ASSIGN = "assign", "派给"
    CLOSE = "close", "结案"
    SETTLE = "settle", "生效"

    @property
    def leaves(self) -> bool:
        """Whether the matter leaves its state."""
        return self in _LEAVING


_LEAVING = frozenset({Do.ESCALATE, Do.ADVANCE, Do.RESUME, Do.ASSIGN, Do.CLOSE})


class Seat(Term):
    """Place of a child matter among its siblings."""

    LEAD = "lead", "主办"
    ASSIST = "assist", "协办"


class Stops(Term):
    """Which clocks a state holds still."""

    LEVEL = "level", "本级时限"
    ALL = "all", "全部时限"


class Counter(Term):
    """Counts of what happened to a matter, for conditions and figures."""

    RETURNS = "returns", "退回次数"
    REOPENS = "reopens", "核查退回次数"
    REDOS = "redos", "重办次数"
    REASSIGNS = "reassigns", "转办次数"
    REMINDERS = "reminders", "提醒次数"
    EXTENSIONS = "extensions", "延期次数"
    ROUNDS = "rounds", "协商轮数"


COUNTERS_FED_BY_ENGINE = frozenset({Counter.REMINDERS, Counter.EXTENSIONS, Counter.ROUNDS})


class RefusalCode(Term):
    """Why the engine refuses, in the fixed order in which reasons are looked for."""

    STALE = "stale", "页面已过时"
    ENDED = "ended", "事情已经结束"
    NOT_HERE = "not_here", "这一步没有这个动作"
    ROLE = "role", "不是您这个岗位办的"
    SCOPE = "scope", "不在您的范围"
    SAME_PERSON = "same_person", "要换一个人来办"
    LIMIT = "limit", "次数已用完"
    NOT_BEFORE = "not_before", "还没到时候"
    BUDGET_SPENT = "budget_spent", "那一级的时限已用完"
    CONDITION = "condition", "条件不满足"
    REQUIRED = "required", "还缺内容"
    FIELD = "field", "内容不对"


class EventType(Term):
    """Kinds of entries in the history."""

    FILED = "filed", "立案"
    ACTED = "acted", "办理"
    FIRED = "fired", "到点"
    CHILD_OPENED = "child_opened", "派出任务"
    CHILD_ENDED = "child_ended", "任务结束"
    CANCELLED = "cancelled", "随诉求取消"
    LINKED = "linked", "列入议题"
    RECOMPUTED = "recomputed", "重算时限"
    IMPORTED = "imported", "导入"
    MIGRATED = "migrated", "换新版流程"
    SYSTEM = "system", "系统事项"


class BuiltIn(Term):
    """Actions the engine offers beside those a flow declares."""

    NOTE = "note", "记进展"
    ASK_EXTENSION = "ask_extension", "申请延期"
    GRANT_EXTENSION = "grant_extension", "同意延期"
    DENY_EXTENSION = "deny_extension", "不同意延期"
    ASSIGN = "assign", "补派"
    UNDO = "undo", "撤回刚才的"


class Office(Term):
    """Offices that stand beside the work; one person never holds two of them, and none of them works on matters."""

    SYSTEM_ADMIN = "system_admin", "系统管理员"
    SECURITY_ADMIN = "security_admin", "安全管理员"
    AUDITOR = "auditor", "审计员"


class Ability(Term):
    """What somebody who is signed in may open and do; which matters is a question of scope."""

    WORK = "work", "办事"
    FILE = "file", "报事"
    DISPATCH = "dispatch", "受理派单"
    ORDERS = "orders", "工单进出"
    SHEET = "sheet", "今日调度单"
    BOARD = "board", "看板"
    LIMITS = "limits", "改时限"
    APPROVE = "approve", "批准时限"
    ERASE = "erase", "申请删除个人信息"
    ERASURES = "erasures", "批准删除个人信息"
    IDENTITY = "identity", "看联系方式"
    AUDIT = "audit", "审计"
    PEOPLE = "people", "单位和人员"
    ACCOUNTS = "accounts", "账号"


class Purpose(Term):
    """What somebody looks at a reporter's name and telephone number for."""

    ASK = "ask", "问清情况"
    VISIT = "visit", "约时间上门"
    ANSWER = "answer", "答复和回访"
    URGENT = "urgent", "急事，马上要找到人"


class ErasurePart(Term):
    """What of a demand may be erased apart from the rest."""

    PEOPLE = "people", "姓名和电话"
    WORDS = "words", "文字"
    PHOTOS = "photos", "照片"


class ErasureReason(Term):
    """Why personal data of a demand is erased: the cases of the Personal Information Protection Law, art. 47."""

    REQUESTED = "requested", "本人要求删除"
    WITHDRAWN = "withdrawn", "本人收回了同意"
    ACHIEVED = "achieved", "事情办完了，不再需要"
    EXPIRED = "expired", "保存期限满了"
    UNLAWFUL = "unlawful", "不该收集的"


class ErasureState(Term):
    """How far a wish to erase has come."""

    WAITING = "waiting", "等安全管理员同意"
    DONE = "done", "已删"
    REFUSED = "refused", "没有同意"
    WITHDRAWN = "withdrawn", "撤回了"


class LeaveReason(Term):
    """Why the holder of a post is away; never about health, which is nobody's business here."""

    HOLIDAY = "holiday", "休假"
    TRAINING = "training", "培训"
    AWAY = "away", "外出公务"
    OTHER = "other", "其他"


class VenueKind(Term):
    """Kinds of places where people of a grid talk things over."""

    HALL = "hall", "议事厅"
    PAVILION = "pavilion", "议事亭"
    ROOM = "room", "议事室"
    YARD = "yard", "楼前院内"
    STATION = "station", "社区服务站"


SYSTEM_ROLE = "system"
SUPERVISOR = "supervisor"
FIXED_ROLES = frozenset({SUPERVISOR, *(office.value for office in Office)})
CLASS_ALL = "all"


class ProposalState(Term):
    """How far a proposed limits text has come."""

    DRAFT = "draft", "草稿"
    WAITING = "waiting", "等人批"
    APPROVED = "approved", "批准了，还没生效"
    REFUSED = "refused", "没有批"
    WITHDRAWN = "withdrawn", "撤回了"
    IN_EFFECT = "in_effect", "已生效"
    LAPSED = "lapsed", "没有生效"
