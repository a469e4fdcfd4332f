"""
The one table of every key of the language.

It validates (`reader`), makes `workflows/schema.json` (`schema`) and the reference page. Each key: its name, what it
holds, one line of Chinese, whether it must be there. Flows stand here, limits and catalogues in `grammar_tables`.
Source: LANGUAGE, «Flow».
"""

from engine.core.terms import COUNTERS_FED_BY_ENGINE, Counter, Covers, Do, FieldType, MatterKind, Stops
from engine.core.workflow import kinds
from engine.core.workflow.shapes import Either, Key, Leaf, ListOf, Record, TableOf

TEXT = Leaf(kinds.WORDS)
ID = Leaf(kinds.ID)
TRUTH = Leaf(kinds.TRUTH)
WHOLE = Leaf(kinds.WHOLE)
POSITIVE = Leaf(kinds.WHOLE, least=1)
DURATION = Leaf(kinds.DURATION)
CONDITION = Leaf(kinds.CONDITION)
VALUE = Leaf(kinds.VALUE)


def _words(words: type[Covers] | type[FieldType] | type[MatterKind] | type[Stops]) -> Leaf:
    return Leaf(words=tuple(words))


def ref(*kinds_: str, beside: tuple[str, ...] = ()) -> Leaf:
    return Leaf(refers=kinds_, beside=beside)


_DO = tuple(word for word in Do if word is not Do.SETTLE)  # the engine's own: what a press with `settle` waits for
_COUNTED = tuple(word for word in Counter if word not in COUNTERS_FED_BY_ENGINE)
ROLE, STATE, FIELD, CALENDAR = ref("role"), ref("state"), ref("field"), ref("calendar")
ROLES, FIELDS = ListOf(ROLE), ListOf(FIELD)
MARKS = ListOf(Leaf(kinds.ID, declares="mark"))
TELL = ListOf(ref("role", beside=("superior", "reporter", "holder")))
CLOCK_END = ref("state", "mark", "level_end", beside=("filed", "final"))

LABEL = Either(
    text=TEXT,
    table=Record(
        "label",
        "给人看的字",
        (Key("zh", TEXT, "中文", required=True), Key("en", TEXT, "英文；不写就用中文")),
    ),
)
CHOSEN = Record(
    "duration_case",
    "按条件选时限的一行",
    (Key("when", CONDITION, "条件；不写就总是合适"), Key("is", DURATION, "时限", required=True)),
)
DUE = Either(
    text=Leaf(kinds.DUE, refers=("column",)),
    items=ListOf(CHOSEN),
    table=TableOf(DURATION, refers=("class",)),
)
LAST_OF = Record(
    "last_of",
    "回到去过的状态",
    (Key("last_of", ListOf(STATE), "这几个状态里最近去过的那个", required=True),),
)
TARGET = Either(text=STATE, table=LAST_OF)
TARGET_CASE = Record(
    "target_case",
    "按条件选去处的一行",
    (Key("when", CONDITION, "条件；不写就总是合适"), Key("is", STATE, "去哪个状态", required=True)),
)

_TIMER_KEYS = (
    Key("do", Leaf(words=_DO), "做什么", required=True),
    Key("to", TARGET, "离开时去哪个状态；escalate 不写就到上一级"),
    Key("to_role", ROLE, "reassign 转给哪个岗位"),
    Key("more", DURATION, "reassign 从那时起另给多少时间"),
    Key("tell", TELL, "告诉谁：岗位、superior 上级、reporter 反映人、holder 经办人"),
    Key("keep", Leaf(words=("assist",)), "assist：原经办人留下协助"),
    Key("fires", Leaf(words=("opening",)), "opening：等到下一次上班才动"),
    Key("limit", POSITIVE, "一件事里最多动几次"),
    Key("when", CONDITION, "条件"),
    Key("reason", LABEL, "为什么，写进办理过程"),
)
TIMER = Record(
    "timer",
    "到点做的事",
    (Key("at", Leaf(kinds.OFFSET), "什么时候：entry、50%、due-1wd、due、every 7d、end", required=True), *_TIMER_KEYS),
)
BARE_TIMER = Record("timer_without_at", "时限用完时做的事", _TIMER_KEYS)
TIMERS = ListOf(TIMER)

