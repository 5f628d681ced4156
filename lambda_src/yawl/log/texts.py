"""What stands in the answers of the log gateways. Pure; every function raises UnreadableAnswer or AnswerTooLarge.

The answers look like XML but need not be well-formed: the gateways put texts between their tags as they are, ``<`` and
``&`` too. A caller may launch a case with the id ``x<y>``, and an XML parser would then refuse the list that holds it,
with every case that started before and after. So these functions take the gateways' fixed texts apart and unescape
nothing: what stands between the tags is the case id. No entity and no document type is ever interpreted.
(Seen on an engine 6.1; tests/events/yawl has the exchanges.)
"""

import re
from collections.abc import Iterator
from typing import Final

from yawl.log.ports import AnswerTooLarge, CaseStart, ResourceEvent, UnreadableAnswer
from yawl.start import Specification

#: More entries than this are not kept: 3,000,000 case ids take some 200 MB of memory.
MOST_ENTRIES: Final = 3_000_000

# Identifiers, versions and URIs hold no "<": the schema of specifications refuses it (NCName, anyURI).
_SPECIFICATION = re.compile(
    r'<specification key="(-?\d+)"><id>(?:<identifier>([^<]*)</identifier>|<identifier/>)<version>([^<]*)</version>'
    r"<uri>([^<]*)</uri></id><rootnetkey>-?\d+</rootnetkey></specification>"
)
_CASE_START = re.compile(
    r'<event key="-?\d+"><instanceKey>(\d+)</instanceKey><descriptor>CaseStart</descriptor>'
    r"<timestamp>(\d+)</timestamp><serviceKey>(-?\d+)</serviceKey><rootNetInstanceKey>-?\d+</rootNetInstanceKey></event>"
)
_NET_INSTANCE = re.compile(
    r'(\d+)"><caseid>(.*)</caseid><netKey>-?\d+</netKey><parentTaskInstanceKey>(-?\d+)</parentTaskInstanceKey>',
    re.DOTALL,
)
_STARTED = re.compile(r'" key="(-?\d+)"><started>(\d+)</started><completed>')
_RESOURCE_EVENT = re.compile(
    r"(?:<resourceid>([^<]*)</resourceid>|<resourceid/>)"
    r"<eventtype>([^<]*)</eventtype><timestamp>(\d+)</timestamp></event>"
)
#: ``parentTaskInstanceKey`` of a root net, which is a case; any other net instance is a part of one.
_ROOT = -1


def specifications(text: str) -> list[Specification]:
    """Of ``getAllSpecifications``."""
    entries = _tiles(_SPECIFICATION, _between("<specifications>", text, "</specifications>"))
    return [Specification(entry[2] or "", entry[3], entry[4], int(entry[1])) for entry in _bounded(entries)]


def case_ids(text: str, key: int) -> list[str]:
    """Of ``getSpecificationCaseIDs`` for a specification's key: every case id as often as it stands there."""
    head, mark, rest = text.partition(f' key="{key}"')
    if not head.startswith('<cases id="') or not mark:
        raise UnreadableAnswer("not a list of case ids")
    if rest in ("/>", "></cases>"):
        return []
    return _split(_between("><case>", rest, "</case></cases>"), "</case><case>")


def case_starts(text: str, case_id: str) -> list[CaseStart]:
    """Of ``getCaseEvent`` for ``CaseStart`` and a case id: ascending by net instance."""
    entries = _tiles(_CASE_START, _between(f'<caseEvent caseID="{case_id}">', text, "</caseEvent>"))
    return sorted(CaseStart(int(entry[1]), int(entry[2]), int(entry[3])) for entry in _bounded(entries))


def net_instances(text: str, key: int) -> dict[str, list[int]]:
    """Of ``getNetInstancesOfSpecification`` for a key: the root nets' keys by case id, ascending."""
    body = _between(f'<netInstances specID="{key}"><netInstance key="', text, "</netInstance></netInstances>")
    found: dict[str, list[int]] = {}
    for piece in _split(body, '</netInstance><netInstance key="'):
        entry = _NET_INSTANCE.fullmatch(piece)
        if not entry:
            raise UnreadableAnswer("not a net instance")
        if int(entry[3]) == _ROOT:
            found.setdefault(entry[2], []).append(int(entry[1]))
    return {case_id: sorted(keys) for case_id, keys in found.items()}


def service_name(text: str) -> str:
    """Of ``getServiceName``."""
    return _between("<service>", text, "</service>")


def started(text: str) -> tuple[int, int]:
    """Of ``getSpecificationStatistics``: the key of the row that it counted, and the number of started cases."""
    found = _STARTED.search(_between('<specification id="', text, "</specification>"))
    if not found:
        raise UnreadableAnswer("no statistics")
    return int(found[1]), int(found[2])


def resource_events(text: str, asked: int) -> list[ResourceEvent]:
    """Of ``getSpecificationSetEvents`` for so many specifications.

    The service answers a set that it cannot read with no specification at all, and one without events with an empty
    part; so their number is checked. Events without a participant are left out.
    """
    body = _between("<SpecificationEvents>", text, "</SpecificationEvents>")
    if body.count('<specification id="') != asked:
        raise UnreadableAnswer("not the events of the specifications that were asked for")
    entries = _bounded(_RESOURCE_EVENT.finditer(body))
    if len(entries) != body.count("</event>"):
        raise UnreadableAnswer("an event of another form")
    return [ResourceEvent(entry[1], entry[2], int(entry[3])) for entry in entries if entry[1]]


def _between(head: str, text: str, tail: str) -> str:
    if not (text.startswith(head) and text.endswith(tail) and len(text) >= len(head) + len(tail)):
        raise UnreadableAnswer(f"not one whole {head}")
    return text[len(head) : len(text) - len(tail)]


def _split(body: str, separator: str) -> list[str]:
    if body.count(separator) >= MOST_ENTRIES:
        raise AnswerTooLarge(f"more than {MOST_ENTRIES} entries")
    return body.split(separator)


def _tiles(entry: re.Pattern[str], body: str) -> Iterator[re.Match[str]]:
    """The entries that make up the body, one after the other, with nothing between them."""
    position = 0
    while position < len(body):
        found = entry.match(body, position)
        if not found:
            raise UnreadableAnswer("an entry of another form")
        yield found
        position = found.end()


def _bounded(entries: Iterator[re.Match[str]]) -> list[re.Match[str]]:
    kept: list[re.Match[str]] = []
    for entry in entries:
        if len(kept) == MOST_ENTRIES:
            raise AnswerTooLarge(f"more than {MOST_ENTRIES} entries")
        kept.append(entry)
    return kept
