"""Forms of pages: from what the engine asks to fields, and from what was posted back to values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from starlette.datastructures import FormData, UploadFile

from api.pages.posted import text_of
from engine.core.decision import Refusal
from engine.core.history import PRESSED_AT
from engine.core.matter import Value
from engine.core.offers import Asked, Offer, SeatOffered
from engine.core.terms import BuiltIn, FieldType, RefusalCode, Seat
from engine.core.workflow.wording import say_missing
from engine.services.device_time import read_pressed_at

Kind = Literal["text", "area", "number", "date", "phone", "select", "radio", "checks", "file", "hidden"]
Choices = tuple[tuple[str, str], ...]

# What our pages give, and programs may: an id, or anything as plain. It stands in events, so it can carry no text.
KEY_PATTERN = r"^[0-9A-Za-z_-]{1,64}$"
_KEY = re.compile(KEY_PATTERN, re.ASCII)
MOST_CHIPS = 6
LONG_TEXT = 100
MOST_PHOTOS = 9
ACCEPTED = "image/jpeg,image/png,image/webp"
SEAT_PREFIX = "seat-"
KEPT_PREFIX = "kept-"
TOPIC_FIELD = "topic"
_NAME = "f-"
# What is chosen instead of written.
_TYPES: Mapping[str, FieldType] = {
    "file": FieldType.FILES, **dict.fromkeys(("select", "radio", "checks", "date"), FieldType.CHOICE)
}  # fmt: skip
_BUTTONS = {BuiltIn.NOTE.value: "存进展"}  # every other button says what its action is called


@dataclass(frozen=True, slots=True)
class Field:
    """
    One field as it is drawn; `error` is the sentence under its label, `chips` a few of its choices put first.

    `kept` are files of it that were taken in before; `capture` opens the camera at once.
    """

    id: str
    name: str
    label: str
    kind: Kind
    required: bool
    value: str = ""
    values: tuple[str, ...] = ()
    choices: Choices = ()
    groups: tuple[tuple[str, Choices], ...] = ()
    error: str = ""
    hint: str = ""
    accept: str = ACCEPTED
    chips: Choices = ()
    kept: tuple[str, ...] = ()
    capture: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """A line of the error summary, and the field it leads to."""

    text: str
    target: str


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it is drawn."""

    name: str
    label: str
    button: str
    etag: str = ""
    key: str = ""
    start: str = ""
    refused: str = ""
    effect: str = ""
    confirm: str = ""
    is_open: bool = False
    fields: tuple[Field, ...] = ()
    problems: tuple[Problem, ...] = field(default=())

    @property
    def has_files(self) -> bool:
        """Whether it sends files."""
        return any(one.kind == "file" for one in self.fields)


