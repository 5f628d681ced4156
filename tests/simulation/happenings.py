"""What happens in an episode beside the steps of its actors: usage, runs, time, notices, trouble, people."""

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

from botocore.exceptions import ClientError

from ledger.tables import USAGE_EVENTS
from marketplace.hour import SECONDS, hour_of
from marketplace_local.in_process import MeteringClient
from runtime.clock import iso
from tests.scenarios.world import PRODUCT
from tests.simulation.actors import Actor
from tests.simulation.judge import Judge
from tests.simulation.lives import limit, month_of
from tests.simulation.on_hold import decider, waiting_lines
from tests.simulation.people import EVERYBODY, LOG_DELAY, LONGEST_FUNCTION
from tests.simulation.protocol import DAY, Protocol
from tests.simulation.sender import Body, key_of

_QUANTITIES = {
    "workflow_executions": ("1", "2", "5", "0.4"),
    "api_calls": ("400", "999", "2500"),
    "data_processed_gb": ("0.25", "1.000001", "17"),
    "active_users": ("1",),
    "peak_nodes": ("3", "7", "9"),
    "reports_thousand": ("3", "14.5", "999.999999", "2500"),
    "vcpu_hours": ("1", "0.5", "1000000000", "1000000000", "999999999.75"),
}
_EARLY = (0, 0, 0, 0, 90, 300, 400, 600, 1800, 1800, 3000, 3700, 7300, 40000, 80000, 3_000_000, -120, -400)
_SKEWS = (0.0, 0.0, 0.0, 0.0, 3.0, -3.0, 1.5)
_USERS = ("ann", "bob", "eve", "dan")
_PRODUCT_ERRORS = ("AccessDeniedException", "InvalidProductCodeException", "DisabledApiException")
_TAGS = ({"team": "a"}, {"team": "b"}, {"team": "a", "case": "1"}, {"case": "2"})
SLOTS = 60


