"""What must hold after every single effect, read from the tables and from Marketplace's side of each call.

Independent of the code: what it says, its rules and its constants are not asked. A broken rule is noted, not raised:
it happens inside the code, which catches what it can.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ledger.tables import METERING_RECORDS, STATE, SUBSCRIBERS, USAGE_EVENTS
from ledger.transaction import Contended
from local.dynamodb.errors import Invalid
from tests.simulation.actors import Actor
from tests.simulation.answer_judge import Account, AnswerJudge
from tests.simulation.call_judge import LineKey
from tests.simulation.faults import Crash
from tests.simulation.final_metering_judge import FinalMeteringJudge
from tests.simulation.lives import (
    EARLIEST_END,
    HOUR,
    SERVED,
    TOLERANCE,
    ZERO,
    active_through,
    known,
    life,
    limit,
    moment_of,
    month_of,
    serves,
)
from tests.simulation.store import Change, Item

if TYPE_CHECKING:
    from tests.simulation.protocol import Protocol

RANK = {
    "not_subscribed": 1,
    "rejected": 1,
    "retried": 1,
    "not_sent": 2,
    "conflict": 2,
    "expired": 2,
    "presumed_on_file": 2,
}
RANK |= {"billed": 3, "on_file": 3}
_VOID = ("voidedAt", "voidedBy", "voidTraceId")
_FROZEN = ("lines", "deadline", "sentTimestamp", "identity", "dimensionUsage", "sealedAt")


class Judge(FinalMeteringJudge, AnswerJudge):
    """``broken``: what did not hold, in order. ``on_file``: what Marketplace has of us, by line."""

    world: "Protocol"

    def __init__(self) -> None:
        super().__init__()
        # The second sum, kept up to date: what events have added; what is open, what is frozen, what is left over.
        self._events: dict[Account, Decimal] = defaultdict(Decimal)
        self._open: dict[Account, Decimal] = defaultdict(Decimal)
        self._frozen: dict[Account, Decimal] = defaultdict(Decimal)
        self._remainder: dict[Account, Decimal] = defaultdict(Decimal)
        self._included: dict[Account, Decimal] = defaultdict(Decimal)
        self._used: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
        self._users: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        self._highest: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
        self._lives: dict[str, list[tuple[int, Item]]] = defaultdict(list)

    def watch(self, world: "Protocol") -> None:
        self.world = world
        world.store.wrote = self.wrote
        # The caller may catch the error, and a later try may hide it.
        Invalid.watch = self.note

    # --- tables -------------------------------------------------------------------------------------------------------

    def wrote(self, changes: list[Change]) -> None:
        """One operation has changed these items, all at once."""
        touched: set[Account] = set()
        seals = any(
            t == METERING_RECORDS.name and new and "sealedAt" in new and "sealedAt" not in (old or {})
            for t, _, old, new in changes
        )
        for table, key, old, new in changes:
            if table == METERING_RECORDS.name:
                self._record((str(key[0]), int(key[1])), old, new, touched, spills=seals)
            elif table == USAGE_EVENTS.name:
                self._event(key, old, new, touched)
            elif table == STATE.name and key[0] == "#paused":
                self._paused(str(key[1]), new)
            elif table == STATE.name:
                self._balance(str(key[0]), old, new, touched)
            elif table == SUBSCRIBERS.name and new is not None:
                self._lives[str(key[0])].append((self.world.scheduler.steps, new))
                self._changed_life(str(key[0]), old, new)
                self.world.final.changed(new)
        self._carries(changes)
        for account in sorted(touched):
            self._sums(account)

    def _carries(self, changes: list[Change]) -> None:
        """Units that are carried into the balance were left after the allowance, and an open hour bills them."""
        into = {
            str(key[0])
            for table, key, old, new in changes
            if table == STATE.name
            and new
            and any(n.startswith("carried#") and v != (old or {}).get(n) for n, v in new.items())
        }
        for customer in into:
            records = [i for i in self.world.store.items(METERING_RECORDS.name) if i["customerIdentifier"] == customer]
            if not any(item["state"] == "open" for item in records):
                self.note(f"units of {customer} were carried, and no open hour bills them")
        for table, key, _, new in changes:
            if table == METERING_RECORDS.name and key[0] in into and new and new.get("beforeAllowance"):
                self.note(f"{key} was carried past the allowance")

    def _sums(self, account: Account) -> None:
        kept = self._open[account] + self._frozen[account] + self._remainder[account]
        if self._events[account] != kept:
            self.note(
                f"{account}: events came to {self._events[account]}; open {self._open[account]},"
                f" in lines or included {self._frozen[account]}, left over {self._remainder[account]}"
            )
        used = sum((units for (c, d, _), units in self._used.items() if (c, d) == account), ZERO)
        if used != self._included[account]:
            self.note(f"{account}: {self._included[account]} was included by hours, {used} by the balance")

    def _record(
        self, key: tuple[str, int], old: Item | None, new: Item | None, touched: set[Account], *, spills: bool
    ) -> None:
        customer, hour = key
        if new is None:
            self.note(f"{key} was deleted")
            return
        was_sealed = old is not None and old["state"] == "sealed"
        is_sealed = new["state"] == "sealed"
        if old is None:
            if not spills:  # what one line cannot take was accepted before
                self._opened(customer, hour)
        elif was_sealed and not is_sealed:
            self.note(f"{key} was opened again")
        for name, value in new.items():
            if name.startswith("counted#"):
                before = old.get(name, ZERO) if old else ZERO
                if value is before or value == before:
                    continue
                account = (customer, name.split("#")[1])
                touched.add(account)
                self._open[account] += value - before
                if was_sealed or (old and old["state"] != "open"):
                    self.note(f"{key}: {name} changed after its hour was closed")
                if value < 0:
                    self.note(f"{key}: {name} is {value}")
            elif name.startswith("verdict#") and (old is None or old.get(name) != value):
                line = (customer, hour, name[len("verdict#") :])
                self._verdict(line, old.get(name) if old else None, value, new)
                if value.get("resolution") == "carried":
                    stored = new["lines"][line[2]]
                    touched.add((customer, line[2]))
                    self._frozen[customer, line[2]] -= stored["quantity"] * stored.get("scale", 1)
        if is_sealed:
            if not was_sealed:
                self._sealed(key, new, touched)
            elif old is not None:
                for name in _FROZEN:
                    if old.get(name) is not new.get(name) and old.get(name) != new.get(name):
                        self.note(f"{key}: {name} changed after sealing")
        self._marks(key, new, is_sealed)

    def _opened(self, customer: str, hour: int) -> None:
        """By a recorder, or by a run that puts an hour of nothing."""
        actor = self.world.scheduler.current
        if actor is None:
            return
        running = int(actor.seen // HOUR) * HOUR
        if actor.name == "recorder" and hour < running - HOUR:
            self.note(f"{(customer, hour)} was opened long after that hour")
        found = self.world.store.item(SUBSCRIBERS.name, customer) or {}
        if found.get("subscriptionStatus") not in ("active", "pending_cancellation") or not serves(found, actor.seen):
            self.note(f"{(customer, hour)} was opened for a customer who is not served: {life(found)}")

    def _sealed(self, key: tuple[str, int], new: Item, touched: set[Account]) -> None:
        customer, hour = key
        included = {usage["dimension"]: usage.get("included", 0) for usage in new.get("dimensionUsage", ())}
        lines: Mapping[str, Any] = new.get("lines", {})
        for name, value in new.items():
            if name.startswith("counted#"):
                account = (customer, name.split("#")[1])
                touched.add(account)
                self._open[account] -= value
        for dimension, units in included.items():
            touched.add((customer, dimension))
            self._frozen[customer, dimension] += units
            self._included[customer, dimension] += units
        for dimension, line in lines.items():
            touched.add((customer, dimension))
            self._frozen[customer, dimension] += line["quantity"] * line.get("scale", 1)
            if line["quantity"] < 0:
                self.note(f"{(*key, dimension)} is negative")
        sent = int(new.get("sentTimestamp", hour))
        if not hour <= sent < hour + HOUR:
            self.note(f"{key} is to be sent as usage of another hour: {sent}")
        actor = self.world.scheduler.current
        if actor is not None and actor.name == "run" and actor.seen < hour + HOUR:
            self.note(f"{key} was sealed before its end")
        seen = self._seen(customer) or [{}]
        if any(not line["quantity"] for line in lines.values()) and not any(active_through(i, hour) for i in seen):
            self.note(f"{key} has a zero, and the customer was not active to its end: {life(seen[-1])}")
        given_up = any(name.startswith("verdict#") for name in new) or not lines
        if self.world.tiers and not given_up and not any(known(item) for item in seen):
            self.note(f"{key} was sealed before the entitlements were known of {life(seen[-1])}")

    def _seen(self, customer: str) -> list[Item]:
        """The states of a customer that the actor may have read since it read its clock."""
        actor = self.world.scheduler.current
        lives = self._lives[customer]
        if actor is None:
            return [item for _, item in lives[-1:]]
        start = next((n for n in range(len(lives) - 1, -1, -1) if lives[n][0] <= actor.seen_at), 0)
        return [item for _, item in lives[start:]]

    def _marks(self, key: tuple[str, int], item: Item, is_sealed: bool) -> None:
        lines: Mapping[str, Any] = item.get("lines", {})
        failed = ended = 0
        for dimension, line in lines.items():
            verdict = item.get(f"verdict#{dimension}")
            if verdict is not None and RANK[verdict["verdict"]] > 1:
                ended += 1
                words = ("conflict", "expired", "presumed_on_file")
                undecided = verdict.get("resolution") in (None, "lost")
                failed += verdict["verdict"] in words and undecided and line["quantity"] != 0
            elif (*key, dimension) in self.on_file and not (
                item.get("attempts") or item.get(f"attempts#{dimension}") or (*key, dimension) in self.foreign
            ):
                self.note(f"{(*key, dimension)} is on file, and neither its verdict nor an attempt says so")
        if "meteringPending" not in item and not (is_sealed and ended == len(lines)):
            self.note(f"{key} is open, and not in the pending index")
        if failed and item.get("meteringFailed") != "true":
            self.note(f"{key} has a failed line, and is not in the failed index")

    def _verdict(self, line: LineKey, old: Any, new: Any, item: Item) -> None:
        word = new["verdict"]
        if item["state"] != "sealed":
            self.note(f"{line} got the verdict {word} before it was sealed")
            return
        if old is not None and self._decided(line, old, new, item):
            return
        if old is not None:
            sinks = RANK[word] < RANK[old["verdict"]] or (RANK[word] == RANK[old["verdict"]] > 1 and old != new)
            if sinks and not (RANK[word] == 3 and RANK[old["verdict"]] == 3):
                self.note(f"{line} sank from {old['verdict']} to {word}")
        on_file = self.on_file.get(line)
        answers = self.answers[line]
        quantity = item["lines"][line[2]]["quantity"]
        if word in ("billed", "on_file") and (on_file != quantity or line in self.foreign):
            self.note(f"{line} is called billed, and Marketplace has {on_file} of {quantity}")
        if word == "not_sent" and on_file is not None and line not in self.foreign:
            self.note(f"{line} is called not sent, and Marketplace has it")
        if word == "conflict" and line not in self.foreign:
            self.note(f"{line} is called a conflict, and Marketplace has no other record")
        if word == "presumed_on_file" and on_file is None:
            self.note(f"{line} is presumed on file, and Marketplace has nothing")
        if word == "not_subscribed" and "CustomerNotSubscribed" not in answers:
            self.note(f"{line} is called not subscribed, and Marketplace never said so")
        if word == "rejected" and "rejected alone" not in answers:
            self.note(f"{line} is called rejected, and was never rejected by itself")
        actor = self.world.scheduler.current
        if word == "expired" and actor is not None and actor.seen < limit(line[1]) - EARLIEST_END:
            end = self._ended(line[0])
            # No actor meters an hour that begins after the grace.
            if end is None or int(item["sentTimestamp"]) < end + HOUR:
                self.note(f"{line} was given up while it could have been sent")

    def _decided(self, line: LineKey, old: Any, new: Any, item: Item) -> bool:
        """Whether a person or the reconciliation has resolved a failed line; that must have been the right thing."""
        was, now = old.get("resolution"), new.get("resolution")
        failed = old["verdict"] in ("conflict", "expired", "presumed_on_file") and was in (None, "lost")
        ours = self.on_file.get(line) is not None and line not in self.foreign
        uncertain = (
            failed
            and was is None
            and (old["verdict"] != "expired" or bool(item.get("attempts") or item.get(f"attempts#{line[2]}")))
        )
        if new["verdict"] == "retried":
            actor = self.world.scheduler.current
            if not failed or ours or uncertain:
                self.note(f"{line} was retried: {old}, {self.on_file.get(line)} on file")
            if actor is not None and actor.seen >= limit(line[1]):
                self.note(f"{line} was retried after its deadline")
            return True
        if now == was:
            return False
        if new["verdict"] != old["verdict"] or now not in ("lost", "carried", "written_off") or not failed:
            if was == "carried":
                self.note(f"{line} was carried, and got {new}")
            return False
        if ours:
            self.note(f"{line} is called {now}, and Marketplace has it")
        if uncertain and now != "lost":
            self.note(f"{line} was {now}, and nobody knew whether it is on file")
        return True

    def _paused(self, whom: str, new: Item | None) -> None:
        if new is None:
            del self.paused_since[whom]
            self.paused_until[whom] = self.world.scheduler.steps
        else:
            self.paused_since[whom] = self.world.scheduler.steps

    def _ended(self, customer: str) -> int | None:
        """When the customer's last period ended, as far as the stage knows."""
        lives = self._lives[customer]
        periods = lives[-1][1].get("activePeriods", ()) if lives else ()
        return int(periods[-1]["end"]) if periods and "end" in periods[-1] else None

    def _event(self, key: tuple[Any, Any], old: Item | None, new: Item | None, touched: set[Account]) -> None:
        customer, name = str(key[0]), str(key[1])
        if new is None:
            return self.note(f"{name} of {customer} was deleted")
        if not name.startswith("event#"):
            return None
        content = new["content"]
        account = (customer, content["dimension"])
        touched.add(account)
        if old is not None and "voidedAt" in new:
            return self._voided(name, account, old, new)
        if old is not None:
            self.note(f"{name} of {customer} was recorded twice")
            self._events[account] -= old["counted"]
        self._events[account] += new["counted"]
        self.stored(customer, name[len("event#") :], content)
        occurred, recorded = moment_of(content["occurredAt"]), moment_of(new["recordedAt"])
        period = (*account, month_of(min(occurred, recorded)))
        expected = content["quantity"]
        aggregation = self.world.dimensions[account[1]].aggregation
        if aggregation == "distinct":
            expected = Decimal(content["userHash"] not in self._users[period])
            self._users[period].add(content["userHash"])
        elif aggregation == "max":
            expected = max(ZERO, content["quantity"] - self._highest[period])
            self._highest[period] = max(self._highest[period], content["quantity"])
        if new["counted"] != expected:
            self.note(f"{name} of {customer} counts {new['counted']}, not {expected}")
        self._served(customer, name, occurred, recorded, int(new["billedHour"]))
        return None

    def _voided(self, name: str, account: Account, old: Item, new: Item) -> None:
        """An event was taken back: once, and nothing else of it has changed."""
        what = f"{name} of {account[0]}"
        if "voidedAt" in old:
            self.note(f"{what} was taken back twice")
            return
        self._events[account] -= old["counted"]
        self.voided(account[0], name[len("event#") :])
        if {n: v for n, v in new.items() if n not in _VOID} != old:
            self.note(f"{what} was changed when it was taken back: {new}")
        if old["counted"] and self._aggregation(old) != "sum":
            self.note(f"{what} was taken back, and others were counted by it")

    def _closed(self, customer: str, hours: Iterable[int]) -> bool:
        """Whether none of these hours takes usage any more."""
        found = (self.world.store.item(METERING_RECORDS.name, customer, hour) for hour in hours)
        return all(item is not None and item["state"] != "open" for item in found)

    def _served(self, customer: str, name: str, occurred: float, recorded: float, billed: int) -> None:
        """The event was the customer's to pay, by what was known when the recorder looked at its clock."""
        actor = self.world.scheduler.current
        if actor is None:
            return
        running = int(actor.seen // HOUR) * HOUR
        if billed > running:
            # No hour before an activation's takes anything: the walk to an open hour may begin there.
            starts = [int(p["start"]) // HOUR * HOUR for i in self._seen(customer) for p in i.get("activePeriods", ())]
            begins = [running, *(start for start in starts if running < start <= billed)]
            if not any(self._closed(customer, range(begin, billed, HOUR)) for begin in begins):
                self.note(f"{name} of {customer} is billed in a coming hour, and the running one is open")
        seen = self._seen(customer)
        if not any(serves(item, recorded) for item in seen):
            said = [life(item) for item in seen]
            self.note(f"{name} of {customer} was recorded at {recorded}, while it was served so: {said}")
        periods = [period for item in seen for period in item.get("activePeriods", ())]
        if not any(p["start"] < billed + HOUR for p in periods):
            self.note(f"{name} of {customer} is billed in an hour that was over before its activation")
        if not any(
            p["start"] - TOLERANCE - 1 <= occurred and ("end" not in p or occurred <= p["end"] + TOLERANCE + 1)
            for p in periods
        ):
            self.note(f"{name} of {customer} is usage of a time without a subscription")

    def _changed_life(self, customer: str, old: Item | None, new: Item) -> None:
        """The two statuses that only final metering writes: neither too early, nor with anything still open."""
        status = new.get("subscriptionStatus")
        actor = self.world.scheduler.current
        if actor is None or old is None or status == old.get("subscriptionStatus"):
            return
        periods = new.get("activePeriods", ())
        end = periods[-1].get("end") if periods else None
        if status in ("final_metering", "cancelled") and (end is None or actor.seen < int(end) + SERVED):
            self.note(f"{customer} became {status} too early: {life(new)}")
        before = old.get("activePeriods", ())
        same = bool(periods and before) and periods[-1]["start"] == before[-1]["start"]
        was_over = old.get("subscriptionStatus") in ("final_metering", "cancelled")
        if was_over and same and status == "pending_cancellation":
            self.note(f"{customer} is cancelled again, for a period that was over: {life(new)}")
        if status == "cancelled":
            records = self.world.store.items(METERING_RECORDS.name)
            mine = [item for item in records if item["customerIdentifier"] == customer]
            if any(item["state"] != "sealed" for item in mine):
                self.note(f"{customer} was cancelled while an hour of it is open")
            if end is not None:
                self.cancelled(customer, int(end))

    def _balance(self, customer: str, old: Item | None, new: Item | None, touched: set[Account]) -> None:
        if new is None or not str(new["item"]).startswith("balance"):
            return
        left: dict[str, Decimal] = {name: ZERO for c, name in self._remainder if c == customer}
        for name, value in new.items():
            if name.startswith("remainder"):  # what remains, and what remained at the cancellation
                dimension = name.split("#")[1]
                left[dimension] = left.get(dimension, ZERO) + value
                if value < 0:
                    self.note(f"{(customer, dimension)}: the remainder is {value}")
            elif name.startswith("used#"):
                dimension, period = name[len("used#") :].rsplit("#", 1)
                if value < self._used[customer, dimension, period]:
                    self.note(f"{(customer, dimension)}: used allowance sank to {value}")
                self._used[customer, dimension, period] = value
                touched.add((customer, dimension))
        for dimension, value in left.items():
            self._remainder[customer, dimension] = value
            touched.add((customer, dimension))
        if old is not None and new["version"] <= old["version"]:
            self.note(f"the balance of {customer} was replaced without a new version")

    def ended(self, actor: Actor) -> None:
        """A request or a run is over. An undisturbed one may not fail, and nothing keeps changing for ever."""
        disturbed = actor.faults > 0 or actor.error is None or isinstance(actor.error, Crash)
        if not disturbed or (isinstance(actor.error, Contended) and actor.faults < 6):
            self.note(f"{actor.name} failed without a fault: {actor.error!r}")
