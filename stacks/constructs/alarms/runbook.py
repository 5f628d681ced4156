"""Which page of docs/runbooks an alarm sends its reader to."""

import re

from aws_cdk import Stack
from constructs import Construct

#: Parts of an alarm's id in which the alarms of one page differ: the severity, and a number at the end.
_VARIES = re.compile(r"Page|Ticket|\d+$")


def page_of(scope: Construct, id_: str) -> str:
    """The page of the alarm ``id_`` below ``scope``: its name after the stack's, in kebab case.

    ``LinesConflict`` below ``Metering`` → ``docs/runbooks/metering-lines-conflict.md``.
    """
    path = scope.node.scopes[len(Stack.of(scope).node.scopes) :]
    name = _VARIES.sub("", "".join(part.node.id for part in path) + id_)
    return f"docs/runbooks/{re.sub('(?<!^)(?=[A-Z])', '-', name).lower()}.md"


def sentence(page: str) -> str:
    """The last sentence of an alarm's text. It has no full stop, so that a click or a copy takes the page alone."""
    return f"Runbook: {page}"
