"""The log as a page for people. Everything that came from outside is escaped."""

from collections.abc import Iterable, Sequence
from html import escape

from marketplace_local.state import MarketplaceState

SHOWN = 200
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#1b1f24}"
    "table{border-collapse:collapse;width:100%;margin-bottom:2rem}th,td{text-align:left;padding:.25rem .6rem;"
    "border-bottom:1px solid #d8dee4;vertical-align:top}td.n{text-align:right;font-variant-numeric:tabular-nums}"
    "code{font-size:.9em}"
)


def render(state: MarketplaceState) -> str:
    """The sums, the buyers, the latest accepted records and calls, as HTML."""
    with state.lock:
        log = state.log
        sums = log.summary()
        buyers = [
            (b.id, b.kind, b.product_code, "active" if b.periods and b.periods[-1].end is None else "not active")
            for b in state.catalogue.buyers.values()
        ]
        accepted = [
            (line.seq, line.buyer, line.dimension, line.hour, line.quantity, line.at, line.region)
            for line in reversed(log.accepted[-SHOWN:])
        ]
        calls = [
            (c.seq, c.at, c.operation, c.records, c.outcome + (" (answer lost)" if c.lost else ""), c.message)
            for c in reversed(log.calls[-SHOWN:])
        ]
    parts = [
        _table("Sums", tuple(sums), [tuple(sums.values())]),
        _table("Buyers", ("Buyer", "Integration", "Product", "State"), buyers[:SHOWN]),
        _table("Accepted", ("No", "Buyer", "Dimension", "Hour", "Quantity", "At", "Region"), accepted),
        _table("Calls", ("No", "At", "Operation", "Records", "Outcome", "Message"), calls),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Local Marketplace</title>'
        f"<style>{_STYLE}</style></head><body><h1>Local Marketplace</h1>"
        f"<p>The latest {SHOWN} of each. Whole: <code>/_local/log</code>, <code>/_local/log/accepted</code>.</p>"
        f"{''.join(parts)}</body></html>"
    )


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    lines = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in rows)
    return f"<h2>{escape(title)}</h2><table><thead><tr>{cells}</tr></thead><tbody>{lines}</tbody></table>"


def _cell(value: object) -> str:
    kind = ' class="n"' if isinstance(value, int) else ""
    return f"<td{kind}>{escape(str(value))}</td>"
