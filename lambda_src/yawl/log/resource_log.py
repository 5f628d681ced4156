"""The resource service's log over HTTP: ``<resourceAddress>/logGateway``."""

from collections.abc import Sequence
from typing import Final

from yawl.log import texts
from yawl.log.ports import ResourceEvent
from yawl.log.session import Session
from yawl.start import Specification

#: So many specifications are asked for at once: their names have to fit into a form of 2 MB (Tomcat's maxPostSize).
AT_ONCE: Final = 500


class HttpResourceLog:
    """A ResourceLog."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def events(self, specifications: Sequence[Specification], first_ms: int, last_ms: int) -> Sequence[ResourceEvent]:
        # The service knows a version by its identifier, where it has one, and answers once for two rows of it.
        versions = list({(one.identifier or one.uri, one.version): one for one in specifications}.values())
        found = []
        for first in range(0, len(versions), AT_ONCE):
            asked = versions[first : first + AT_ONCE]
            # A second bound would replace the first one (the service's habit): the end is cut off here.
            text = self._session.ask("getSpecificationSetEvents", setxml=_set(asked), **{"from": str(first_ms)})
            found += texts.resource_events(text, len(asked))
        return [event for event in found if first_ms <= event.at_ms <= last_ms]


def _set(specifications: Sequence[Specification]) -> str:
    """``setxml``. The service takes the texts raw: its own parser does not unescape them."""
    return f"<x>{''.join(map(_entry, specifications))}</x>"


def _entry(one: Specification) -> str:
    identifier = f"<identifier>{one.identifier}</identifier>" if one.identifier else ""
    return f"<s>{identifier}<version>{one.version}</version><uri>{one.uri}</uri></s>"
