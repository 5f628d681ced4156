"""What all states of a run share: the keys that one hands to the next, the stage's mode, and the way to count.

Keys travel through the workflow, never quantities, so that no state acts on what another has changed. A record's key is
``<customer>|<hour>``. Lines travel in lanes of batches (``metering.send.lanes``).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ledger.conservation import NotConserved
from ledger.reading import RecordKey
from metering.sizes import KEYS_PER_CALL
from runtime import telemetry
from runtime.clock import iso
from runtime.metric_names import MeteringMetric
from runtime.settings import MeteringModeSettings

#: Names a line: customer, hour, dimension.
LineKey = tuple[str, int, str]
#: A function that adds a number to a metric.
Count = Callable[[MeteringMetric, int], None]

logger = telemetry.logger("metering")


@contextmanager
def confined_to_hour(customer_identifier: str, hour: int, count: Count) -> Iterator[None]:
    """A sum that does not hold (NotConserved) stops this hour, logged and alarmed, and no other."""
    try:
        yield
    except NotConserved as error:
        logger.error("hour stopped", customer=customer_identifier, hour=iso(hour), why=str(error))
        count(MeteringMetric.HOURS_NOT_CONSERVED, 1)


def record_key(key: RecordKey) -> str:
    """The text of a record's key."""
    return f"{key[0]}|{key[1]}"


def parse_record_key(text: str) -> RecordKey:
    """The inverse of ``record_key``. Raises ValueError."""
    customer_identifier, hour = text.split("|")
    return customer_identifier, int(hour)


def in_chunks(keys: Sequence[RecordKey]) -> list[list[str]]:
    """The texts of these keys, in the groups in which the workflow hands them to a function."""
    texts = [record_key(key) for key in keys]
    return [texts[start : start + KEYS_PER_CALL] for start in range(0, len(texts), KEYS_PER_CALL)]


@dataclass(frozen=True)
class Mode:
    """The stage's ``meteringMode``: ``off``, ``dry-run``, ``test-buyers`` or ``live``.

    A line that the mode does not send is held: it stays pending, so that another mode may still send it, until its
    deadline. Then it ends ``not_sent``. test_buyers: billing keys of the customers whose lines ``test-buyers`` sends.
    """

    name: str
    test_buyers: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: MeteringModeSettings) -> "Mode":
        """The mode that a function's settings name."""
        return cls(settings.METERING_MODE, frozenset(filter(None, settings.TEST_BUYERS.split(","))))

    def sends(self, customer_identifier: str) -> bool:
        """Whether this customer's lines go to Marketplace."""
        return self.name == "live" or (self.name == "test-buyers" and customer_identifier in self.test_buyers)

    def plans(self, customer_identifier: str) -> bool:
        """Whether this customer's lines are planned: those that are sent, and in ``dry-run`` those that would be."""
        return self.name == "dry-run" or self.sends(customer_identifier)
