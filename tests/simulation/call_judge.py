"""What must hold of every call of Marketplace: what is sent, when, how often, and what comes back."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ledger.tables import METERING_RECORDS
from tests.simulation.lives import HOUR, SKEW, limit, moment_of
from tests.simulation.marketplace import Request, Watcher
from tests.simulation.on_hold import sent_too_early

if TYPE_CHECKING:
    from tests.simulation.protocol import Protocol

LineKey = tuple[str, int, str]


class CallJudge(Watcher):
    """``broken``: what did not hold, in order. ``on_file``: what Marketplace has of us, by line; ``foreign``: lines
    whose slot another tool has used; ``answers``: all that was ever said of a line."""

    world: "Protocol"

    def __init__(self) -> None:
        self.broken: list[str] = []
        self.on_file: dict[LineKey, Decimal] = {}
        self.foreign: set[LineKey] = set()
        self.sent: dict[LineKey, tuple[Any, ...]] = {}
        self.answers: dict[LineKey, set[str]] = defaultdict(set)
        self._read_log = 0
        #: When Marketplace accepted each line.
        self.accepted_at: dict[LineKey, float] = {}
        #: Steps since which customers, or the whole stage, have been paused.
        self.paused_since: dict[str, int] = {}
        #: Steps until which they were paused before.
        self.paused_until: dict[str, int] = {}

    def note(self, what: str) -> None:
        self.broken.append(what)

    def was_paused(self, customer: str, since: int) -> bool:
        """Whether the customer has been paused at any time since that step."""
        return any(
            whom in self.paused_since or self.paused_until.get(whom, -1) >= since for whom in (customer, "#stage")
        )

    def called(self, request: Request) -> None:
        for record in request["UsageRecords"]:
            self._sent(request, record)

    def _sent(self, request: Request, record: Mapping[str, Any]) -> None:
        actor = self.world.scheduler.current
        line = self._line(record)
        customer, hour, dimension = line
        sent = int(record["Timestamp"].timestamp())
        what = (sent, record.get("Quantity"), record.get("QuantityAsDecimal"), repr(record.get("UsageAllocations")))
        first = self.sent.setdefault(line, what)
        if first != what:
            self.note(f"{line} was sent as {first}, and then as {what}")
        if record.get("LicenseArn") and request.get("ProductCode"):
            self.note(f"{line} was sent with a licence and a product code")
        item = self.world.store.item(METERING_RECORDS.name, customer, hour)
        if item is None or item["state"] != "sealed" or dimension not in item["lines"]:
            return self.note(f"{line} was sent, and is no frozen line")
        if not item.get(f"attempts#{dimension}") and not item.get("attempts"):
            self.note(f"{line} was sent, and no attempt says so")
        verdict = item.get(f"verdict#{dimension}", {})
        if verdict.get("verdict") == "not_sent":
            self.note(f"{line} was sent after it was called not sent")
        if verdict.get("resolution") == "carried":
            self.note(f"{line} was sent after its units were carried")
        paused = [since for whom, since in self.paused_since.items() if whom in (customer, "#stage")]
        if actor is not None and any(since < actor.born for since in paused):
            self.note(f"{line} was sent by a run that began after a person paused it")
        if actor is not None and sent_too_early(self.world, item, line, actor.seen):
            self.note(f"{line} was sent, and is on hold")
        if actor is not None and actor.mode != "live":
            self.note(f"{line} was sent in the mode {actor.mode}")
        if actor is not None and not sent - 2 * SKEW <= actor.seen < limit(hour):
            self.note(f"{line} was sent outside of its window, at {actor.seen}")
        return None

    def refused(self, request: Request, code: str) -> None:
        records = request["UsageRecords"]
        for record in records:
            self.answers[self._line(record)].add("rejected alone" if len(records) == 1 else "rejected with others")
        if code in ("ValidationException", "RequestEntityTooLargeException", "SerializationException"):
            self.note(f"a request was refused as {code}")

    def answered(self, request: Request, answer: Mapping[str, Any]) -> None:
        for result in answer["Results"]:
            self.answers[self._line(result["UsageRecord"])].add(result["Status"])
        log = self.world.admin.state.log.accepted
        for entry in log[self._read_log :]:
            line = (entry.buyer, int(moment_of(entry.hour)), entry.dimension)
            if line in self.on_file:
                self.note(f"{line} was accepted twice")
            self.on_file[line] = Decimal(entry.quantity)
            self.accepted_at[line] = self.world.now
        self._read_log = len(log)

    def _line(self, record: Mapping[str, Any]) -> LineKey:
        catalogue = self.world.admin.state.catalogue
        if record.get("LicenseArn"):
            buyer = catalogue.by_license.get(record["LicenseArn"])
        else:
            buyer = catalogue.by_identifier.get(record["CustomerIdentifier"])
        hour = int(record["Timestamp"].timestamp()) // HOUR * HOUR
        return (buyer.id if buyer else "?", hour, str(record["Dimension"]))

    def put_on_file(self, line: LineKey, quantity: Decimal) -> None:
        """Another tool has sent a record in this slot before us."""
        self._read_log = len(self.world.admin.state.log.accepted)
        self.foreign.add(line)
        self.accepted_at[line] = self.world.now
        self.on_file[line] = quantity
