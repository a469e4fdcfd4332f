"""Files that come with a form: kept before the form is judged, so that a form that comes back does not lose them."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

from api.dependencies import Asked
from api.pages.forms import Typed
from engine.services.keep_files import is_kept, keep_file


def with_uploads(asked: Asked, typed: Typed) -> Typed:
    """
    Return *typed* with its files kept: their ids stand beside those kept before.

    The id of a file follows from who sent it and from the key of the form: the same form sent again names the same
    file.

    Raises:
        BadFile: one of them is empty, too big, or of a kind that is not taken.
    """
    sanlian, kept = asked.sanlian, {}
    for name in {*typed.kept, *typed.files}:
        before = tuple(one for one in typed.kept.get(name, ()) if is_kept(sanlian.uow, one))
        fresh = tuple(
            keep_file(
                sanlian.uow, one.filename or "", one.file.read(), ids=_named(asked, typed.key, f"{name}.{number}"),
                now=asked.now,
            )
            for number, one in enumerate(typed.files.get(name, ()))
        )  # fmt: skip
        kept[name] = tuple(dict.fromkeys((*before, *fresh)))
    return replace(typed, kept=kept, files={})


def _named(asked: Asked, key: str, place: str) -> Callable[[], str]:
    if not key:
        return asked.sanlian.door.ids
    actor = asked.actor
    sender = f"{actor.post}/{actor.person}" if actor is not None else ""
    name = hashlib.sha256(f"{sender}/{key}/{place}".encode()).hexdigest()[:32]
    return lambda: name
