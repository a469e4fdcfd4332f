"""What people type into fields: read exactly, or refused with a reason."""

import re
from datetime import date

from engine.core.matter import Value
from engine.core.terms import FieldType
from engine.core.workflow.declaration import FieldRule

MAX_TEXT = 4000
MAX_FILES = 9
MAX_PHONE = 20
MAX_NAME = 200
_NUMBER = re.compile(r"-?[0-9]{1,16}")


class BadValue(Exception):
    """A value that does not fit its field; the argument is the sentence for people."""


def read_value(rule: FieldRule, raw: object) -> Value | list[str]:
    """
    Return *raw* as a value of the field.

    Args:
        raw: text as typed, or a value that already has the field's type; for files a list of ids.
    Raises:
        BadValue: it does not fit.
    """
    if rule.type is FieldType.NUMBER:
        return _number(rule, raw)
    if rule.type is FieldType.YESNO:
        return _yesno(rule, raw)
    if rule.type is FieldType.FILES:
        return _files(rule, raw)
    if not isinstance(raw, str):
        raise BadValue(f"「{rule.label.zh}」应当是文字。")
    _keepable(rule, raw)
    if rule.type is FieldType.CHOICE:
        return _choice(rule, raw)
    if rule.type is FieldType.DATE:
        return _date(rule, raw)
    longest = rule.maximum or (MAX_PHONE if rule.type is FieldType.PHONE else MAX_TEXT)
    if len(raw) > longest:
        raise BadValue(f"「{rule.label.zh}」最多 {longest} 字，现在 {len(raw)} 字。")
    if rule.minimum is not None and len(raw) < rule.minimum:
        raise BadValue(f"「{rule.label.zh}」至少 {rule.minimum} 字，现在 {len(raw)} 字。")
    return raw


def is_empty(raw: object) -> bool:
    """Whether nothing was given."""
    return raw is None or raw == [] or (isinstance(raw, str) and not raw.strip())


def _keepable(rule: FieldRule, text: str) -> None:
    if "\x00" in text:
        raise BadValue(f"「{rule.label.zh}」里有看不见的空字符，请删掉后再提交。")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise BadValue(f"「{rule.label.zh}」里有一个残缺的字符，请重新输入后再提交。")


def _number(rule: FieldRule, raw: object) -> int:
    if isinstance(raw, str):
        written = _NUMBER.fullmatch(raw.strip())
        raw = int(written[0]) if written is not None else None
    if isinstance(raw, bool) or not isinstance(raw, int) or abs(raw) >= 2**53:
        raise BadValue(f"「{rule.label.zh}」应当是整数。")
    if rule.minimum is not None and raw < rule.minimum:
        raise BadValue(f"「{rule.label.zh}」不能小于 {rule.minimum}。")
    if rule.maximum is not None and raw > rule.maximum:
        raise BadValue(f"「{rule.label.zh}」不能大于 {rule.maximum}。")
    return raw


def _yesno(rule: FieldRule, raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    if raw in ("yes", "true"):
        return True
    if raw in ("no", "false"):
        return False
    raise BadValue(f"「{rule.label.zh}」应当选「是」或「否」。")


def _choice(rule: FieldRule, raw: str) -> str:
    if rule.choices is not None and raw not in rule.choices:
        raise BadValue(f"「{rule.label.zh}」里没有「{raw[:40]}」这一项，请重新选。")
    return raw


def _date(rule: FieldRule, raw: str) -> str:
    try:
        read = date.fromisoformat(raw).isoformat()
    except ValueError:
        read = None
    if read is None or read != raw:
        raise BadValue(f"「{rule.label.zh}」应当写成 2026-11-20 这样。")
    return read


def _files(rule: FieldRule, raw: object) -> list[str]:
    names = [raw] if isinstance(raw, str) else raw
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise BadValue(f"「{rule.label.zh}」应当是已上传的文件。")
    if len(names) > (rule.maximum or MAX_FILES):
        raise BadValue(f"「{rule.label.zh}」最多 {rule.maximum or MAX_FILES} 个文件，现在 {len(names)} 个。")
    if any(len(name) > MAX_NAME or not name.isprintable() for name in names):
        raise BadValue(f"「{rule.label.zh}」的文件编号不对，请重新上传。")
    return names
