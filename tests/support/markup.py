"""A page as a tree of elements, to ask what it holds and in which order."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"))
SILENT = frozenset(("script", "style", "svg"))
_BLANKS = re.compile(r"\s+")


@dataclass(eq=False)
class Element:
    """An element with what stands in it, in order."""

    tag: str
    attributes: dict[str, str]
    content: list["Element | str"] = field(default_factory=list)
    above: "Element | None" = None

    @property
    def classes(self) -> frozenset[str]:
        """Its classes."""
        return frozenset(self.attributes.get("class", "").split())

    @property
    def text(self) -> str:
        """The text in it, blanks joined."""
        return _BLANKS.sub(" ", "".join(self._pieces())).strip()

    def _pieces(self) -> Iterator[str]:
        for one in self.content:
            if isinstance(one, str):
                yield one
            elif one.tag not in SILENT:
                yield from one._pieces()

    def walk(self) -> Iterator["Element"]:
        """Itself and every element in it, in the order of the page."""
        yield self
        for one in self.content:
            if isinstance(one, Element):
                yield from one.walk()

    def all(self, tag: str = "", **attributes: str) -> list["Element"]:
        """Elements of that tag (of any, when it is empty) with these attributes; `cls` is one of the classes."""
        return [one for one in self.walk() if one is not self and one.is_like(tag, **attributes)]

    def first(self, tag: str = "", **attributes: str) -> "Element":
        """The first of them, which must be there."""
        found = self.all(tag, **attributes)
        assert found, f"no <{tag or '*'}> {attributes} in <{self.tag}> {self.text[:200]}"
        return found[0]

    def is_like(self, tag: str = "", **attributes: str) -> bool:
        """Whether it has that tag and these attributes."""
        wanted = dict(attributes)
        cls = wanted.pop("cls", None)
        if (tag and self.tag != tag) or (cls is not None and cls not in self.classes):
            return False
        return all(self.attributes.get(name.replace("_", "-")) == value for name, value in wanted.items())

    def is_within(self, tag: str) -> bool:
        """Whether it stands in an element of that tag."""
        above = self.above
        while above is not None:
            if above.tag == tag:
                return True
            above = above.above
        return False


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("#page", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs}, above=self.open[-1])
        self.open[-1].content.append(made)
        if tag not in VOID:
            self.open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self.open[-1].tag == tag and tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self.open) - 1, 0, -1):
            if self.open[place].tag == tag:
                del self.open[place:]
                return

    def handle_data(self, data: str) -> None:
        self.open[-1].content.append(data)


def read_markup(text: str) -> Element:
    """Return the page as a tree."""
    builder = _Builder()
    builder.feed(text)
    builder.close()
    return builder.root