@dataclass(frozen=True, slots=True)
class Typed:
    """
    What a person posted: texts by field, chosen units by seat, files by field, and files `kept` by field.

    `pressed_at` is what a phone says about a form that waited in it.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    seats: tuple[tuple[str, str], ...] = ()
    topic: str = ""
    etag: str = ""
    key: str = ""
    files: Mapping[str, tuple[UploadFile, ...]] = field(default_factory=dict)
    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pressed_at: datetime | None = None


def typed_in(posted: FormData) -> Typed:
    """Return what was posted; empty fields and empty file slots are left out."""
    values: dict[str, str] = {}
    files: dict[str, tuple[UploadFile, ...]] = {}
    kept: dict[str, tuple[str, ...]] = {}
    seats: list[tuple[str, str]] = []
    for name, value in posted.multi_items():
        if isinstance(value, UploadFile):
            if value.filename and name.startswith(_NAME):
                files[name.removeprefix(_NAME)] = (*files.get(name.removeprefix(_NAME), ()), value)
        elif name.startswith(KEPT_PREFIX) and value:
            kept[name.removeprefix(KEPT_PREFIX)] = (*kept.get(name.removeprefix(KEPT_PREFIX), ()), value)
        elif name.startswith(SEAT_PREFIX) and value:
            seats.append((name.removeprefix(SEAT_PREFIX), value))
        elif name.startswith(_NAME) and value.strip():
            values[name.removeprefix(_NAME)] = value.replace("\r\n", "\n")
    return Typed(
        values=values, seats=tuple(dict.fromkeys(seats)), topic=text_of(posted, TOPIC_FIELD),
        etag=text_of(posted, "if-match"), key=key_in(posted), files=files,
        kept=kept, pressed_at=read_pressed_at(text_of(posted, PRESSED_AT)),
    )  # fmt: skip


def key_in(posted: FormData) -> str:
    """Return the key of a form, empty where it has none that a page of ours could have given."""
    key = text_of(posted, "key")
    return key if _KEY.fullmatch(key) else ""


def form_of(
    offer: Offer,
    *,
    etag: str,
    key: str,
    departments: Choices,
    topics: Choices,
    known: Mapping[str, str],
    is_open: bool,
) -> Form:
    """Return the form of an action as the engine offers it."""
    if offer.refusal is not None:
        return Form(name=offer.action, label=offer.label, button="", refused=offer.refusal.text)
    fields = [
        _known(field_of(asked, form=offer.action, units=departments), known.get(asked.field)) for asked in offer.asked
    ]
    for seat in offer.seats:
        fields.append(_seat_field(seat, form=offer.action, departments=departments))
    if offer.waits_for is not None and topics:
        fields.append(
            Field(
                id=f"{offer.action}-topic", name=TOPIC_FIELD, label="列入哪个议题", kind="select", required=False,
                groups=(("", topics),), hint="不选就新开一个议题",
            )
        )  # fmt: skip
    return Form(
        name=offer.action, label=offer.label, button=_BUTTONS.get(offer.action, offer.label), etag=etag, key=key,
        effect=offer.effect, confirm=offer.confirm or "", is_open=is_open, fields=tuple(fields),
    )  # fmt: skip


def _known(one: Field, value: str | None) -> Field:
    """A choice that was made before stands there already; a text is written anew."""
    return replace(one, values=(value,)) if value is not None and one.kind in ("radio", "select") else one


def field_of(asked: Asked, *, form: str, units: Choices) -> Field:
    """Return the field that asks for *asked*."""
    one = Field(
        id=f"{form}-{asked.field}", name=f"{_NAME}{asked.field}", label=asked.label, kind="text",
        required=asked.required,
    )  # fmt: skip
    match asked.type:
        case FieldType.CHOICE:
            return _choice(one, asked, units=units)
        case FieldType.YESNO:
            return replace(one, kind="radio", choices=(("yes", "是"), ("no", "否")))
        case FieldType.NUMBER:
            least = f"，至少 {asked.minimum}" if asked.minimum is not None else ""
            return replace(one, kind="number", hint=f"填数字{least}")
        case FieldType.DATE:
            return replace(one, kind="date")
        case FieldType.PHONE:
            return replace(one, kind="phone")
        case FieldType.FILES:
            most = asked.maximum or MOST_PHOTOS
            count = f"要有照片才能交，1 到 {most} 张" if asked.required else f"照片，最多 {most} 张"
            return replace(one, kind="file", hint=f"{count}，每张 10 MB 以内")
        case _:
            return _text_field(one, asked)


def _text_field(one: Field, asked: Asked) -> Field:
    longest = f"最多 {asked.maximum} 字" if asked.maximum is not None else ""
    least = f"至少 {asked.minimum} 字" if asked.minimum is not None else ""
    kind: Kind = "area" if asked.maximum is None or asked.maximum > LONG_TEXT else "text"
    return replace(one, kind=kind, hint="，".join(part for part in (least, longest) if part))


def _choice(one: Field, asked: Asked, *, units: Choices) -> Field:
    choices = asked.choices or units
    if len(choices) <= MOST_CHIPS:
        return replace(one, kind="radio", choices=choices)
    return replace(one, kind="select", groups=grouped(choices))


def grouped(choices: Choices) -> tuple[tuple[str, Choices], ...]:
    """Put categories like A1, A2, B1 into groups by their letter; other choices stay together."""
    letters = {value[:1] for value, _ in choices}
    if len(letters) < 2 or not all(value[:1].isupper() and value[1:].isdigit() for value, _ in choices):
        return (("", choices),)
    return tuple(
        (letter, tuple((value, f"{value} {label}") for value, label in choices if value[:1] == letter))
        for letter in sorted(letters)
    )


def _seat_field(seat: SeatOffered, *, form: str, departments: Choices) -> Field:
    label = next((word.label for word in Seat if word.value == seat.seat), seat.seat)
    one = Field(
        id=f"{form}-{seat.seat}", name=f"{SEAT_PREFIX}{seat.seat}", label=f"{label}单位", kind="select",
        required=seat.minimum > 0, values=(seat.default,) if seat.default is not None else (),
    )  # fmt: skip
    if seat.maximum <= 1:
        hint = "按类别先选好了，不对就改" if seat.default is not None else ""
        return replace(one, groups=(("", departments),), hint=hint)
    return replace(one, kind="checks", choices=departments, hint=f"最多 {seat.maximum} 家")


def missing(form: Form | None, typed: Typed) -> Refusal | None:
    """Return the refusal of a form in which required fields are empty; the engine would name only the first."""
    if form is None or form.refused:
        return None
    empty = [one for one in form.fields if one.required and not _is_given(one, typed)]
    if not empty:
        return None
    return Refusal(RefusalCode.REQUIRED, "\n".join(_please(one) for one in empty), None)


def _please(one: Field) -> str:
    """What is said of a field that was left empty."""
    return say_missing(one.label, _TYPES.get(one.kind, FieldType.TEXT))


def _is_given(one: Field, typed: Typed) -> bool:
    if one.name.startswith(SEAT_PREFIX):
        return any(seat == one.name.removeprefix(SEAT_PREFIX) for seat, _ in typed.seats)
    if not one.name.startswith(_NAME):
        return bool(one.values)  # how a form begins is no value of the matter, and has been chosen already
    name = one.name.removeprefix(_NAME)
    return name in typed.values or bool(typed.files.get(name) or typed.kept.get(name))


def filled(form: Form, typed: Typed, *, refusal: Refusal | None = None) -> Form:
    """Return *form* with what was typed in it, and the field the engine refused marked with its words."""
    fields = tuple(_filled(one, typed) for one in form.fields)
    if refusal is None:
        return replace(form, fields=fields)
    errors = _errors(form, refusal)
    fields = tuple(replace(one, error=errors.get(one.id, "")) for one in fields)
    problems = tuple(Problem(text=text, target=target) for target, text in errors.items())
    return replace(form, fields=fields, is_open=True, problems=problems)


def _errors(form: Form, refusal: Refusal) -> dict[str, str]:
    """The sentences of a refusal by the field they belong to."""
    if refusal.field is not None:
        return {_field_refused(form, refusal): refusal.text}
    by_words = {_please(one): one.id for one in form.fields}
    return {by_words.get(text, ""): text for text in refusal.text.split("\n")}


def _field_refused(form: Form, refusal: Refusal) -> str:
    if refusal.code not in (RefusalCode.REQUIRED, RefusalCode.FIELD) or refusal.field is None:
        return ""
    if refusal.field == "seats":
        return next((one.id for one in form.fields if one.name.startswith(SEAT_PREFIX)), "")
    return next((one.id for one in form.fields if one.name in (f"{_NAME}{refusal.field}", refusal.field)), "")


def _filled(one: Field, typed: Typed) -> Field:
    if one.name.startswith(SEAT_PREFIX):
        chosen = tuple(unit for seat, unit in typed.seats if seat == one.name.removeprefix(SEAT_PREFIX))
        return replace(one, values=chosen)
    if one.kind == "file":
        return replace(one, kept=typed.kept.get(one.name.removeprefix(_NAME), ()))
    value = typed.topic if one.name == TOPIC_FIELD else typed.values.get(one.name.removeprefix(_NAME), "")
    return replace(one, value=value, values=(value,) if value else ())


def kept_texts(typed: Typed, labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return what a person wrote as (label, text), so that a page which cannot take it still shows it."""
    return tuple((labels.get(name, name), text) for name, text in typed.values.items())


def values_of(typed: Typed) -> dict[str, Value | list[str]]:
    """Return the values to hand to the engine, which reads and judges them; files must have been kept before."""
    return {**typed.values, **{name: list(ids) for name, ids in typed.kept.items() if ids}}
