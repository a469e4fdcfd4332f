"""The table of keys, continued: limits and catalogues. Source: LANGUAGE, «Limits»."""

from engine.core.workflow import kinds
from engine.core.workflow.grammar import (
    CONDITION,
    DURATION,
    ID,
    LABEL,
    POSITIVE,
    TEXT,
    TIMERS,
    VERSION_OF_LANGUAGE,
    ref,
)
from engine.core.workflow.shapes import Key, Leaf, ListOf, Record, TableOf

ROW = Record(
    "row",
    "时限表的一行",
    (Key("when", CONDITION, "条件；最后一行不写"), Key("basis", LABEL, "依据")),
    others=TableOf(DURATION, refers=("row_column",)),
)
LIMITS = Record(
    "limits",
    "时限表",
    (
        VERSION_OF_LANGUAGE,
        Key("limits", ref("own_flow"), "哪个流程的时限表", required=True),
        Key("version", POSITIVE, "第几版", required=True),
        Key("columns", TableOf(LABEL, declares="column"), "列：给流程里用的时限起名", required=True),
        Key("rows", ListOf(ROW), "自上而下第一行合适的算数，空格往下找", required=True),
        Key("seasons", TableOf(Leaf(kinds.SPAN), declares="season"), "季节：条件里的 season"),
        Key("escalation", TableOf(TIMERS, refers=("class",), beside=("else",)), "升级阶梯：按类，其余写 else"),
    ),
)

CATEGORY = Record(
    "category",
    "一个类别",
    (
        Key("label", LABEL, "名字", required=True),
        Key("pace", ref("pace"), "缓急", required=True),
        Key("kind", ID, "建议的办法；不写就按缓急"),
        Key("units", ListOf(ref("unit")), "由哪些单位办，第一个负责；不写就由经办人选", required=True),
        Key("words", ListOf(TEXT), "居民会怎么说；报事时按这些字猜类别"),
    ),
)
CATALOGUE = Record(
    "catalogue",
    "目录",
    (
        VERSION_OF_LANGUAGE,
        Key("catalogue", ID, "目录的代号，与文件名相同", required=True),
        Key("version", POSITIVE, "第几版", required=True),
        Key("label", LABEL, "名字"),
        Key(
            "paces",
            TableOf(
                Record(
                    "pace",
                    "缓急",
                    (Key("label", LABEL, "名字", required=True), Key("kind", ID, "建议的办法", required=True)),
                ),
                declares="pace",
            ),
            "缓急，并由它建议办法",
            required=True,
        ),
        Key("units", TableOf(LABEL, declares="unit"), "负责单位的代号和名字", required=True),
        Key(
            "families",
            TableOf(
                Record(
                    "family",
                    "一大类",
                    (
                        Key("label", LABEL, "名字", required=True),
                        Key("categories", TableOf(CATEGORY, declares="category"), "这一大类的类别", required=True),
                    ),
                )
            ),
            "大类",
            required=True,
        ),
    ),
)
