"""What a form posted, as text."""

from starlette.datastructures import FormData


def text_of(posted: FormData, name: str) -> str:
    """Return a text that was posted, empty without one."""
    value = posted.get(name)
    return value if isinstance(value, str) else ""
