"""Faults of a request as people say them: where, and what was expected."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fastapi.exceptions import RequestValidationError

MOST_SAID = 5
# What pydantic found; the words are filled from the context of the fault.
_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "missing": "缺了这一项",
        "extra_forbidden": "没有这一项，请核对名字",
        "string_type": "应当是文字",
        "string_too_long": "最多 {max_length} 个字",
        "string_too_short": "至少 {min_length} 个字",
        "string_pattern_mismatch": "应当符合 {pattern}",
        "too_long": "最多 {max_length} 项",
        "bool_type": "应当是 true 或 false",
        "int_type": "应当是整数",
        "int_parsing": "应当是整数",
        "greater_than_equal": "不能小于 {ge}",
        "less_than_equal": "不能大于 {le}",
        "dict_type": "应当是一个对象",
        "tuple_type": "应当是一个列表",
        "list_type": "应当是一个列表",
        "model_attributes_type": "应当是一个对象",
        "model_type": "应当是一个对象",
        "datetime_type": "应当是时刻，例如 2026-11-20T14:20:00+08:00",
        "datetime_parsing": "应当是时刻，例如 2026-11-20T14:20:00+08:00",
        "datetime_from_date_parsing": "应当是时刻，例如 2026-11-20T14:20:00+08:00",
        "timezone_aware": "时刻要带时区，例如 2026-11-20T14:20:00+08:00",
        "json_invalid": "不是完整的 JSON",
    }
)
_OTHER = "不能用，请对照接口说明"


class _Context(dict[str, str]):
    """The context of a fault; what is not told stays empty."""

    def __missing__(self, _key: str) -> str:
        return ""


def faults_of(error: RequestValidationError) -> list[dict[str, str]]:
    """Return every fault: `pointer` says where it stands, `detail` what was expected."""
    return [_fault(one) for one in error.errors()]


def said_of(error: RequestValidationError) -> str:
    """Return the first faults in one sentence."""
    return "；".join(f"{one['pointer']}：{one['detail']}" for one in faults_of(error)[:MOST_SAID])


def _fault(one: Mapping[str, Any]) -> dict[str, str]:
    context = _Context({name: str(value) for name, value in (one.get("ctx") or {}).items()})
    words = _WORDS.get(str(one["type"]), _OTHER).format_map(context)
    return {"pointer": "/".join(str(step) for step in one["loc"]), "detail": words}
