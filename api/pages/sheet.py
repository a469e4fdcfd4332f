"""The daily sheet (今日调度单): one printed page, every figure a link to its list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from markupsafe import Markup
from starlette.responses import HTMLResponse

from api.assets import STATIC
from api.days import day_of
from api.dependencies import AskedNow
from api.pages.figures import frame_in, url_of
from api.rendering import draw, environment
from api.words import Words
from engine.core.terms import Ability
from engine.core.workflow.declaration import Workflow
from engine.services.daily_sheet import Number, Sheet, daily_sheet
from engine.services.figures import DEFINITIONS, WHOLE

router = APIRouter()

_SHEETS = ("ui.css", "desk.css")
_WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True, slots=True)
class SheetWords:
    """How the sheet says days and where its figures lead; a copy in a file leads nowhere."""

    sheet: Sheet
    words: Words
    leads: bool = True
    labels: Mapping[str, str] = field(default_factory=lambda: {name: one.label for name, one in DEFINITIONS.items()})

    @property
    def day(self) -> str:
        """The day of the sheet: 「2026年11月20日 周五」."""
        return long_day(self.sheet.frame.day)

    @property
    def moment(self) -> str:
        """When the figures were taken, by the clock."""
        return f"{self.sheet.frame.now.astimezone(self.sheet.frame.zone):%H:%M}"

    @property
    def before(self) -> str:
        """The stretch from the last working day to last midnight: 「11月19日」 or 「11月20日至22日」."""
        first = self.sheet.frame.before[0].date()
        last = self.sheet.frame.day - timedelta(days=1)
        if first == last:
            return f"{first.month}月{first.day}日"
        same = f"{last.day}日" if last.month == first.month else f"{last.month}月{last.day}日"
        return f"{first.month}月{first.day}日至{same}"

    @property
    def today(self) -> str:
        """The day itself in a column's head: 「今天」 or its date."""
        day = self.sheet.frame.day
        return "今天" if self.sheet.is_today else f"{day.month}月{day.day}日"

    def url(self, number: Number) -> str:
        """Where a figure leads, empty in a copy."""
        day = None if self.sheet.is_today else self.sheet.frame.day
        return url_of(number.name, number.pick, day=day) if self.leads else ""

    def column(self, name: str) -> str:
        """The head of a column."""
        heads = {
            "in": f"{self.before}进来", "in_today": f"{self.today}进来", "closed": f"{self.before}办结",
            "closed_today": f"{self.today}办结", "late": "超时", "due_today_demands": "今天到期",
        }  # fmt: skip
        return heads[name]

    @property
    def definitions(self) -> tuple[tuple[str, str], ...]:
        """What every figure on the page counts, each once."""
        rates = tuple(one for rate in self.sheet.rates for one in (rate.over.name, rate.under.name))
        named = (*self.sheet.columns, "due_today", "late_posts", "stuck", "returned", "again", *rates)
        return tuple((DEFINITIONS[name].label, DEFINITIONS[name].words) for name in dict.fromkeys(named))


def long_day(day: date) -> str:
    """Return a day in full: 「2026年11月20日 周五」."""
    return f"{day.year}年{day.month}月{day.day}日 周{_WEEKDAYS[day.weekday()]}"


def category_words(flows: tuple[Workflow, ...]) -> dict[str, str]:
    """Return the words of the categories that demands may have."""
    fields = (flow.fields["category"] for flow in flows if "category" in flow.fields)
    return {choice: label.zh for rule in fields for choice, label in rule.choice_labels.items()}


@router.get("/sheet")
def sheet(asked: AskedNow, day: Annotated[str, Query(max_length=10)] = "") -> HTMLResponse:
    """Show the sheet of a day."""
    viewer = asked.require(Ability.SHEET)
    with asked.sanlian.uow.read() as tx:
        frame = frame_in(asked, viewer, flow_of=asked.flows_in(tx), day=day_of(day))
        made = daily_sheet(
            tx, frame, with_texts=frame.sight.knows_people, categories=category_words(asked.flows)
        )  # fmt: skip
    said = SheetWords(sheet=made, words=asked.words)
    context: dict[str, Any] = {
        **asked.frame("sheet"), "sheet": made, "said": said, "whole": WHOLE,
        "yesterday": (frame.day - timedelta(days=1)).isoformat(),
    }  # fmt: skip
    return draw("sheet/sheet.html", context)


def copy_of(made: Sheet) -> str:
    """Return the same page as one file that needs no other and leads nowhere: to be kept, sent and printed."""
    words = Words(now=made.frame.now, zone=made.frame.zone)
    # Our own files, read from our own folder: nothing in them comes from outside.
    style = Markup("\n".join((STATIC / name).read_text(encoding="utf-8") for name in _SHEETS))  # noqa: S704 (see above)
    said = SheetWords(sheet=made, words=words, leads=False)
    template = environment().get_template("sheet/alone.html")
    return template.render(sheet=made, said=said, words=words, style=Markup("<style>{}</style>").format(style))
