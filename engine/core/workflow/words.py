"""Words for people out of a part: a string is Chinese, `{zh, en}` is both; what is missing is the id."""

from engine.core.workflow.parts import Part
from engine.core.workflow.written import Label


def label_of(part: Part | None, otherwise: str) -> Label:
    """Return the label a part holds, or *otherwise* in both languages."""
    return optional_label(part) or Label(otherwise, otherwise)


def optional_label(part: Part | None) -> Label | None:
    """Return the label a part holds, or None."""
    if part is None:
        return None
    if isinstance(part.data, str):
        return Label(part.data, part.data)
    zh = part.text("zh") or ""
    return Label(zh, part.text("en") or zh)
