"""
Write the reference pages in `docs/reference/` from the code they describe; `--check` only says whether they hold.

Commands come from the command line itself, settings, errors, words and language keys from their modules. What code
cannot say (what a finding means, what a setting is for) stands here, and a test fails when a word has no line.
"""

import argparse
import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from api.errors import problem_of
from engine import errors
from engine.cli.main import app
from engine.core import terms
from engine.core.workflow.grammar import FLOW
from engine.core.workflow.grammar_tables import CATALOGUE, LIMITS
from engine.core.workflow.shapes import NAME_LABELS, Either, Leaf, ListOf, Record, Shape, TableOf, records_in
from engine.services.read_calendar import BASE_KEYS, TABLE_KEYS
from engine.settings import Settings
from scripts.reference_words import CALENDAR_KEYS, ERRORS, FINDING_CODES, SETTINGS, TEST_SETTINGS

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "reference"
MADE = "> 这一页由 `python -m scripts.make_reference` 从代码写出，请不要手改。\n"
# Words of the glossary, in the order of the page; roles and classes are no closed sets.
TERMS: tuple[type[terms.Term], ...] = (
    terms.EventType,
    terms.RefusalCode,
    terms.BuiltIn,
    terms.Office,
    terms.Ability,
    terms.Purpose,
    terms.ErasurePart,
    terms.ErasureReason,
    terms.ErasureState,
    terms.Do,
    terms.MatterKind,
    terms.UnitKind,
    terms.Covers,
    terms.FieldType,
    terms.Seat,
    terms.Stops,
    terms.Counter,
    terms.ProposalState,
    terms.LeaveReason,
    terms.VenueKind,
)
TERM_TITLES = {
    "EventType": "办理过程里的记录",
    "RefusalCode": "不办的原因，按查的先后",
    "BuiltIn": "引擎自带的动作",
    "Office": "不办事的职务（一个人最多一个）",
    "Ability": "岗位能打开和能做的",
    "Do": "到点规则做什么",
    "MatterKind": "走流程的是什么",
    "UnitKind": "单位的种类",
    "Covers": "岗位管到哪里",
    "FieldType": "字段的类型",
    "Seat": "派出任务的席位",
    "Stops": "停住哪些时限",
    "Counter": "次数",
    "Purpose": "为什么看联系方式",
    "ErasurePart": "按要求删哪些",
    "ErasureReason": "为什么按要求删去（个人信息保护法第四十七条）",
    "ErasureState": "删除的申请到了哪一步",
    "ProposalState": "改时限的提议走到哪一步",
    "VenueKind": "场所的种类",
    "LeaveReason": "为什么请假",
}


def pages() -> dict[str, str]:
    """Return every reference page by file name."""
    return {
        "commands.md": commands_page(),
        "settings.md": settings_page(),
        "errors.md": errors_page(),
        "findings.md": findings_page(),
        "language.md": language_page(),
        "words.md": words_page(),
    }


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def code(text: str) -> str:
    """Return *text* as code."""
    return f"`{text}`"


def commands_page() -> str:
    """Every command with its arguments and options."""
    parts = ["# 命令\n", MADE, "数据库由 `SANLIAN_DATABASE_URL` 选，见 [settings.md](settings.md)。\n"]
    for name, command in commands():
        parts.append(f"## {name}\n")
        parts.append(f"{_help_of(command)}\n")
        rows = [_parameter(one) for one in command.params if one.name != "help"]
        if rows:
            parts.append(table(("写法", "必须", "说明"), rows))
    return "\n".join(parts)


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, by its whole name, in order of the alphabet."""
    yield from sorted(_below("sanlian", typer.main.get_command(app)))


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(command, TyperGroup) or command.invoke_without_command:
        yield name, command
    if isinstance(command, TyperGroup):
        context = typer.Context(command)
        for word in command.list_commands(context):
            yield from _below(f"{name} {word}", command.get_command(context, word))


def _help_of(command: Any) -> str:
    return " ".join((command.help or "").split())


def _parameter(one: Any) -> tuple[str, str, str]:
    if one.param_type_name == "argument":
        return code(one.metavar or one.name.upper()), "是" if one.required else "", getattr(one, "help", None) or ""
    flags = [*one.opts, *one.secondary_opts]
    shown = "、".join(code(flag) for flag in flags)
    if not one.is_flag and one.metavar:
        shown += f" {code(one.metavar)}"
    return shown, "是" if one.required else "", " ".join((one.help or "").split())


def settings_page() -> str:
    """Every setting of a deployment."""
    made = {field.name: field.default for field in fields(Settings)}
    rows = [(code(name), code(str(made[SETTINGS[name][0]])), SETTINGS[name][1]) for name in SETTINGS]
    tests = [(code(name), text) for name, text in TEST_SETTINGS.items()]
    return "\n".join(
        [
            "# 设置\n",
            MADE,
            "设置都是环境变量，只说数据放在哪里、怎么运行；规矩写在流程里，不在这里。\n",
            table(("变量", "不设时", "说明"), rows),
            "## 只在测试里用\n",
            table(("变量", "说明"), tests),
        ]
    )


def settings_read() -> set[str]:
    """Return every variable of ours that the code names."""
    texts = (path.read_text(encoding="utf-8") for folder in ("engine", "api") for path in (ROOT / folder).rglob("*.py"))
    return {name for text in texts for name in re.findall(r"\bSANLIAN_[A-Z_]+\b", text)}


def errors_page() -> str:
    """Every error with its code, status and wording."""
    rows = [
        (code(kind.code), str(problem_of(kind(**_NOTHING)).status), ERRORS[kind.code], kind.text)
        for kind in error_kinds()
    ]
    return "\n".join(
        [
            "# 错误\n",
            MADE,
            "编号不变，可以照它写程序；状态是网页和接口回答时的 HTTP 状态。花括号里由当时的情形填。\n",
            table(("编号", "状态", "什么时候", "话"), ((a, b, c, d.replace("\n", " ")) for a, b, c, d in rows)),
        ]
    )


_NOTHING: dict[str, object] = dict.fromkeys(
    (
        "where", "found", "expected", "hint", "what", "reason", "key", "count", "listing", "minutes", "writer",
        "signed", "before", "present", "advice",
    ),
    "",
)  # fmt: skip


def error_kinds() -> list[type[errors.SanlianError]]:
    """Return every error with a code of its own, the tree's root left out, in order of the tree."""
    return list(_kinds_below(errors.SanlianError))