class Happenings:
    """``next``: the next thing that happens, and the actor that it brings, if any."""

    def __init__(self, world: Protocol, judge: Judge, chance: Random) -> None:
        self._world = world
        self._judge = judge
        self._chance = chance
        self._slots: dict[tuple[str, str], Body] = {}
        self._kinds: dict[Any, float] = {
            self._usage: 8.0,
            self._run: 5.0,
            self._time: 3.0,
            self._mail: 2.0,
            self._again: 1.0,
            self._void: 1.2,
            self._trouble: 1.5,
            self._better: 0.7,
            self._life: 0.5,
            self._mode: 0.4,
            self._more_ends: 0.2,
            self._upgrade: 0.4,
            self._foreign: 0.8,
            self._hold: 0.4,
            self._decide: 4.0 if world.on_hold else 0.0,
            self._turn: 0.6,
            self._stream: 1.0,
            self._caretaker: 0.3,
            self._old_mail: 0.3,
            self._person: 4.0,
            self._reconcile: 4.0,
            self._pause: 0.25,
        }

    def begin(self, customers: int) -> None:
        for _ in range(customers):
            # Now and then active since the first minutes of this hour.
            young = self._world.now % SECONDS - self._chance.choice((20, 60, 200))
            since = self._chance.choice((DAY, DAY, 40 * DAY, 700, max(60.0, young)))
            self._world.join(self._chance.choice(("license", "legacy")), since)

    def next(self) -> Actor | None:
        kinds = self._kinds
        actor: Actor | None = self._chance.choices(list(kinds), list(kinds.values()))[0]()
        return actor

    def rival(self, actor: Actor) -> Actor | None:
        """An actor that disturbs another one that stands before a write."""
        chance, about = self._chance, actor.about
        customer = about[0] if about and about[0] in self._world.customers else None
        kinds: tuple[Any, ...]
        if actor.name == "run":
            late = self._usage_for(customer, None if about is None else about[1])
            kinds = (
                lambda: late,
                lambda: late,
                lambda: self._void_of(customer, None if about is None else about[1]),
                lambda: self._world.hourly(skew=chance.choice(_SKEWS)),
                self.next,
            )
            if actor.point == "BatchMeterUsage":
                kinds = (self._overlap, self._overlap, self._time, self._mode, self._life, self._mail, self._decide)
            elif actor.point == "UpdateItem":
                kinds = (self._hold, self._overlap, *kinds[2:])
        elif actor.name == "final":
            kinds = (
                # A recorder whose clock is behind does not see yet that usage is refused.
                lambda: self._usage_for(customer, None, skew=-3.0),
                lambda: self._usage_for(customer, None, skew=-3.0),
                lambda: self._world.hourly(delayed=False, skew=chance.choice(_SKEWS)),
                lambda: self._back(customer),
                self._mail,
            )
        elif actor.name in ("person", "reconciler"):
            kinds = (
                self._person,
                self._person,
                self._reconcile,
                self._life,
                self._mail,
                lambda: self._usage_for(customer, None),
                lambda: self._world.hourly(skew=chance.choice(_SKEWS)),
            )
        elif actor.name == "recorder":
            kinds = (
                lambda: self._world.hourly(delayed=False, skew=chance.choice(_SKEWS)),
                lambda: self._usage_for(customer, None),
                lambda: self._void_of(customer, None if about is None else about[1]),
                self._again,
                self._life,
                self._mail,
            )
        else:
            kinds = (self._mail, self._life, self._usage, self._run)
        found: Actor | None = chance.choice(kinds)()
        return found

    # --- usage --------------------------------------------------------------------------------------------------------

    def _usage(self) -> Actor:
        return self._usage_for(None, None)

    def _usage_for(self, customer: str | None, hour: int | None, skew: float | None = None) -> Actor:
        world, chance = self._world, self._chance
        customer = customer or chance.choice(world.customers)
        bodies = [self._body(customer, hour) for _ in range(chance.choice((1, 1, 2, 3)))]
        if chance.random() < 0.1 and len(world.customers) > 1:
            bodies.append(self._body(chance.choice(world.customers), None))
        return world.recorder(bodies, chance.choice(_SKEWS) if skew is None else skew)

    def _body(self, customer: str, hour: int | None) -> Body:
        world, chance = self._world, self._chance
        slot = f"e{chance.randrange(SLOTS)}"
        known = self._slots.get((customer, slot))
        if known is not None and any(known["id"] == body["id"] for body, _ in world.sender.refused):
            known, slot = None, f"{slot}-{len(world.sender.refused)}"
        if known is not None:
            if chance.random() < 0.15:
                return {**known, "source": "another"}
            return known
        dimension = chance.choice(list(world.dimensions))
        at = world.now - chance.choice(_EARLY)
        if hour is not None and chance.random() < 0.8:
            at = hour + chance.randrange(SECONDS)
        elif chance.random() < 0.08:
            # About the time of the activation: clocks of engines and of Marketplace differ.
            at = float((world.periods[customer][-1][0] or 0) + chance.randint(-290, 60))
        # Near a month's turn no actor's clock may decide which month it is.
        low = min(at, world.now) - 10
        if month_of(low) != month_of(at + 10):
            at = low - 10
        body = world.event(customer, slot, dimension=dimension, occurredAt=iso(at))
        if world.dimensions[dimension].aggregation == "distinct":
            body |= {"user": chance.choice(_USERS)}
            body.pop("quantity")
        else:
            body |= {"quantity": Decimal(chance.choice(_QUANTITIES[dimension]))}
        if chance.random() < 0.3:
            body |= {"tags": chance.choice(_TAGS)}
        self._slots[customer, slot] = body
        return body

    def _again(self) -> Actor | None:
        """A sender repeats an event without a verdict, or one that was accepted long ago."""
        world, chance = self._world, self._chance
        bodies = world.sender.outbox or world.sender.accepted
        if not bodies:
            return None
        some = [chance.choice(bodies) for _ in range(chance.choice((1, 1, 2)))]
        return world.recorder(some, chance.choice(_SKEWS))

    def _void(self) -> Actor | None:
        return self._void_of(None, None)

    def _void_of(self, customer: str | None, hour: int | None) -> Actor | None:
        """Takes events back, of that customer and hour if there are any. Now and then the event comes with its void,
        its hour is long sealed, or it never existed."""
        world, chance = self._world, self._chance
        found = [item for item in world.store.items(USAGE_EVENTS.name) if str(item["eventId"]).startswith("event#")]
        if customer is not None:
            near = [item for item in found if item["customerIdentifier"] == customer]
            found = [item for item in near if hour in (None, int(item["billedHour"]))] or near or found
        keys = [(str(item["customerIdentifier"]), str(item["eventId"])[len("event#") :]) for item in found]
        keys += [key_of(body) for body in world.sender.outbox]
        if not keys or chance.random() < 0.03:
            keys = [(chance.choice(world.customers), f"e{chance.randrange(SLOTS)}")]
        # The last ones are most likely to be in an open hour.
        chosen = [chance.choice(keys[-6:] if chance.random() < 0.7 else keys) for _ in range(chance.choice((1, 1, 2)))]
        bodies: list[Body] = [{"void": event, "customerIdentifier": who, "source": "people"} for who, event in chosen]
        known = self._slots.get(chosen[0])
        if chance.random() < 0.2 and known is not None:
            bodies.insert(chance.choice((0, 1)), known)
        return world.recorder(bodies, chance.choice(_SKEWS))

    # --- runs and time ------------------------------------------------------------------------------------------------

    def _run(self) -> Actor:
        world, chance = self._world, self._chance
        if chance.random() < 0.6:
            world.now = hour_of(world.now) + SECONDS + 600.0
        return world.hourly(delayed=chance.random() < 0.75, skew=chance.choice(_SKEWS), survives=chance.random() < 0.6)

    def _overlap(self) -> Actor:
        """Another run, at once or after the time for which the first one's calls count as under way."""
        self._world.now += self._chance.choice((0, 0, 130, 130, 700))
        return self._world.hourly(delayed=self._chance.random() < 0.5, skew=self._chance.choice(_SKEWS))

    def _hold(self) -> Actor | None:
        """The stage sends nothing any more while the last moments of an hour pass."""
        world = self._world
        due = self._due()
        if not due:
            return None
        world.mode = self._chance.choice(("off", "dry-run", "live"))
        world.now = max(world.now, float(min(due) - self._chance.choice((599, 590, 1, -1))))
        return world.hourly()

    def _turn(self) -> Actor:
        """The hour is about to turn, and a run's clock is ahead of the others'."""
        world = self._world
        world.now = max(world.now, float(hour_of(world.now) + SECONDS) - 2.5)
        return world.hourly(delayed=False, skew=3.0)

    def _due(self) -> list[int]:
        """Until when each hour that is still open can be sent."""
        items = self._world.store.items(self._world.records.table_name)
        return [limit(int(item["timestamp"])) for item in items if "meteringPending" in item]

    def _time(self) -> None:
        world, chance = self._world, self._chance
        kind = chance.random()
        due = self._due()
        if kind < 0.1 and world.cancelled:
            # The last quarter of the grace.
            end = world.periods[sorted(world.cancelled)[0]][-1][1] or 0
            world.now = max(world.now, float(end + chance.choice((2690, 2700, 2705, 3300, 3590, 3605))))
        elif kind < 0.55:
            world.now += chance.choice((1, 61, 130, 600, 600, 3600))
        elif kind < 0.65:
            world.now = max(world.now, float(hour_of(world.now) + SECONDS) - chance.choice((1, 2, 4, 30)))
        elif kind < 0.75:
            world.now += 5 * SECONDS
        elif due and kind < 0.97:
            ahead = chance.choice((5 * SECONDS, 4000, 1900, 800, 601, 599, 200, 1, -1))
            world.now = max(world.now, float(min(due) - ahead))
        else:
            world.now = max(world.now, float(limit(hour_of(world.now - DAY))) - chance.choice((3000, 60)))

    # --- the customer's life ------------------------------------------------------------------------------------------

    def _life(self) -> Actor | None:
        """A customer cancels or resubscribes; the notice is on its way."""
        self._world.subscribe(self._chance.choice(self._world.customers), notified=False)
        return self._mail() if self._chance.random() < 0.6 else None

    def _back(self, customer: str | None) -> Actor | None:
        """A cancelled customer resubscribes, and Marketplace notifies the stage."""
        if customer is None or customer not in self._world.cancelled:
            return None
        self._world.subscribe(customer, notified=False)
        return self._mail()

    def _more_ends(self) -> None:
        """The period's second ending, or a start that starts nothing."""
        world, chance = self._world, self._chance
        customer = chance.choice(world.customers)
        world.now = float(int(world.now) + 1)
        world.note(customer, "end" if customer in world.cancelled else "start", world.now)

    def _mail(self) -> Actor | None:
        world, chance = self._world, self._chance
        if not world.mail:
            return None
        notice = chance.choice(world.mail)
        return world.postman(notice, skew=chance.choice(_SKEWS))

    def _old_mail(self) -> Actor | None:
        """A notice arrives again, or at the other receiver."""
        world, chance = self._world, self._chance
        notice = chance.choice(world.notices)
        return world.postman(notice, entitlements=chance.random() < 0.6, skew=chance.choice(_SKEWS))

    def _stream(self) -> Actor | None:
        return self._world.final.streamed()

    def _caretaker(self) -> Actor:
        return self._world.final.caretaker()

    def _upgrade(self) -> Actor | None:
        world, chance = self._world, self._chance
        if not world.tiers:
            return None
        customer = chance.choice(world.customers)
        world.upgrade(customer, chance.choice(("basic", "pro", "pro")))
        notice = world.note(customer, "entitlement", world.now)
        world.mail.remove(notice)
        return world.postman(notice, entitlements=True, skew=chance.choice(_SKEWS))

    # --- people -------------------------------------------------------------------------------------------------------

    def _person(self) -> Actor | None:
        """A person decides about a failed line; mostly about the oldest, as others do at the same time."""
        world, chance = self._world, self._chance
        lines = world.people.failed_lines()
        if not lines:
            return None
        young = [each for each in lines if limit(each[1]) > world.now]
        if young and chance.random() < 0.5:
            return world.people.decides(chance.choice(young), "retry", chance.choice(_SKEWS))
        line = lines[0] if chance.random() < 0.6 else chance.choice(lines)
        what = chance.choice(("carry", "carry", "carry", "retry", "write off"))
        return world.people.decides(line, what, chance.choice(_SKEWS))

    def _reconcile(self) -> Actor | None:
        """The reconciliation has read Marketplace's log, and confirms a line by it, now or later."""
        world, chance = self._world, self._chance
        lines = world.people.failed_lines()
        if not lines:
            return None
        young = [each for each in lines if limit(each[1]) > world.now]
        line = chance.choice(young if young and chance.random() < 0.6 else lines)
        if chance.random() < 0.5:
            world.now += LOG_DELAY + 200
        # A function that has not gone on for so long is not alive any more, and its call is not made.
        for actor in list(world.scheduler.alive):
            if actor.point not in ("start", "Wait") and actor.seen < world.now - LONGEST_FUNCTION:
                if actor.name == "final":
                    return None
                if actor.name == "run":
                    world.scheduler.kill(actor)
        # It may have read the log long ago, and have been slow since.
        until = world.now - LOG_DELAY - max(_SKEWS) - chance.choice((0, 0, 3600, 20 * SECONDS, DAY))
        at = self._judge.accepted_at.get(line)
        shown = self._judge.on_file[line] if at is not None and at <= until else None
        return world.people.reconciles(line, shown, until, chance.choice(_SKEWS))

    def _pause(self) -> Actor:
        world, chance = self._world, self._chance
        return world.people.pauses(EVERYBODY if chance.random() < 0.2 else chance.choice(world.customers))

    def _decide(self) -> Actor | None:
        """A person decides about a line on hold; some are never decided about."""
        lines = waiting_lines(self._world)
        if not lines:
            return None
        return decider(self._world, self._chance.choice(lines), refuses=self._chance.random() < 0.4)

    # --- Marketplace and the stage ------------------------------------------------------------------------------------

    def _trouble(self) -> None:
        world, chance = self._world, self._chance
        kind = chance.random()
        if kind < 0.3:
            world.trouble.product = chance.choice(_PRODUCT_ERRORS)
        elif kind < 0.65:
            world.trouble.poison.add(chance.choice(world.customers))
        else:
            world.trouble.unknown.add(chance.choice(world.customers))

    def _better(self) -> None:
        self._world.trouble.clear()

    def _mode(self) -> None:
        self._world.mode = self._chance.choice(("live", "live", "live", "off", "dry-run"))

    def _foreign(self) -> None:
        """Another tool of the seller sends usage in a slot that is ours and not yet used."""
        world, chance = self._world, self._chance
        customer = chance.choice(world.customers)
        dimension = chance.choice(list(world.dimensions))
        hour = hour_of(world.now) - chance.choice((0, 0, SECONDS))
        used = [
            (str(item["customerIdentifier"]), int(item["timestamp"]), name.split("#")[1])
            for item in world.store.items(world.records.table_name)
            if item["state"] == "open"
            for name in item
            if name.startswith("counted#")
        ]
        if used and chance.random() < 0.7:
            customer, hour, dimension = chance.choice(used)
        if (customer, hour, dimension) in self._judge.on_file or (customer, hour, dimension) in self._judge.sent:
            return
        buyer = world.buyers[customer]
        record: dict[str, Any] = {
            "Dimension": dimension,
            "Timestamp": datetime.fromtimestamp(hour, UTC),
            "Quantity": 7777,
        }
        request: dict[str, Any] = {"UsageRecords": [record]}
        if world.admin.state.catalogue.buyers[customer].kind == "license":
            record |= {"LicenseArn": buyer["licenseArn"], "CustomerAWSAccountId": buyer["accountId"]}
        else:
            record |= {"CustomerIdentifier": customer}
            request["ProductCode"] = PRODUCT
        with suppress(ClientError):
            answer = MeteringClient(world.admin.state).batch_meter_usage(**request)
            if answer["Results"][0]["Status"] == "Success":
                self._judge.put_on_file((customer, hour, dimension), Decimal(7777))
