"""A press that takes effect later: taken at once, it waits until it has settled, and may be taken back until then."""

from collections.abc import Mapping, Sequence

from engine.core.clock.duration import Duration
from engine.core.clocks import begin, belongs_to_state, hold, release
from engine.core.draft import Draft
from engine.core.history import vault_ref
from engine.core.matter import SETTLE_CLOCK, Actor, Settling, Value

Values = Mapping[str, Value | list[str]]


def take(
    draft: Draft,
    action: str,
    values: Values,
    *,
    after: Duration,
    actor: Actor,
    seats: Sequence[tuple[str, str]] = (),
    topic: str | None = None,
) -> None:
    """Take a press that takes effect *after* that time; no rule of this visit acts in between."""
    public: dict[str, Value] = {}
    private: dict[str, str] = {}
    for name, value in values.items():
        rule = draft.workflow.fields[name]
        if isinstance(value, list) or rule.type.is_private or rule.private:
            private[name] = vault_ref(draft.before.id, draft.seq, name)
            draft.private[private[name]] = value
        else:
            public[name] = value
    draft.set(
        settling=Settling(
            action=action, by=actor, seq=draft.seq, values=public, private=private, seats=tuple(seats), topic=topic
        ),
        forms=draft.get("forms") + 1,
    )
    hold(draft, [key for key in draft.clocks if belongs_to_state(key)])
    begin(draft, SETTLE_CLOCK, after, calendar_id=draft.calendar_of(draft.state))


def put_down(draft: Draft) -> Settling | None:
    """Return the press that was waiting, which waits no more; what it held runs on."""
    waiting: Settling | None = draft.get("settling")
    if waiting is None:
        return None
    draft.set(settling=None, forms=draft.get("forms") + 1)
    draft.put("clocks", SETTLE_CLOCK, None)
    release(draft, [key for key in draft.clocks if belongs_to_state(key)])
    return waiting


def undo(draft: Draft) -> None:
    """Take the waiting press back; what it was stays in the history."""
    waiting = put_down(draft)
    if waiting is not None:
        draft.data["undone"] = {"action": waiting.action, "seq": waiting.seq}


def fill_in(draft: Draft, waiting: Settling) -> None:
    """Fill in what was given with a press, now that it takes effect."""
    draft.set(
        fields={**draft.get("fields"), **waiting.values},
        private={**draft.get("private"), **waiting.private},
        forms=draft.get("forms") + 1,
    )
