"""
What rules told a post: the letter box of its own, of its role at its unit, and of those it acts for, newest first.

A message stays what it said when it was sent; where its matter may no longer be seen, it leads nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from engine.core.scope import Post
from engine.services.sight import Sight
from engine.services.worklist import read_cursor, write_cursor
from engine.store.listing import After
from engine.store.messages import Message
from engine.store.unit_of_work import Transaction

PAGE = 25


@dataclass(frozen=True, slots=True)
class Told:
    """A message as a page shows it; `ref` names its matter, empty where that may not be seen."""

    at: datetime
    text: str
    urgent: bool
    ref: str


@dataclass(frozen=True, slots=True)
class MessagePage:
    """A page of messages, newest first; `next_cursor` is empty on the last."""

    messages: tuple[Told, ...]
    next_cursor: str


def read_messages(tx: Transaction, posts: Sequence[Post], *, sight: Sight, cursor: str = "") -> MessagePage:
    """Return the next page of what *posts* were told, behind *cursor*; a mangled one is the beginning."""
    after = read_cursor(cursor)
    before = (after.at, after.id) if after is not None and after.at is not None else None
    found = {
        message.id: message
        for post in posts
        for message in tx.messages.for_post(post.id, role=post.role, unit=post.unit, limit=PAGE + 1, before=before)
    }
    newest = sorted(found.values(), key=attrgetter("at", "id"), reverse=True)
    page = newest[:PAGE]
    return MessagePage(
        messages=_told(tx, page, sight=sight),
        next_cursor=write_cursor(After(at=page[-1].at, id=page[-1].id)) if len(newest) > PAGE else "",
    )


def _told(tx: Transaction, messages: Sequence[Message], *, sight: Sight) -> tuple[Told, ...]:
    seen = sight.among(tx, {one.matter for one in messages if one.matter is not None})
    numbers = {demand.matter: demand.number for demand in tx.demands.get_many(seen).values()}
    return tuple(
        Told(
            at=one.at, text=one.text, urgent=one.urgent,
            ref=numbers.get(one.matter, one.matter) if one.matter is not None and one.matter in seen else "",
        )
        for one in messages
    )  # fmt: skip
