"""Who calls: a browser with its session, or a program with a token of its own."""

from typing import Annotated

from fastapi import Depends, Request

from api.dependencies import Asked, asked, asked_with
from engine.errors import NotSignedIn, TokenOnlyReads, TokenRefused
from engine.services.api_tokens import READ, signed_by_token

BEARER = "bearer "
_SAFE = frozenset({"GET", "HEAD"})


def asked_by_program(request: Request) -> Asked:
    """
    Read clock, world and who calls, once for the whole request.

    Raises:
        NotSignedIn: neither a session nor a token.
        TokenRefused: a token that does not count (any more).
        TokenOnlyReads: it was to change something.
    """
    given = request.headers.get("authorization", "")
    if not given:
        return asked(request)
    if not given.lower().startswith(BEARER):
        raise NotSignedIn()
    found = asked_with(request, lambda tx, now: signed_by_token(tx, given[len(BEARER) :].strip(), now=now))
    signed = found.signed
    if signed is None or found.viewer is None or found.viewer.id != signed.post:
        raise TokenRefused()  # also where its post has ended since it was made
    if signed.kind == READ and request.method not in _SAFE:
        raise TokenOnlyReads()
    return found


Calling = Annotated[Asked, Depends(asked_by_program)]
