"""What ``yawl-metering-agent check`` says: what is wrong, and what a reading would bill. It sends no usage."""

import json
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Literal, NamedTuple

from botocore.exceptions import BotoCoreError
from botocore.session import Session

from runtime.clock import iso, now
from yawl.log.connect import resource_log
from yawl.log.ports import EngineLogError
from yawl.reconcile.known import Known
from yawl.reconcile.plan import chunks, plan
from yawl.reconcile.poll import CLOCK_OFF_MS
from yawl.reconcile.source import CounterFellBack, Findings, Reading
from yawl.reconcile.users import AGAIN_MS, users_of
from yawl.start import Start, customer_of, usage_events
from yawl.state.ports import Progress
from yawl_metering import ApiTransport
from yawl_metering.transport import Answered, Rejected
from yawl_metering_agent import faults
from yawl_metering_agent.config import Config, EngineSettings, is_open
from yawl_metering_agent.readings import Log, open_log
from yawl_metering_agent.state import FILE, SqliteState, StateFile

Kind = Literal["good", "note", "fault"]


class Line(NamedTuple):
    """One thing that was looked at."""

    kind: Kind
    text: str


def check(config: Config, *, as_json: bool) -> bool:
    """Print a line for each thing that was looked at. Whether no fault was found."""
    good = True
    for line in (*_delivery(config), *(line for each in config.engines for line in _engine(config, each))):
        good = good and line.kind != "fault"
        print(json.dumps(line._asdict()) if as_json else f"{line.kind:5} {line.text}", flush=True)
    return good


# --- delivery ---------------------------------------------------------------------------------------------------------


def _delivery(config: Config) -> Iterator[Line]:
    try:
        has_credentials = Session().get_credentials() is not None
    except BotoCoreError:
        has_credentials = False
    if not has_credentials:
        yield Line(
            "fault", "send: no AWS credentials are found: give the agent a role or a profile that may send usage"
        )
        return
    if not config.api_url:
        yield Line("note", f"send.queueUrl: {config.queue_url}: not tried, since a queue takes usage alone")
        return
    try:
        transport = ApiTransport(config.api_url, region=config.region)
    except ValueError as error:
        yield Line("fault", f"send.region: {error}")
        return
    outcome = transport.send([])  # The API refuses an empty list, and records nothing.
    transport.close()
    if isinstance(outcome, Rejected | Answered):
        yield Line("good", f"send.apiUrl: {config.api_url} takes this machine's requests")
    else:
        remedy = "correct apiUrl and region, and let the role call execute-api:Invoke on POST /usage"
        yield Line("fault", f"send.apiUrl: {outcome.reason}: {remedy}")


# --- engines ----------------------------------------------------------------------------------------------------------


def _engine(config: Config, settings: EngineSettings) -> Iterator[Line]:
    yield from _settings(settings)
    file = StateFile(config.directory, readonly=True) if (config.directory / FILE).exists() else None
    state = SqliteState(file, settings.engine.database) if file else None
    log = None
    try:
        log = open_log(settings, _Forgotten())
        yield from _would_bill(settings, log, state)
        if settings.engine.dimensions.users:
            yield from _users(settings, log, state)
    except EngineLogError as error:
        yield Line("fault", faults.remedy_of(error, settings.engine))
    except CounterFellBack as error:
        yield Line("fault", faults.stopped(settings.engine, str(error)))
    finally:
        if log is not None:
            with suppress(EngineLogError):
                log.close()
        if file is not None:
            file.close()


class _Forgotten:
    """``SeenRows`` that are not stored."""

    def events(self) -> set[int]:
        return set()

    def remember(self, events: Iterable[int], above: int) -> None:
        pass


def _settings(settings: EngineSettings) -> Iterator[Line]:
    engine, at = settings.engine, f"engines.{settings.engine.id}"
    for key, address in (("address", engine.address), ("resourceAddress", engine.resource_address)):
        if address and is_open(address):
            yield Line("note", f"{at}.{key}: the password travels openly to {address}: use https:// or 127.0.0.1")
    path = settings.password_file
    if path is not None and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Line("note", f"{at}.passwordFile: others may read {path}: chmod 600 {path}")
    if engine.user == "admin":
        yield Line("note", f"{at}.user: admin may do everything: make a client account of its own")
    for key in ("calls", "gigabytes"):
        if getattr(engine.dimensions, key):
            yield Line("note", f"{at}.dimensions.{key}: the agent does not count it; access logs in S3 do")


