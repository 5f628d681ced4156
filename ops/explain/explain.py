"""``ops explain``: a line, an event, or a code; what it is about shows in its form."""

from typing import Annotated

import typer

from ops.answer import Answer, Parts, table, words
from ops.explain.event import explain_event
from ops.explain.line import explain_line
from ops.line_id import LONGEST, parse_event, parse_line
from ops.read.errors_page import codes, meanings
from ops.refused import Refused
from ops.stage import OpenStage
from runtime.clock import from_iso

What = Annotated[
    str,
    typer.Argument(
        metavar="LINE|EVENT|CODE",
        help="CUSTOMER/HOUR/DIMENSION, CUSTOMER/EVENT-ID, or a code: an error, a reason, a verdict",
    ),
]
Logs = Annotated[bool, typer.Option(help="look for AWS's request ids in the log of submit-batch, too")]

#: What each scope of an error of AWS Marketplace means for the lines of the call (``marketplace.faults``).
SCOPES = {
    "record": "AWS answered and did nothing. The line is found by halving and travels alone from then on.",
    "product": "AWS answered and did nothing. The run stops; every line stays pending until the product is mended.",
    "transient": "AWS answered and did nothing. The same lines are sent again later, in the same run.",
    "unanswered": "AWS may have billed. The identical lines are sent again, which cannot bill them twice.",
    "request": "This one request is refused for good; a registration begins anew.",
}


def explain(stage: OpenStage, what: What, logs: Logs = True) -> Answer:
    """What happened to a line or an event, in order, or what a code means; may it be sent again; what to tell AWS."""
    if len(what) > LONGEST:
        raise Refused(f"that has {len(what)} characters: name a line, an event or a code")
    if "/" not in what:
        return explain_code(what)
    if _is_line(what):
        return explain_line(stage, parse_line(what), logs=logs)
    return explain_event(stage, parse_event(what), logs=logs)


def explain_code(code: str) -> Answer:
    """What an error, a reason or a verdict means. Raises Refused for a code that docs/errors.md does not have."""
    found = meanings(code)
    if not found:
        known = [each for each in codes() if code.lower() in each.lower()]
        hint = f": did you mean {', '.join(known[:5])}?" if known else ": docs/errors.md has every code"
        raise Refused(f"{code[:80]!r} is no code of ours or of AWS Marketplace{hint}")
    parts = Parts(data={"code": code, "meanings": [{"section": m.section, **m.cells} for m in found]})
    for meaning in found:
        parts.shown.append(
            table(f"{code} ({meaning.section})", ("", ""), [(h, t) for h, t in meaning.cells.items() if t])
        )
        scope = SCOPES.get(meaning.cells.get("scope", ""))
        if scope:
            parts.shown.append(words(f"Scope {meaning.cells['scope']}: {scope}"))
    if any(meaning.section == "Lines of an hour" for meaning in found):
        parts.next += ["ops failed: the lines that a person has to resolve", "ops pending: the lines that wait"]
    return parts.answer()


def _is_line(text: str) -> bool:
    """Whether the second part is a time; the id of an event may look otherwise in every way."""
    _, _, rest = text.partition("/")
    hour, _, dimension = rest.partition("/")
    try:
        from_iso(hour)
    except (ValueError, OverflowError):
        return False
    return bool(dimension)
