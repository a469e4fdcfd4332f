"""Whose turn it is now, in words: the seat that has a matter, and who acts for it while its people are away."""

from datetime import datetime

from engine.core.matter import Holder, Matter
from engine.core.scope import World, filled, people_of
from engine.core.workflow.declaration import Workflow
from engine.services.naming import holder_name, post_name

MOST_NAMED = 2


def turn_of(matter: Matter, *, workflow: Workflow, world: World, now: datetime) -> Holder | None:
    """Return the seat that has to act on *matter* now: while nobody fills the holder's, the nearest filled above."""
    holder = matter.stands_in or matter.holder
    if holder is None or not matter.is_open:
        return holder
    return filled(holder, workflow=workflow, place=matter.place, organisation=world.organisation, at=now)


def turn_words(matter: Matter, *, workflow: Workflow, world: World, now: datetime) -> str:
    """Return whose turn it is: 「一网格 网格员（请假，由二网格 网格员代）」, 「…（没人在岗，由社区专干代）」."""
    holder, organisation = matter.stands_in or matter.holder, world.organisation
    said = holder_name(holder, workflow=workflow, organisation=organisation)
    if holder is None or not matter.is_open:
        return said
    turn = turn_of(matter, workflow=workflow, world=world, now=now)
    members = organisation.posts_of(holder.role, holder.unit, now)
    if turn is not None and turn != holder:
        why = "请假" if members else "没人在岗"
        return f"{said}（{why}，由{holder_name(turn, workflow=workflow, organisation=organisation)}代）"
    people = people_of(holder, workflow=workflow, organisation=organisation, at=now)
    if not people or any(post.id in people for post in members):
        return said
    posts = [organisation.posts[one] for one in people[:MOST_NAMED]]
    names = "、".join(post_name(post, workflow=workflow, organisation=organisation) for post in posts)
    return f"{said}（请假，由{names}代）"
