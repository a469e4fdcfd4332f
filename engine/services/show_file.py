"""Show a photo to those who may see the matter it was given with, or who have just given it."""

from dataclasses import dataclass
from datetime import datetime

from engine.core.terms import FieldType
from engine.core.workflow.declaration import Workflow
from engine.errors import NotFound
from engine.services.sight import Sight
from engine.store.unit_of_work import Transaction, UnitOfWork

_PHOTOS = "照片"
_PICTURES = frozenset({"image/jpeg", "image/png", "image/webp"})


@dataclass(frozen=True, slots=True)
class Shown:
    """A file as it is shown."""

    content: bytes
    media_type: str
    sha256: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Photos:
    """The photos given with a matter: their label, ids with instants, and whether they are shown to who asks."""

    label: str
    files: tuple[tuple[str, datetime], ...]
    is_shown: bool


def photos_of(tx: Transaction, matter: str, *, workflow: Workflow, sight: Sight) -> Photos:
    """Return the photos of a matter that may be seen, labelled like the one field that asks for any."""
    labels = [rule.label.zh for rule in workflow.fields.values() if rule.type is FieldType.FILES]
    label = labels[0] if len(labels) == 1 else _PHOTOS
    found = tx.remembered("photos", matter, make=lambda: tuple(tx.files.of_matter(matter)))
    return Photos(label, found, is_shown=_may_see_people(sight))


def _may_see_people(sight: Sight) -> bool:
    """Whether pictures of people and doors are any of their business: not an auditor's, who sees everything masked."""
    return sight.scope is not None or sight.knows_people


def shown_file(uow: UnitOfWork, file_id: str, *, sight: Sight) -> Shown:
    """
    Return a photo of a matter that may be seen.

    Raises:
        NotFound: there is none, it was erased, it belongs to no matter yet or to one that may not be seen: one answer.
    """
    with uow.read() as tx:
        found = tx.files.get(file_id)
        matter = found.matter if found is not None else None
        sees = matter is not None and _may_see_people(sight) and bool(sight.among(tx, (matter,)))
    if found is None or found.content is None or not sees or found.media_type not in _PICTURES:
        raise NotFound(what="照片", found=file_id[:12])
    return Shown(found.content, found.media_type, found.sha256, found.at)