def _kinds_below(kind: type[errors.SanlianError]) -> Iterator[type[errors.SanlianError]]:
    for one in kind.__subclasses__():
        if one.__module__ == errors.__name__:
            yield one
            yield from _kinds_below(one)


def findings_page() -> str:
    """Every code that checking a file may give."""
    rows = [(code(name), words[0], words[1]) for name, words in FINDING_CODES.items()]
    return "\n".join(
        [
            "# check 查出的问题\n",
            MADE,
            "每一处写成 `文件:行:列: 编号 说明`。E 是要改的，有一处就不能发布；W 是提醒。\n",
            table(("编号", "意思", "怎么改"), rows),
            "E407（证明不了最长要多久）和 E408（承诺兑现不了）还没有做，这一版不会报。\n",
        ]
    )


def finding_codes_used() -> set[str]:
    """Return every finding code that stands as a text in the code."""
    found: set[str] = set()
    for path in (ROOT / "engine").rglob("*.py"):
        tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        words = (node.value for node in tree if isinstance(node, ast.Constant) and isinstance(node.value, str))
        found.update(word for word in words if re.fullmatch(r"[EW]\d{3}", word))
    return found


def language_page() -> str:
    """Every key of flows, limits, catalogues and calendars."""
    parts = ["# 语言的每一个词\n", MADE]
    seen: set[str] = set()
    for title, root in (("流程", FLOW), ("时限表", LIMITS), ("目录", CATALOGUE)):
        parts.append(f"# {title}\n")
        for record in records_in(root):
            if record.name not in seen:
                seen.add(record.name)
                parts.append(_record(record))
    parts.append("# 日历\n")
    for title, names in (("日历文件", BASE_KEYS), ("一年的放假表", TABLE_KEYS)):
        parts += [f"## {title}\n", table(("词", "说明"), ((code(name), CALENDAR_KEYS[name]) for name in names))]
    return "\n".join(parts)


def _record(record: Record) -> str:
    rows = [(code(key.name), "是" if key.required else "", _holds(key.holds), key.doc) for key in record.keys]
    if record.others is not None:
        rows.append(("（自己起的名字）", "", _holds(record.others.value), _names(record.others.refers)))
    return f"## {record.doc} `{record.name}`\n\n{table(('词', '必须', '写什么', '说明'), rows)}"


def _holds(shape: Shape) -> str:
    match shape:
        case Record():
            return f"一张表：{shape.doc}"
        case ListOf():
            return f"一列：{_holds(shape.item)}"
        case TableOf():
            return f"按代号写：{_holds(shape.value)}"
        case Either():
            return "；或".join(_holds(one) for one in shape.shapes)
        case Leaf():
            return _leaf(shape)


def _leaf(leaf: Leaf) -> str:
    words = "、".join(code(str(word)) for word in (*leaf.words, *leaf.beside))
    if leaf.refers:
        names = _names(leaf.refers) + "的代号"
        return f"{leaf.kind.says}，或{names}" if leaf.kind.name == "due" else "、".join(filter(None, (names, words)))
    return words or leaf.kind.says


def _names(kinds: tuple[str, ...]) -> str:
    return "、".join(dict.fromkeys(NAME_LABELS[kind] for kind in kinds))


def words_page() -> str:
    """Every closed set of words with its labels."""
    parts = ["# 词汇\n", MADE, "左边是代码和文件里的写法，右边是给人看的字。\n"]
    for kind in TERMS:
        parts.append(f"## {TERM_TITLES[kind.__name__]}\n")
        parts.append(table(("词", "字"), ((code(word.value), word.label) for word in kind)))
    return "\n".join(parts)


def main() -> int:
    """Write the pages, or with --check say which do not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether the pages hold")
    check = parser.parse_args().check
    old = []
    for name, text in pages().items():
        path = FOLDER / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            old.append(str(path.relative_to(ROOT)))
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    print("\n".join(f"{'old' if check else 'written'}: {name}" for name in old) or "all pages hold")
    return 1 if check and old else 0


if __name__ == "__main__":
    sys.exit(main())
