"""A month's invoice as people, programs and files are shown it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ledger.conservation import conserved
from ledger.invoice import PRICED, UNITS, ZERO, Row, Sums
from marketplace.dimensions import Dimension
from marketplace.quantity import text
from ops.answer import Answer, table, words
from ops.line_id import HourId
from ops.month import closed
from ops.month.files import write_files
from ops.stage import OpenStage

#: Rows of a list that an answer shows.
NAMED = 20


@dataclass
class Totals:
    """A month's sums by dimension, and by customer and dimension."""

    by_dimension: dict[str, Sums] = field(default_factory=dict)
    by_customer: dict[str, dict[str, Sums]] = field(default_factory=dict)

    def add(self, rows: Iterable[Row]) -> None:
        """Add rows. Raises NotConserved where a unit is nowhere."""
        for row in rows:
            conserved(f"units of {row.dimension} on {row.day}", ZERO, row.sums.unaccounted())
            own = self.by_customer.setdefault(row.customer, {})
            for sums in (self.by_dimension, own):
                sums.setdefault(row.dimension, Sums()).plus(row.sums)


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """A month's invoice, ready to be shown."""

    stage: str
    month: str
    parts: Sequence[tuple[str, str]]
    dimensions: Mapping[str, Dimension]
    currency: str
    about: Mapping[str, Any]
    totals: Totals

    @classmethod
    def of(
        cls,
        stage: OpenStage,
        month: str,
        parts: Sequence[tuple[str, str]],
        totals: Totals,
        about: Mapping[str, Any],
    ) -> "Invoice":
        """An invoice with the prices of the stage file."""
        settings = stage.settings
        return cls(
            stage=settings.name,
            month=month,
            parts=parts,
            dimensions=settings.dimensions,
            currency=settings.currency,
            about=about,
            totals=totals,
        )

    def rows(self) -> Iterator[Row]:
        """All rows, by customer."""
        for customer, encoded in self.parts:
            yield from closed.decode(customer, encoded)

    def data(self) -> dict[str, Any]:
        """For programs."""
        sums = self.totals
        return {
            "month": self.month,
            "currency": self.currency,
            **self.about,
            "dimensions": {name: self._plain(name, each) for name, each in sorted(sums.by_dimension.items())},
            "customers": {
                customer: {name: self._plain(name, each) for name, each in sorted(own.items())}
                for customer, own in sums.by_customer.items()
            },
            "amounts": self.amounts(),
        }

    def _plain(self, name: str, sums: Sums) -> dict[str, Any]:
        amounts = {f"{key}Amount": value for key, value in sums.amounts(self.dimensions.get(name)).items()}
        billed = sums.quantity.get("billed", ZERO)
        return {**{key: sums.units.get(key, ZERO) for key in UNITS}, "billedUnits": billed, **amounts}

    def amounts(self) -> dict[str, Decimal]:
        """The whole month's money; dimensions without a price are not in it."""
        found = dict.fromkeys(PRICED, ZERO)
        for name, sums in self.totals.by_dimension.items():
            for key, amount in sums.amounts(self.dimensions.get(name)).items():
                found[key] += amount
        return found

    def shown(self) -> list[Any]:
        """For people."""
        by_dimension = self.totals.by_dimension
        if not by_dimension:
            return [words(f"No usage was recorded in {self.month}.")]
        # Names that have no units anywhere would only widen the table.
        used = [name for name in UNITS if any(name in sums.units for sums in by_dimension.values())]
        unit_rows = [
            (name, self._unit(name), *(sums.units.get(key, ZERO) for key in used))
            for name, sums in sorted(by_dimension.items())
        ]
        parts = [
            table(
                f"{self.month} of {len(self.totals.by_customer)} customers, in recorded units",
                ("dimension", "unit", *(f"#{name}" for name in used)),
                unit_rows,
            )
        ]
        money = []
        for name, sums in sorted(by_dimension.items()):
            dimension = self.dimensions.get(name)
            amounts = sums.amounts(dimension)
            if amounts and dimension is not None:
                money.append((name, sums.quantity.get("billed", ZERO), dimension.price, *amounts.values()))
        if money:
            names = ("dimension", "#billed units", "#price", *(f"#{name}" for name in PRICED))
            money.append(("in all", None, None, *self.amounts().values()))
            parts.append(table(f"at list price, in {self.currency}, before tax", names, money))
        unpriced = [name for name in sorted(by_dimension) if not by_dimension[name].amounts(self.dimensions.get(name))]
        if unpriced:
            parts.append(words(f"Without a price in stages/product.toml: {', '.join(unpriced)}."))
        return parts

    def _unit(self, name: str) -> str | None:
        dimension = self.dimensions.get(name)
        return dimension.unit if dimension else None

    def write(self, out: str) -> list[str]:
        """Its files, where there is a folder for them."""
        if not out:
            return []
        draft = "-draft" if self.about["state"] == "draft" else ""
        name = f"{self.stage}-{self.month}{draft}"
        about = {"month": self.month, "stage": self.stage, "currency": self.currency, **self.about}
        about["amounts"] = {key: text(value) for key, value in self.amounts().items()}
        return write_files(out, name, self.month, self.rows, self.dimensions, self.currency, about)

    def answer(
        self,
        out: str,
        unfinished: Sequence[HourId] = (),
        *,
        more: Sequence[Any] = (),
        data: Mapping[str, Any] | None = None,
        next_: Sequence[str] = (),
        trouble: bool = False,
    ) -> Answer:
        """The answer that shows it, and names its files."""
        files = self.write(out)
        shown = self.shown()
        if unfinished:
            names = [str(hour) for hour in unfinished[:NAMED]]
            shown.append(table(f"{len(unfinished)} hours are not finished", ("hour",), [(name,) for name in names]))
        shown += [*more, *(words(f"wrote {path}") for path in files)]
        whole = {**self.data(), "unfinished": [str(hour) for hour in unfinished], "files": files, **(data or {})}
        return Answer(data=whole, shown=shown, next=list(next_), trouble=trouble)
