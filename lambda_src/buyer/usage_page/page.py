"""The usage page: what it shows of a summary, in which order. ``buyer.pages`` has the layout that pages share."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Self

from buyer.pages import times
from buyer.pages.branding import Branding
from buyer.pages.numbers import money, number
from buyer.pages.pages import Html, Pages
from buyer.usage_page.settings import PageSettings
from buyer.usage_page.summary import Month, Summary, Use
from marketplace.tiers import UNLIMITED
from runtime.api_error import ApiError

#: Percent of the allowance at which a bar ends, and from which on it is near its end.
_LONGEST, _NEAR, _ALL = 125, 80, 100
_TEXT = ' class="text"'


@dataclass(frozen=True, kw_only=True)
class UsagePages:
    """The usage pages of a stage. embed_in: origins that may show them in a frame."""

    branding: Branding
    embed_in: tuple[str, ...] = ()

    @classmethod
    def of(cls, branding: str, usage_page: str) -> Self:
        """The pages by the settings ``BRANDING`` and ``USAGE_PAGE``."""
        page = PageSettings.from_json(usage_page) or PageSettings()
        return cls(branding=Branding.from_json(branding), embed_in=page.embed_in)

    @property
    def _pages(self) -> Pages:
        return Pages(Path(__file__).with_name("pages"), self.branding)

    def headers(self) -> dict[str, str]:
        """The headers of every usage page."""
        return self._pages.headers(framed_by=self.embed_in)

    def usage(self, summary: Summary, language: str, *, expires_at: float) -> str:
        """The page. expires_at: of the link, epoch seconds."""
        running, *before = summary.months
        customer = summary.subscriber.customer_identifier
        text = self._pages.text
        return self._pages.page(
            "usage",
            language,
            product=self._part("_product", language, title=summary.product.title) if summary.product.title else "",
            standing=self._standing(summary, language),
            renewed=self._part("_renewed", language, successor=summary.successor) if summary.successor else "",
            this_month=text("this_month", language, month=times.month(running.name, language)),
            uses=self._uses(running, summary, language),
            amount=self._amount(running, summary, language),
            hours=self._hours(summary, language),
            history=self._history(before, summary, language),
            language=language,
            file=f"usage-{customer}-{running.name}.csv",
            as_of=text(
                "as_of",
                language,
                minute=times.minute(summary.as_of, language),
                until=times.minute(expires_at, language),
            ),
            customer=customer,
            languages=self._languages(language),
        )

    def refused(self, error: ApiError, language: str) -> str:
        """The page for a link that does not work, or a store that does not answer."""
        name = f"error_{error.code}"
        message = self._pages.text(name, language) if self._pages.has_text(name, language) else error.message
        return self._pages.page("refused", language, message=message, code=error.code)

    def _part(self, name: str, language: str, /, **values: str) -> Html:
        return self._pages.part(name, language, **values)

    def _standing(self, summary: Summary, language: str) -> Html:
        access = summary.access
        name, values = f"standing_{access.reason}", {}
        if access.until is not None and access.doubted_since is None:
            values = {"day": times.day(access.until, language), "minute": times.minute(access.until, language)}
            if self._pages.has_text(f"{name}_until", language):
                name = f"{name}_until"
        return self._pages.text(name, language, **values)

    def _uses(self, month: Month, summary: Summary, language: str) -> Html:
        items = [self._use(use, summary, language) for use in month.uses]
        marks = f'<p class="quiet">{self._pages.text("marks", language)}</p>'
        has_bars = any(use.percent is not None for use in month.uses)
        return Html(f'<ul class="uses">{"".join(items)}</ul>{marks if has_bars else ""}')

    def _use(self, use: Use, summary: Summary, language: str) -> Html:
        percent = use.percent
        values = {"recorded": number(use.recorded, language)}
        name, bar = "used", Html("")
        if use.allowance == UNLIMITED:
            name = "used_unlimited"
        elif use.allowance is not None and percent is not None:
            name = "used_of" if percent <= _ALL else "used_beyond"
            values |= {"allowance": number(use.allowance, language), "percent": number(Decimal(percent), language)}
            kind = "over" if percent > _ALL else "near" if percent >= _NEAR else "fill"
            bar = self._part("_bar", language, kind=kind, width=str(min(percent, _LONGEST)))
        return self._part(
            "_use",
            language,
            name=readable(use.dimension.name),
            unit=use.dimension.unit,
            used=self._pages.text(name, language, **values),
            bar=bar,
            billed=self._billed(use, summary.currency, language),
        )

    def _billed(self, use: Use, currency: str, language: str) -> Html:
        if not use.billable:
            return self._pages.text("nothing_billed", language)
        name = "billed" + ("_by" if use.dimension.scale > 1 else "")
        values = {"billable": number(use.billable, language), "scale": number(Decimal(use.dimension.scale), language)}
        if use.dimension.price is not None and use.amount is not None:
            name += "_at"
            values["price"] = money(use.dimension.price, currency, language)
            values["amount"] = money(use.amount, currency, language)
        return self._pages.text(name, language, **values)

    def _amount(self, month: Month, summary: Summary, language: str) -> Html:
        if month.amount is None:
            return Html("")
        total = self._pages.text("total", language, amount=money(month.amount, summary.currency, language))
        return self._part("_amount", language, total=total)

    def _hours(self, summary: Summary, language: str) -> Html:
        if not summary.hours:
            return Html(f"<p>{self._pages.text('no_hours', language)}</p>")
        names = [name for name in summary.product.dimensions if any(name in hour.units for hour in summary.hours)]
        names += sorted({name for hour in summary.hours for name in hour.units} - set(names))
        rows = [
            (
                times.minute(hour.hour, language),
                *(number(hour.units[name], language) if name in hour.units else "" for name in names),
            )
            for hour in summary.hours
        ]
        return self._table("last_hours", [self._pages.text("hour", language), *map(readable, names)], rows, language)

    def _history(self, months: Sequence[Month], summary: Summary, language: str) -> Html:
        rows = []
        for month in months:
            for use in month.uses:
                amount = money(use.amount, summary.currency, language) if use.amount is not None else ""
                rows.append(
                    (
                        self._month(month, language),
                        readable(use.dimension.name),
                        number(use.recorded, language),
                        number(use.included, language),
                        number(use.billable, language),
                        amount,
                    )
                )
        if not rows:
            return Html("")
        heads = [
            self._pages.text(name, language)
            for name in ("month", "dimension", "recorded", "included", "billable", "amount")
        ]
        heading = Html(f"<h2>{self._pages.text('history', language)}</h2>")
        return Html(heading + self._table("history", heads, rows, language, texts=1))

    def _month(self, month: Month, language: str) -> Html:
        name = times.month(month.name, language)
        note = "" if month.finished else f" <small>({self._pages.text('unfinished', language)})</small>"
        return Html(f"{name}{note}")

    def _table(
        self, label: str, heads: Sequence[str], rows: Sequence[Sequence[str]], language: str, *, texts: int = 0
    ) -> Html:
        """A table whose first column names its rows; it scrolls by itself where the screen is narrow. texts: columns
        after the first that hold words."""
        body = ""
        for first, *rest in rows:
            cells = (f"<td{_TEXT if number < texts else ''}>{_cell(cell)}</td>" for number, cell in enumerate(rest))
            body += f'<tr><th scope="row">{_cell(first)}</th>{"".join(cells)}</tr>'
        return self._part(
            "_table",
            language,
            label=self._pages.text(label, language),
            heads=Html(
                "".join(
                    f'<th scope="col"{_TEXT if 0 < number <= texts else ""}>{_cell(head)}</th>'
                    for number, head in enumerate(heads)
                )
            ),
            rows=Html(body),
        )

    def _languages(self, language: str) -> Html:
        others = [each for each in self.branding.languages if each != language]
        if not others:
            return Html("")
        links = " ".join(
            f'<a href="?language={each}" lang="{each}" hreflang="{each}">{self._pages.text("language_name", each)}</a>'
            for each in others
        )
        return Html(f'<nav aria-label="{self._pages.text("languages", language)}"><p>{links}</p></nav>')


def readable(dimension: str) -> str:
    """A dimension's key as a person reads it: ``api_calls`` → ``Api calls``."""
    words = dimension.replace("_", " ")
    return words[:1].upper() + words[1:]


def _cell(value: str) -> str:
    return value if isinstance(value, Html) else escape(value)
