"""What ``yawl-metering-agent status`` says."""

import json
import time
from typing import Any

from runtime.clock import iso, now
from yawl.reconcile.plan import day_of
from yawl_metering.spool import Spool
from yawl_metering_agent.config import Config, EngineSettings
from yawl_metering_agent.state import FILE, SqliteState, StateFile


def status(config: Config, *, as_json: bool) -> bool:
    """Print a line for each engine and one for the delivery. Whether all of them are well.

    An engine is, if its last reading was good and is not older than its ``silenceMinutes``.
    """
    found = report(config)
    if as_json:
        print(json.dumps(found))
    else:
        for engine in found["engines"]:
            print(_line(engine))
        held = found["delivery"]
        since = f", the oldest since {held['oldest']}" if held["oldest"] else ""
        print(f"delivery: {held['waiting']} events wait{since};", end=" ")
        print(f"{held['refused']} were refused (spool/refused.jsonl)")
    return all(engine["good"] for engine in found["engines"])


def report(config: Config) -> dict[str, Any]:
    """The same as a value. Raises StateUnusable."""
    file = StateFile(config.directory, readonly=True) if (config.directory / FILE).exists() else None
    try:
        engines = [_engine(each, file) for each in config.engines]
    finally:
        if file is not None:
            file.close()
    return {"engines": engines, "delivery": _delivery(config)}


def _engine(settings: EngineSettings, file: StateFile | None) -> dict[str, Any]:
    engine = settings.engine
    found: dict[str, Any] = {"engine": engine.id, "epoch": engine.epoch, "good": False, "lastGoodReading": None}
    if file is None:
        return found
    state = SqliteState(file, engine.database)
    read_ms, fault, last = state.health().polled_ms, state.fault(), state.last_fault()
    is_recent = read_ms is not None and now() - read_ms / 1000 < engine.silence_minutes * 60
    return found | {
        "good": is_recent and last is None and (fault is None or not fault.stops),
        "lastGoodReading": iso(read_ms // 1000) if read_ms else None,
        "lastFault": f"{last[1]} at {iso(last[0] // 1000)}" if last else None,
        "stopped": fault.reason if fault and fault.stops else None,
        "startedToday": sum(state.started(day_of(int(time.time() * 1000))).values()),
        "unsent": sum(len(parcel.messages) for parcel in state.unsent()),
        "unattributed": sum(len(json.loads(body)["events"]) for _, body in file.unattributed(engine.id)),
    }


def _line(engine: dict[str, Any]) -> str:
    if engine["lastGoodReading"] is None and not engine.get("lastFault"):
        return f"{engine['engine']}: never read"
    parts = [f"read {engine['lastGoodReading'] or 'never'}", f"{engine['startedToday']} starts today"]
    for name, words in (("lastFault", "last fault:"), ("stopped", "stopped:"), ("unsent", "messages unsent:")):
        if engine[name]:
            parts.append(f"{words} {engine[name]}")
    if engine["unattributed"]:
        parts.append(f"{engine['unattributed']} events without a customer")
    return f"{engine['engine']}: {', '.join(parts)}"


def _delivery(config: Config) -> dict[str, Any]:
    directory = config.directory / "spool"
    refused = [directory / name for name in ("refused.jsonl", "refused.1.jsonl")]
    lines = sum(path.read_bytes().count(b"\n") for path in refused if path.exists())
    if not directory.exists():
        return {"waiting": 0, "oldest": None, "refused": lines}
    spool = Spool(directory)
    held = spool.held()
    spool.close()
    return {
        "waiting": held.frozen + held.open,
        "oldest": iso(held.oldest // 1) if held.oldest else None,
        "refused": lines,
    }
