"""What may be asked of a matter. The door takes lists of these, `decide` one of them."""

from datetime import datetime
from typing import TypeAlias

from engine.core.matter import Actor, Frozen, Timer, Value


class SeatAsked(Frozen, frozen=True, kw_only=True):
    """A unit asked to take a seat (lead or assist) in a state with children."""

    seat: str
    unit: str


class File(Frozen, frozen=True, kw_only=True):
    """
    Open a matter *matter* of flow *workflow* through the way in *start*.

    `values` are the form's fields, private ones too. A child brings its parent, seat, unit and given limit.
    `at` is the recorded instant of an import; None for live ones.
    """

    matter: str
    district: str
    workflow: str
    start: str
    actor: Actor
    place: str
    values: dict[str, Value | list[str]] = {}
    reporter: Actor | None = None
    parent: str | None = None
    root: str | None = None
    seat: str | None = None
    unit: str | None = None
    given: str | None = None
    external_due: datetime | None = None
    seats: tuple[SeatAsked, ...] = ()
    waiting: tuple[str, ...] = ()
    topic: str | None = None
    similar_30d: int = 0
    at: datetime | None = None


class Act(Frozen, frozen=True, kw_only=True):
    """
    Do *action* on *matter*.

    `expect` is the etag of the page the person saw; None is for the engine's own callers (cases, imports).
    `seats` and `topic` fill a state with children or one that waits for a topic; `topic` None opens a new one.
    """

    matter: str
    action: str
    actor: Actor
    values: dict[str, Value | list[str]] = {}
    expect: str | None = None
    seats: tuple[SeatAsked, ...] = ()
    topic: str | None = None
    at: datetime | None = None


class Fire(Frozen, frozen=True, kw_only=True):
    """Let an armed timer act."""

    matter: str
    timer: Timer


class ChildEnded(Frozen, frozen=True, kw_only=True):
    """Tell a parent that its child has ended."""

    matter: str
    child: str
    outcome: str


class TopicEnded(Frozen, frozen=True, kw_only=True):
    """Tell a waiting matter that its topic has ended."""

    matter: str
    topic: str
    outcome: str


class Join(Frozen, frozen=True, kw_only=True):
    """Let a matter go on whose children have joined, now that what its `done` requires is filled."""

    matter: str


class Link(Frozen, frozen=True, kw_only=True):
    """Tell a topic that a matter waits for it; `workflow` is the flow the matter waits for a topic of."""

    matter: str
    waiting: str
    workflow: str | None = None


class Cancel(Frozen, frozen=True, kw_only=True):
    """End a child because its parent left the state that opened it."""

    matter: str
    parent: str


class Recompute(Frozen, frozen=True, kw_only=True):
    """
    Recompute the due instants of a matter from a changed calendar.

    `stored` are its timers as they are stored, by the calendar as it was; None arms all of them anew.
    """

    matter: str
    stored: tuple[Timer, ...] | None = None


class Migrate(Frozen, frozen=True, kw_only=True):
    """Pin a running matter to the version of its flow with the content hash *to*, which differs only in its limits."""

    matter: str
    to: str


Command: TypeAlias = File | Act | Fire | ChildEnded | Join | TopicEnded | Link | Cancel | Recompute | Migrate