ACTION = Record(
    "action",
    "人在一个状态里能做的事",
    (
        Key("label", LABEL, "按钮上的字；不写就是代号"),
        Key("by", ROLES, "哪些岗位可以做"),
        Key("to", TARGET, "去哪个状态；不写就留在原处"),
        Key("when", CONDITION, "什么条件下可以做"),
        Key("require", FIELDS, "这一次必须填的字段，以前填的不算"),
        Key("optional", FIELDS, "这一次可以填的字段"),
        Key("limit", POSITIVE, "每件事在这个状态里最多做几次，不清零"),
        Key("set", TableOf(VALUE, refers=("field",)), "填完表后写入的固定值"),
        Key("marks", MARKS, "记下的事实，时限和节点看它"),
        Key("counts", Leaf(words=_COUNTED), "记进哪个次数：returns、reopens、redos、reassigns"),
        Key("confirm", LABEL, "做之前再问一句"),
        Key("not_before", DURATION, "进入状态多久之后才可以做"),
        Key("other_than", ref("action"), "不能是做过这个动作的人"),
        Key("place_from", ref("field"), "这件事以后归这个字段里填的网格"),
        Key("settle", DURATION, "按下就收下，过这么久才生效；在那以前可以撤回"),
        Key("shown", TRUTH, "这一次写的话，提出的居民看得到；不写就看不到"),
    ),
)
ACTIONS = TableOf(ACTION, declares="action")

MILESTONE = Record(
    "milestone",
    "一个状态里的时间节点",
    (
        Key("within", DURATION, "多久之内", required=True),
        Key("met_by", ListOf(ref("action", "mark")), "哪些动作或标记算做到；不写就看同名的动作或标记"),
        Key("overdue", BARE_TIMER, "没做到时做什么；不写就预警经办人"),
    ),
)
EXTEND = Record(
    "extend",
    "延期",
    (
        Key("times", POSITIVE, "最多几次", required=True),
        Key("length", DURATION, "每次多长，从原来的到期时刻接着算", required=True),
        Key("ask", ROLES, "谁可以申请", required=True),
        Key("approve", ROLES, "谁可以同意", required=True),
    ),
)
OUTCOME = Record(
    "outcome",
    "之后去哪里",
    (Key("to", TARGET, "去哪个状态", required=True), Key("require", FIELDS, "先要填好的字段")),
)
THRESHOLDS = Either(text=Leaf(kinds.THRESHOLD), items=ListOf(Leaf(kinds.THRESHOLD)))
VOTE = Record(
    "vote",
    "表决",
    (
        Key("members", ROLE, "谁来表决", required=True),
        Key("announce", DURATION, "提前多久公告", required=True),
        Key("window", DURATION, "投票开放多久", required=True),
        Key("rounds", POSITIVE, "最多几轮；不写就一轮"),
        Key("quorum", THRESHOLDS, "多少人参加才有效", required=True),
        Key("pass", THRESHOLDS, "多少票算通过；写几条就要条条都够", required=True),
        Key("unit", ID, "按什么计票：人、户、业主和面积"),
        Key("passed", OUTCOME, "通过以后"),
        Key("rejected", OUTCOME, "没通过以后"),
        Key("no_quorum", OUTCOME, "几轮都不够人以后"),
    ),
)
CHILD = Record(
    "child",
    "派出去的任务",
    (
        Key("workflow", ref("flow"), "任务走哪个流程", required=True),
        Key("start", ID, "从哪个入口进；只有一个入口时可以不写"),
        Key("to", ref("role", beside=tuple(Covers)), "交给哪个岗位或哪类单位", required=True),
        Key("count", Leaf(kinds.COUNT), "几家：1 或 0..5"),
        Key("limit", DUE, "给多少时间，任务里写 due: given"),
        Key("pick", Leaf(words=("by_category",)), "by_category：没人选时由类别的责任单位办"),
        Key("void", ListOf(ID), "任务的哪些结局不算数"),
    ),
)
CHILDREN = Record(
    "children",
    "派给主办和协办单位",
    (
        Key("lead", CHILD, "主办"),
        Key("assist", CHILD, "协办"),
        Key("join", Leaf(kinds.JOIN), "什么时候算齐：all 全部、lead 主办、any 任一家、或几家；不写就是 all"),
        Key("done", OUTCOME, "齐了以后"),
    ),
)
WAITS_FOR = Record(
    "waits_for",
    "等一个议题",
    (
        Key("workflow", ref("flow"), "议题走哪个流程", required=True),
        Key("join", Leaf(words=("all", "any")), "连着几个议题时：all 都要结束、any 有一个就行；不写就是 all"),
        Key("outcomes", TableOf(STATE), "议题的结局 → 去哪个状态"),
    ),
)

