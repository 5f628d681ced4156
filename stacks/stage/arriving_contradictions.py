"""Contradictions of what buyers see and where they go on: colours that nobody can read, addresses of no app. Pure."""

from collections.abc import Iterator

from buyer.pages.branding import LEAST_CONTRAST, WHITE, contrast
from stacks.stage.faults import Fault
from stacks.stage.settings import Stage


def arriving_faults(stage: Stage) -> Iterator[Fault]:
    """The contradictions of ``[branding]`` and ``[handover]``."""
    for key, colour in (("accent", stage.branding.accent), ("header", stage.branding.header)):
        ratio = contrast(colour, WHITE)
        if ratio < LEAST_CONTRAST:
            yield Fault(
                f"branding.{key}",
                f"is {colour!r}, whose contrast with white is {ratio:.2f}",
                f"choose a darker one: WCAG asks for {LEAST_CONTRAST}",
            )
    if stage.handover and stage.handover.url.startswith("http:") and not stage.movable_clock:
        yield Fault("handover.url", f"is {stage.handover.url!r}", "set it to an https address")