def _would_bill(settings: EngineSettings, log: Log, state: SqliteState | None) -> Iterator[Line]:
    engine, at = replace(settings.engine, mode="log-only"), f"engines.{settings.engine.id}"
    fault = state.fault() if state else None
    if fault is not None and fault.stops:
        yield Line("fault", faults.stopped(engine, fault.reason))
    progress = state.progress() if state else Progress()
    if state and state.reader() != settings.reader:
        progress = replace(progress, floor=None, checkpoint=None)
    if progress.anchor is not None:
        log.source.check(progress.anchor)
    known = state.known() if state else Known()
    reading = Reading(known=known, progress=progress, announced=(), now_ms=int(now() * 1000))
    findings = Findings(progress)
    starts: list[Start] = []
    for chunk in chunks(log.source.find(reading, findings)):
        planned = plan(chunk, known, engine)
        known = known.committed(planned.change.known)
        starts += planned.starts
    yield Line("good", f"{at}: the log is read by {settings.reader}; {len(log.specifications())} specifications")
    for problem in findings.problems:
        yield Line("fault", faults.remedy_of(problem, engine))
    yield from _clock(at, log.clock_offset_ms())
    if findings.without_row:
        yield Line("note", f"{at}: {findings.without_row} cases have had no row of their start for an hour")
    yield from _bill(settings, starts)


def _clock(at: str, offset_ms: int | None) -> Iterator[Line]:
    if offset_ms is not None and abs(offset_ms) > CLOCK_OFF_MS:
        what = f"the engine's clock is {offset_ms / 1000:+.0f} s away from this machine's"
        yield Line("fault", f"{at}: {what}: set both by NTP; cases are billed by the engine's clock")


def _bill(settings: EngineSettings, starts: list[Start]) -> Iterator[Line]:
    """What a reading would bill now."""
    engine, at = settings.engine, f"engines.{settings.engine.id}"
    if not starts:
        yield Line("good", f"{at}: nothing is new since {iso(engine.since)} or the last reading")
        return
    counts: Counter[tuple[str, str]] = Counter()
    nobody: Counter[str] = Counter()
    for start in starts:
        customer = customer_of(start, engine)
        if customer is None:
            named = start.specification.uri if start.specification else "no specification"
            nobody[f"launched by {start.launched_by or 'nobody named'}, {named}"] += 1
            continue
        counts.update((customer, event["dimension"]) for event in usage_events(start, engine, customer))
    first, last = min(start.at_ms for start in starts), max(start.at_ms for start in starts)
    yield Line("good", f"{at}: {len(starts)} new starts from {iso(first / 1000)} to {iso(last / 1000)}")
    for (customer, dimension), count in sorted(counts.items()):
        yield Line("good", f"{at}: would bill {count} {dimension} to {customer}")
    for who, count in nobody.most_common(10):
        remedy = "add it to attribution.customers; until then its usage waits"
        yield Line("note", f"{at}.attribution: {count} starts without a customer ({who}): {remedy}")


def _users(settings: EngineSettings, log: Log, state: SqliteState | None) -> Iterator[Line]:
    engine, now_ms = settings.engine, int(now() * 1000)
    address, user, password = str(engine.resource_address), str(engine.user), str(settings.password)
    people = resource_log(address, user, password, ca_bundle=settings.trust_file)
    first = max(int(engine.since * 1000), (state.progress().users_until if state else 0) - AGAIN_MS)
    specifications = log.specifications()
    found = users_of(people.events(specifications, first, now_ms) if specifications else (), engine, now_ms)
    known = state.marked(each.mark for each in found) if state else set()
    new = sum(each.mark not in known for each in found)
    yield Line(
        "good", f"engines.{engine.id}: would bill {new} {engine.dimensions.users}, by the resource service's log"
    )