STATE_RECORD = Record(
    "state",
    "状态",
    (
        Key("label", LABEL, "名字；不写就是代号"),
        Key("held_by", ROLE, "谁经办"),
        Key(
            "due",
            Either(text=Leaf(kinds.DUE, refers=("column",), beside=("given",)), items=DUE.items, table=DUE.table),
            "办理时限：时限、按类的时限、按条件的时限、limits.<列>，或 given 由派出的一方给",
        ),
        Key("ladder", Leaf(words=("none",)), "none：不用时限表里的升级阶梯"),
        Key("timers", TIMERS, "到点做的事；同一种事替掉阶梯里的那一条"),
        Key("actions", ACTIONS, "能做的事"),
        Key("milestones", TableOf(Either(text=DURATION, table=MILESTONE)), "时间节点；只写时限就是到点预警经办人"),
        Key("extend", EXTEND, "延期"),
        Key("calendar", CALENDAR, "用哪份日历"),
        Key("stops", _words(Stops), "停住哪些时限：level 本级、all 全部；要写 basis"),
        Key("basis", LABEL, "依据"),
        Key("pause", TRUTH, "yes：停住来处的时限，自己的 due 是上限"),
        Key("vote", VOTE, "表决"),
        Key("children", CHILDREN, "派给主办和协办单位"),
        Key("waits_for", WAITS_FOR, "等一个议题"),
        Key("review", DURATION, "没有终点的状态：每隔多久要说一次"),
        Key("final", ID, "结局的代号；写了就是终点"),
        Key("no_deadline", LABEL, "不要时限的理由"),
    ),
)
STATES = TableOf(STATE_RECORD, declares="state")

