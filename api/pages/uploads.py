"""Files that come with a form: kept before the form is judged, so that a form that comes back does not lose them."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

from api.dependencies import Asked
from api.pages.forms import Typed
from engine.core.decision import Refusal
from engine.core.terms import RefusalCode
from engine.errors import BadFile, Busy
from engine.services.advance import was_taken
from engine.services.keep_files import is_for, is_kept, keep_file


class NotKept(Exception):
    """
    A file was not taken in.

    `typed` names what was kept before it, so that only the others must be chosen again; `refusal` says why.
    """

    def __init__(self, error: BadFile | Busy, typed: Typed, field: str) -> None:
        super().__init__(str(error))
        self.typed = typed
        self.refusal = Refusal(RefusalCode.FIELD, str(error), field)
        self.status = 503 if isinstance(error, Busy) else 422


def with_uploads(asked: Asked, typed: Typed, *, matter: str | None) -> Typed:
    """
    Return *typed* with its files kept: their ids stand beside those kept before, unless those are another *matter*'s.

    The id of a file follows from who sent it and from the key of the form: the same form sent again names the same
    file.

    Raises:
        NotKept: one of them is empty, too big, or of a kind that is not taken; or too many are looked at right now.
    """
    sanlian = asked.sanlian
    kept = {name: _own(asked, typed.key, ids, matter=matter) for name, ids in typed.kept.items()}
    for name, files in typed.files.items():
        for number, one in enumerate(files):
            try:
                fresh = keep_file(
                    sanlian.uow, one.filename or "", one.file.read(),
                    ids=_named(asked, typed.key, f"{name}.{number}"), now=asked.now,
                )  # fmt: skip
            except (BadFile, Busy) as error:
                raise NotKept(error, replace(typed, kept=kept, files={}), name) from None
            kept[name] = tuple(dict.fromkeys((*kept.get(name, ()), fresh)))
    return replace(typed, kept=kept, files={})


def _own(asked: Asked, key: str, ids: tuple[str, ...], *, matter: str | None) -> tuple[str, ...]:
    """Those that may be given with *matter*; a form that was taken and comes again names what it named then."""
    uow, actor = asked.sanlian.uow, asked.actor
    with uow.read() as tx:
        again = actor is not None and was_taken(tx, actor, key)
    return tuple(one for one in ids if is_for(uow, one, matter) or (again and is_kept(uow, one)))


def _named(asked: Asked, key: str, place: str) -> Callable[[], str]:
    if not key:
        return asked.sanlian.door.ids
    actor = asked.actor
    sender = f"{actor.post}/{actor.person}" if actor is not None else ""
    name = hashlib.sha256(f"{sender}/{key}/{place}".encode()).hexdigest()[:32]
    return lambda: name
