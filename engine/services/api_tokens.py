"""
Tokens with which programs call: each acts as one post of one person and counts until it expires or is revoked.

A token is shown once; the store keeps its hash only. What it does stands in the history under the post's name.
"""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.core.scope import SYSTEM
from engine.errors import BadInput, NotFound
from engine.services.keep_sessions import SignedIn, hash_of
from engine.services.record import record
from engine.services.save import Ids
from engine.services.seal import Salts
from engine.store.api_tokens import ApiToken
from engine.store.unit_of_work import Transaction, UnitOfWork

TOPIC = "accounts"
READ, WRITE = "read", "write"
SCOPES = (READ, WRITE)
MARK = "sanlian_"
LONGEST_DAYS = 366
LONGEST_LABEL = 60


@dataclass(frozen=True, slots=True)
class TokenAsked:
    """What is wanted of a new token."""

    post: str
    scope: str
    label: str
    days: int


def make_token(uow: UnitOfWork, wanted: TokenAsked, *, ids: Ids, salts: Salts, now: datetime) -> str:
    """
    Make a token and return it; it cannot be shown again.

    Raises:
        NotFound: nobody holds that post now.
        BadInput: the scope, the label or the number of days cannot be used.
    """
    if wanted.scope not in SCOPES:
        raise BadInput(where="scope", found=wanted.scope, expected="、".join(SCOPES))
    if not 0 < wanted.days <= LONGEST_DAYS:
        raise BadInput(where="days", found=str(wanted.days), expected=f"1 到 {LONGEST_DAYS} 天")
    if not 0 < len(wanted.label.strip()) <= LONGEST_LABEL:
        raise BadInput(where="label", found=wanted.label[:LONGEST_LABEL], expected=f"1 到 {LONGEST_LABEL} 个字的用途")
    token = MARK + base64.urlsafe_b64encode(salts()).decode().rstrip("=")
    with uow.write() as tx:
        post = tx.organisation.load().posts.get(wanted.post)
        if post is None or not post.is_held(now):
            raise NotFound(what="岗位", found=wanted.post[:40])
        made = ApiToken(
            id=ids(), token_hash=hash_of(token), person=post.person, post=post.id, scope=wanted.scope,
            label=wanted.label.strip(), created_at=now, expires_at=now + timedelta(days=wanted.days),
        )  # fmt: skip
        tx.api_tokens.add(made)
        facts = {"token": made.id, "post": post.id, "scope": made.scope, "until": made.expires_at.isoformat()}
        record(tx, TOPIC, action="token_made", by=SYSTEM, now=now, data=facts)
    return token


def signed_by_token(tx: Transaction, token: str, *, now: datetime) -> SignedIn | None:
    """
    Return who calls with *token*, or None where it does not count (any more).

    Whether the post is still held is for the caller to see, who knows the organisation.
    """
    found = tx.api_tokens.by_hash(hash_of(token)) if token.startswith(MARK) else None
    if found is None or found.revoked_at is not None or now >= found.expires_at:
        return None
    person = tx.people.get(found.person)
    if person is not None and person.disabled_at is not None:
        return None
    return SignedIn(
        person=found.person, name=person.name if person is not None else "", login=f"token {found.id}", office=None,
        must_change=False, session=found.id, token_hash=found.token_hash, kind=found.scope, post=found.post,
        seen_at=now, fresh_until=found.created_at,
    )  # fmt: skip


def revoke_token(uow: UnitOfWork, token_id: str, *, now: datetime) -> None:
    """
    End a token.

    Raises:
        NotFound: there is no such token, or it was revoked before.
    """
    with uow.write() as tx:
        if not tx.api_tokens.revoke(token_id, at=now):
            raise NotFound(what="令牌", found=token_id[:40])
        record(tx, TOPIC, action="token_revoked", by=SYSTEM, now=now, data={"token": token_id})


def list_tokens(tx: Transaction) -> tuple[ApiToken, ...]:
    """Return every token, newest first."""
    return tuple(tx.api_tokens.all())
