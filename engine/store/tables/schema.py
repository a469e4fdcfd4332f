"""All tables, so that whoever creates or migrates the schema sees every one of them."""

from engine.store.tables import (
    api_token,
    erasure,
    event,
    matter,
    notice,
    order,
    organisation,
    people,
    place,
    proposal,
    system,
    timer,
    vault,
    workflow,
)
from engine.store.tables.row import Row

MODULES = (
    api_token,
    erasure,
    event,
    matter,
    notice,
    order,
    organisation,
    people,
    place,
    proposal,
    system,
    timer,
    vault,
    workflow,
)
METADATA = Row.metadata
