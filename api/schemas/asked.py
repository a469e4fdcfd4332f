"""What programs may ask, as they must write it; what the engine refuses is said by the engine."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

LONGEST_TEXT = 20_000
MOST_FIELDS = 60
MOST_SEATS = 20

Word = Annotated[str, Field(min_length=1, max_length=120)]
Value = Annotated[str, Field(max_length=LONGEST_TEXT)] | bool | int
Values = Annotated[dict[Word, Value | list[Word]], Field(max_length=MOST_FIELDS)]


class Strict(BaseModel):
    """Unknown members are faults: a misspelt one must not be lost silently."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ExternalGiven(Strict):
    """What the sender of a work order calls it, and until when the sender wants it done."""

    number: Word
    due_at: AwareDatetime | None = None


class ReporterTold(Strict):
    """Who reported, as told; kept apart from the history."""

    name: Annotated[str, Field(max_length=60)] | None = None
    phone: Annotated[str, Field(max_length=40)] | None = None


class MatterFiled(Strict):
    """A demand to be filed: through which way in of the flow, where, with which fields."""

    place: Word
    start: Word | None = None
    workflow: Word | None = None
    fields: Values = Field(default_factory=dict)
    external: ExternalGiven | None = None
    pressed_at: AwareDatetime | None = None
    reporter: ReporterTold | None = None


class SeatGiven(Strict):
    """A unit asked to take a seat."""

    seat: Word
    unit: Word


class ActionPressed(Strict):
    """What is filled in for an action."""

    fields: Values = Field(default_factory=dict)
    seats: Annotated[tuple[SeatGiven, ...], Field(max_length=MOST_SEATS)] = ()
    topic: Word | None = None
    pressed_at: AwareDatetime | None = None
