"""What each move does in the world."""

from decimal import Decimal
from typing import Any

from marketplace.hour import SECONDS, deadline, hour_of, month_closes_at, month_of
from runtime.clock import iso
from tests.properties.moves import Again, Arm, Deliver, Event, Go, Move, Report, Run, Step, Subscribe, Void, Wait
from tests.simulation.actors import Actor
from tests.simulation.protocol import DAY, Protocol
from tests.simulation.sender import Body


def play(world: Protocol, move: Move) -> None:
    if isinstance(move, Report):
        customer = world.customers[move.customer % len(world.customers)]
        actor = world.recorder([_body(world, customer, event) for event in move.events], move.skew)
        _go(world, actor, move.go)
    elif isinstance(move, Run):
        if move.on_time:
            _wait(world, Wait("next_run"))
        _go(world, world.hourly(delayed=move.delayed, skew=move.skew), move.go)
    elif isinstance(move, Step):
        if alive := world.scheduler.alive:
            _go(world, alive[move.actor % len(alive)], move.go)
    elif isinstance(move, Wait):
        _wait(world, move)
    elif isinstance(move, Arm):
        _arm(world, move)
    elif isinstance(move, Subscribe):
        world.subscribe(world.customers[move.customer % len(world.customers)], told=move.told, refetched=move.refetched)
    elif isinstance(move, Deliver):
        _deliver(world, move)
    elif isinstance(move, Again):
        _again(world, world.customers[move.customer % len(world.customers)])
    else:
        world.mode = move.mode


def _deliver(world: Protocol, move: Deliver) -> None:
    actor: Actor | None = None
    notices = world.mail if move.what == "new" else world.notices
    if move.what == "stream":
        actor = world.final.streamed()
    elif move.what == "caretaker":
        actor = world.final.caretaker()
    elif notices:
        notice = notices[move.which % len(notices)]
        actor = world.postman(notice, entitlements=move.what == "entitlements")
    if actor is not None:
        _go(world, actor, move.go)


def _again(world: Protocol, customer: str) -> None:
    world.now = float(int(world.now) + 1)
    world.note(customer, "end" if customer in world.left else "start", world.now)


def _go(world: Protocol, actor: Actor, go: Go) -> None:
    if actor.point == "Wait":
        if actor.ready > world.now:
            return
        world.scheduler.step(actor)
    world.scheduler.run(actor, go.effects, writes=go.writes, fault=go.fault)


def _body(world: Protocol, customer: str, event: Event | Void) -> Body:
    if isinstance(event, Void):
        return {"void": f"e{event.slot}", "customerIdentifier": customer, "source": "people"}
    quantity = {} if event.dimension == "active_users" else {"quantity": Decimal(event.quantity)}
    user = {"user": event.user} if event.dimension == "active_users" else {}
    # two of three have tags; not a choice of its own, so that schedules stay what they were
    tags = {"tags": {"team": "ab"[event.slot % 2]}} if event.slot % 3 else {}
    key = (customer, event.slot, False)
    at = world.now - event.early
    # near a month's turn nobody's clock decides which month it is
    if month_of(min(at, world.now) - 10) != month_of(at + 10):
        at = min(at, world.now) - 20
    body = world.event(
        customer,
        f"e{event.slot}",
        dimension=event.dimension,
        occurredAt=iso(at),
        **user,
        **tags,
    )
    body.pop("quantity")
    body = world.sender.bodies.setdefault(key, body | quantity)
    if event.altered:
        body = world.sender.bodies.setdefault((customer, event.slot, True), body | {"source": "another"})
    return body


def _wait(world: Protocol, move: Wait) -> None:
    if move.until == "seconds":
        world.now += move.seconds
    elif move.until == "next_run":
        world.now = hour_of(world.now) + SECONDS + 600
    elif move.until == "month_end":
        world.now = max(world.now, month_closes_at(hour_of(world.now - DAY)) - move.seconds)
    elif due := [deadline(hour) for _, hour in world.pending()]:
        world.now = max(world.now, min(due) - move.seconds)


def _arm(world: Protocol, move: Arm) -> None:
    fault: dict[str, Any] = {} if move.lasting else {"times": 1}
    if move.customer is not None:
        fault["buyer"] = world.customers[move.customer % len(world.customers)]
    if move.kind == "status":
        fault["status"] = move.word
    elif move.word:
        fault["error"] = move.word
    world.marketplace.arm(move.kind, **fault)
