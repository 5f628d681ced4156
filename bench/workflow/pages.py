"""How a run splits its customers into pages, chunks and lanes, and the state transitions that this takes."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from ledger.reading import RecordKey
from marketplace.meter_usage import MAX_RECORDS
from metering.find.find_due_hours import EVENTS_PER_CALL, PageLimit
from metering.run import record_key
from metering.send.lanes import EVENTS_PER_LANE, lane_length
from metering.sizes import FIRST_PAGE_KEYS, KEYS_PER_CALL, LANES_BYTES, PAGE_BATCHES
from stacks.constructs.workflows.hourly_states import EVENTS
from stacks.constructs.workflows.hourly_turn import EVENTS_OF_A_TURN

#: States of a run beside its turns: Start, BeginWithZeros, PutZeroRecords, MoreZeros; Report, Faulted, the end.
OF_A_RUN = 7
#: Of a turn beside its chunks and lanes: Turn, MaySend, SubmitBatch, MayPrepare, FindDueHours, SealHours, PlanBatches,
#: SettleHours, Settled, GoingOn.
OF_A_TURN = 10
#: Of a turn that prepares nothing: NothingPrepared instead of FindDueHours, SealHours and PlanBatches.
WITHOUT_PREPARING = OF_A_TURN - 2
#: Of a hand-over: AskForVersion, HandOver, GoingOn, HandedOver; Start and BeginWithZeros of the next execution. The
#: execution that hands over has a turn of its own to settle its last page.
OF_A_HAND_OVER = 6 + WITHOUT_PREPARING
#: A key as it is in a run (a licence's billing key, an hour), and a dimension's name.
KEY: RecordKey = (f"l-{'0' * 32}", 1_794_700_800)
NAME = "workflow_executions"
#: Bytes of a key as it travels, and of its five lines' names.
KEY_BYTES = len(json.dumps(record_key(KEY))) + 1
NAMES_BYTES = 100


@dataclass(frozen=True)
class Page:
    """A page of customer-hours. hands_over: another execution goes on with the next page."""

    keys: int
    chunks: int
    batches: int
    lanes: int
    hands_over: bool = False

    @property
    def events(self) -> int:
        """Of the execution's history, as the workflow counts them."""
        return EVENTS_PER_CALL * self.chunks + EVENTS_PER_LANE * self.lanes + EVENTS_OF_A_TURN


def in_pages(keys: Sequence[RecordKey], dimensions: Sequence[str]) -> Iterator[list[RecordKey]]:
    """Keys as full pages of a run hold them, by the run's own limits of keys and bytes."""
    page: list[RecordKey] = []
    limit = PageLimit([dimensions])
    for key in keys:
        if not limit.takes(key):
            yield page
            page, limit = [], PageLimit([dimensions])
            limit.takes(key)
        page.append(key)
    if page:
        yield page


def pages(customers: int, *, lines: int, rate: float, copies: int) -> Iterator[Page]:
    """The pages of a run, in order. lines: of each customer's hour. rate: calls of Marketplace a second."""
    most, left, events = FIRST_PAGE_KEYS, customers, 0
    largest = min(len(next(in_pages([KEY] * customers, [NAME] * lines), ())), PAGE_BATCHES * MAX_RECORDS // lines)
    largest = min(largest, LANES_BYTES // (KEY_BYTES + NAMES_BYTES))
    while left:
        keys = min(left, most, largest)
        left -= keys
        batches = ceil(keys * lines / MAX_RECORDS)
        rounds = ceil(batches / (copies * lane_length(batches, rate, copies)))
        page = Page(keys, ceil(keys / KEYS_PER_CALL), batches, min(batches, rounds * copies))
        events += page.events
        full = events >= EVENTS and left > 0
        yield Page(page.keys, page.chunks, page.batches, page.lanes, hands_over=full)
        events = 0 if full else events
        most *= 2


def transitions(customers: int, *, lines: int, rate: float, copies: int) -> int:
    """State transitions of a run in which nothing fails. A run without a due hour has one turn."""
    of_run = list(pages(customers, lines=lines, rate=rate, copies=copies))
    # Each page is prepared in one turn, sent in the next, settled in the third: two turns more than pages.
    prepared, others = (len(of_run), 2) if of_run else (1, 0)
    states = OF_A_RUN + OF_A_TURN * prepared + WITHOUT_PREPARING * others
    states += sum(2 * page.chunks + page.lanes + OF_A_HAND_OVER * page.hands_over for page in of_run)
    return states