LEVEL = Record(
    "level",
    "层级，低的在前",
    (
        Key("label", LABEL, "名字；不写就是代号"),
        Key("up", ref("level", "state"), "上一级，或一个状态"),
        Key("entry", STATE, "升级来的从哪个状态进"),
        Key("budget", DUE, "整个一级的时限，从第一次进入算起"),
        Key("over_budget", BARE_TIMER, "整级时限用完时做什么"),
        Key("calendar", CALENDAR, "用哪份日历"),
        Key(
            "everywhere",
            Record("everywhere", "这一级每个状态都有的", (Key("actions", ACTIONS, "能做的事"),)),
            "每个状态都有的",
        ),
        Key("states", STATES, "这一级的状态"),
    ),
)
ROLE_RECORD = Record(
    "role",
    "岗位",
    (
        Key("label", LABEL, "名字；不写就是代号"),
        Key("covers", _words(Covers), "管哪一级单位的事", required=True),
        Key("above", ROLE, "上级岗位"),
        Key("roster", TRUTH, "yes：由值班表上的人担任"),
        Key("calendar", CALENDAR, "用哪份日历"),
    ),
)
FIELD_RECORD = Record(
    "field",
    "字段",
    (
        Key("type", _words(FieldType), "类型", required=True),
        Key("of", Either(text=ref("catalogue"), items=ListOf(ID)), "choice 的选项：一列代号，或目录 categories、units"),
        Key("choices", TableOf(LABEL), "选项给人看的字"),
        Key("default", VALUE, "没填时的值"),
        Key("min", WHOLE, "最小的数，或最少的字数、件数"),
        Key("max", WHOLE, "最大的数，或最多的字数、件数"),
        Key("private", TRUTH, "yes：按个人信息保存"),
        Key("label", LABEL, "名字；不写就是代号"),
    ),
)
CLOCK = Record(
    "clock",
    "跨状态的时限",
    (
        Key("label", LABEL, "名字；不写就是代号"),
        Key("from", CLOCK_END, "从什么时候算：filed、标记、level.<层级> 或状态", required=True),
        Key("until", CLOCK_END, "到什么时候停：final、标记、level.<层级> 或状态", required=True),
        Key("limit", DUE, "多长", required=True),
        Key("not_after", Leaf(words=("external.due",)), "external.due：不晚于上级平台给的期限"),
        Key("timers", TIMERS, "到点做的事"),
    ),
)
PROMISE = Record(
    "promise",
    "对居民的承诺",
    (
        Key("id", Leaf(kinds.ID, declares="promise"), "代号", required=True),
        Key("says", LABEL, "承诺的话", required=True),
        Key("within", DURATION, "多久之内", required=True),
        Key(
            "reach",
            ref("state", "level_end", "outcome_end", beside=("final",)),
            "到达哪里：状态、level.<层级>、final 或 final.<结局>",
            required=True,
        ),
    ),
)
START = Record(
    "start",
    "入口",
    (
        Key("to", Either(text=STATE, items=ListOf(TARGET_CASE)), "进哪个状态，或按条件选", required=True),
        Key("by", ROLES, "谁可以提"),
        Key("require", FIELDS, "必须填的字段"),
        Key("optional", FIELDS, "可以填的字段"),
        Key("marks", MARKS, "记下的事实"),
        Key("external", ListOf(Leaf(words=("number", "due"))), "上级平台的工单带来什么：number 编号、due 期限"),
        Key("settle", DURATION, "报上来这么久以内由居民结束的，算撤回立案；时限照走，不等它"),
    ),
)
NOTICES = Record(
    "notices",
    "通知",
    (
        Key("quiet", Leaf(kinds.QUIET), "哪段钟点不发通知", required=True),
        Key("except", ListOf(ref("class")), "哪些办法照发"),
    ),
)
MIGRATE = Record(
    "migrate",
    "旧版的事怎么过来",
    (
        Key("from", POSITIVE, "从哪一版"),
        Key("map", TableOf(ID), "旧状态 → 新状态"),
        Key("clocks", TableOf(ID), "旧时限 → 新时限"),
        Key("counters", TableOf(ID), "旧次数 → 新次数"),
    ),
)
VERSION_OF_LANGUAGE = Key("sanlian", Leaf(words=("1",)), "语言的版本，总是 1", required=True)

FLOW = Record(
    "flow",
    "流程",
    (
        VERSION_OF_LANGUAGE,
        Key("workflow", ID, "流程的代号，与文件名相同", required=True),
        Key("version", POSITIVE, "第几版", required=True),
        Key("matter", _words(MatterKind), "走流程的是什么：demand 诉求、task 任务、topic 议题、ruling 裁决"),
        Key("label", LABEL, "名字；不写就是代号"),
        Key("calendar", CALENDAR, "用哪份日历；不写就用本地的"),
        Key("classes", FIELD, "按哪个字段分类定时限"),
        Key("roles", TableOf(ROLE_RECORD, declares="role"), "岗位", required=True),
        Key("fields", TableOf(FIELD_RECORD, declares="field"), "字段"),
        Key("clocks", TableOf(CLOCK), "跨状态的时限，不因退回、升级清零"),
        Key("promises", ListOf(PROMISE), "对居民的承诺"),
        Key("start", START, "唯一的入口"),
        Key("starts", TableOf(START), "几个入口"),
        Key("levels", TableOf(LEVEL, declares="level"), "层级，低的在前"),
        Key("states", STATES, "层级之外的状态"),
        Key("notices", NOTICES, "通知"),
        Key("migrate", MIGRATE, "旧版的事怎么过来"),
    ),
)
