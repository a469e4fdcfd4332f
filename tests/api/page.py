"""Reading pages as a browser without script does: forms, fields, texts."""

import re
from html.parser import HTMLParser
from typing import Any


class Page(HTMLParser):
    """A parsed page: its elements in order with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[str] = []
        self.forms: list[dict[str, Any]] = []
        self._area: tuple[str, list[str]] | None = None
        self._select: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element, and what a form would send."""
        given = dict(attrs)
        self.elements.append((tag, given))
        if tag == "form":
            self.forms.append({"action": given.get("action"), "method": given.get("method", "get"), "fields": {}})
        elif self.forms:
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str | None]) -> None:
        fields: dict[str, Any] = self.forms[-1]["fields"]
        name = given.get("name")
        if tag == "input" and name and given.get("type") in ("radio", "checkbox"):
            fields.setdefault(name, "")
            if "checked" in given:
                fields[name] = given.get("value") or ""
        elif tag == "input" and name and given.get("type") != "file":
            fields[name] = given.get("value") or ""
        elif tag == "textarea" and name:
            self._area = (name, [])
        elif tag == "select" and name:
            self._select = name
            fields[name] = ""
        elif tag == "option" and self._select is not None and "selected" in given:
            fields[self._select] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        """Close what collects."""
        if tag == "textarea" and self._area is not None:
            name, pieces = self._area
            self.forms[-1]["fields"][name] = "".join(pieces).removeprefix("\n")
            self._area = None
        if tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        """Collect text."""
        if self._area is not None:
            self._area[1].append(data)
        self.pieces.append(data)

    @property
    def text(self) -> str:
        """All text, blanks joined."""
        return re.sub(r"\s+", " ", " ".join(self.pieces)).strip()

    def form(self, ending: str) -> dict[str, Any]:
        """The form whose action ends so."""
        return next(form for form in self.forms if str(form["action"]).endswith(ending))

    def has(self, tag: str, **attributes: str) -> bool:
        """Whether there is such an element."""
        wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
        return any(
            tag == one and all(given.get(name) == value for name, value in wanted.items())
            for one, given in self.elements
        )
