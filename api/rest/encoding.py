"""Values of the services as plain JSON: dataclasses to objects, instants with their offset."""

from typing import Any

import msgspec


def plain(value: Any) -> Any:
    """Return *value* as JSON knows it; instants as RFC 3339 with the offset of the deployment."""
    return msgspec.to_builtins(value)
