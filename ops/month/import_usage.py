"""``ops import``: usage from a CSV file, by POST /usage, each row once however often the file is sent."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer
from botocore.session import Session

from ledger.transaction import Operation
from ops.answer import table, words
from ops.change import STAGE_SUBJECT, Change, note_outcome, write_entry
from ops.month.foresee import AT_ONCE, foresee
from ops.month.usage_file import FileRow, Rejected, UsageFile, chunks
from ops.refused import Refused
from ops.stage import OpenStage
from yawl_metering.spool import Event
from yawl_metering.transport import ApiTransport, Outcome, Unavailable, pack
from yawl_metering.transport import Rejected as WholeRequestRejected

File = Annotated[str, typer.Argument(metavar="FILE", help="a CSV file; docs/ops.md has its columns")]
Rejects = Annotated[str, typer.Option(help="a CSV file to be written, of the rows that are not recorded, with reasons")]
Source = Annotated[str, typer.Option(help="the source of rows that name none")]
Sender = Annotated[str, typer.Option(help="an AWS profile that may report usage; left out: the credentials at hand")]
Api = Annotated[str, typer.Option(help="the API's address; left out: the output ApiUrl of the stage")]

#: How often a batch is sent before the command gives up, and the longest pause between, in seconds.
TRIES = 8
LONGEST_PAUSE = 30.0
#: Line numbers that an answer names for each reason.
NAMED = 10
DONE = ("recorded", "late", "duplicate")


@dataclass
class Counts:
    """Rows by verdict, and the lines of those that were not recorded."""

    rows: Counter[str] = field(default_factory=Counter)
    lines: dict[str, list[int]] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)

    def add(self, line: int, verdict: str | Rejected) -> None:
        """Count one row."""
        name = verdict if isinstance(verdict, str) else verdict.reason
        self.rows[name] += 1
        if isinstance(verdict, Rejected):
            self.messages.setdefault(name, verdict.message)
            lines = self.lines.setdefault(name, [])
            if len(lines) < NAMED:
                lines.append(line)

    def plain(self) -> dict[str, int]:
        """For the audit trail."""
        return dict(sorted(self.rows.items()))

    def shown(self) -> list[tuple[str, int, str, str]]:
        """Rows of a table: verdict, number, lines, message."""
        order = [*DONE, *sorted(set(self.rows) - set(DONE))]
        found = []
        for name in order:
            if number := self.rows[name]:
                lines = self.lines.get(name, [])
                more = " …" if number > len(lines) and lines else ""
                found.append((name, number, ", ".join(map(str, lines)) + more, self.messages.get(name, "")))
        return found


def import_usage(
    stage: OpenStage, file: File, rejects: Rejects = "", source: Source = "import", sender: Sender = "", api: Api = ""
) -> Change:
    """Record the usage of a CSV file, each row once; without --apply it says what each row would become.

    It may be interrupted and repeated: what is recorded already is a duplicate.
    """
    usage = UsageFile.open(file)
    url = api or stage.output("Doors", "ApiUrl")
    if not url:
        raise Refused(f"{stage.settings.name} has no API yet: make deploy STAGE={stage.settings.name}")

    def rows() -> Iterator[FileRow]:
        return stage.watch(usage.rows(stage.settings.dimensions, source, stage.now()), "rows")

    foreseen = Counts()

    def judged() -> Iterator[tuple[FileRow, Rejected]]:
        for row, verdict in foresee(stage, rows()):
            foreseen.add(row.line, verdict)
            if isinstance(verdict, Rejected):
                yield row, verdict

    written = _keep(usage, rejects, judged())

    def do(entry: Operation) -> Sequence[str]:
        write_entry(stage, entry)
        counts = Counts()

        def sent() -> Iterator[tuple[FileRow, Rejected]]:
            for row, verdict in send(rows(), connect(stage, url, sender).send):
                counts.add(row.line, verdict)
                if isinstance(verdict, Rejected):
                    yield row, verdict

        try:
            last = _keep(usage, rejects, sent())
        finally:
            note_outcome(stage, entry, counts.plain())
        said = [
            f"{number} rows: {name}" + (f" (lines {lines})" if lines else "")
            for name, number, lines, _ in counts.shown()
        ]
        return [*said, *last]

    columns = ("verdict", "#rows", "lines", "why")
    return Change(
        subject=STAGE_SUBJECT,
        target=usage.name,
        change={"file": usage.digest, "source": source, "rows": foreseen.rows.total(), "foreseen": foreseen.plain()},
        shown=[
            table(
                f"{foreseen.rows.total()} rows of {usage.name}, as they would be judged now", columns, foreseen.shown()
            ),
            *(words(said) for said in written),
        ],
        do=do,
        next=["ops usage: what the month has now", f"the same command again: what {usage.name} has left is recorded"],
    )


def _keep(usage: UsageFile, rejects: str, found: Iterable[tuple[FileRow, Rejected]]) -> list[str]:
    """Write the rejects, where they are wanted; what was written."""
    if rejects:
        return [f"wrote {rejects}: {usage.write_rejects(rejects, found)} rows that are not recorded"]
    for _ in found:
        pass
    return []


def connect(stage: OpenStage, url: str, profile: str) -> ApiTransport:
    """The API, as the client of the project calls it."""
    session = Session(profile=profile) if profile else Session()
    return ApiTransport(url, region=stage.settings.region, session=session)


def send(
    rows: Iterable[FileRow],
    post: Callable[[Sequence[Event]], Outcome],
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[tuple[FileRow, str | Rejected]]:
    """Send rows in batches, and say what the API said to each. Raises Refused where it does not answer: what was sent
    until then is recorded, and a repeat counts nothing twice."""
    for chunk in chunks(rows, AT_ONCE):
        by_line = {row.line: row for row in chunk}
        yield from ((row, row.rejected or Rejected("bad_row", "")) for row in chunk if row.event is None)
        for batch in pack([_event(row) for row in chunk if row.event is not None], one_customer=False):
            for event, verdict in _sent(batch, post, pause):
                yield by_line[event.number], verdict


def _sent(
    batch: Sequence[Event], post: Callable[[Sequence[Event]], Outcome], pause: Callable[[float], None]
) -> Iterator[tuple[Event, str | Rejected]]:
    """The verdict on each event of a batch; those that a busy customer kept waiting are sent again."""
    left = list(batch)
    for attempt in range(TRIES):
        last = attempt == TRIES - 1
        answer = post(left)
        wait = min(2.0**attempt, LONGEST_PAUSE)
        if isinstance(answer, WholeRequestRejected):
            if len(left) == 1:
                yield left[0], Rejected(answer.code, answer.message)
            else:
                # One of them is at fault: each is sent alone.
                for event in left:
                    yield from _sent([event], post, pause)
            return
        if isinstance(answer, Unavailable):
            if last:
                raise Refused(f"the API does not take usage ({answer.reason}): run the same command again later")
            pause(max(wait, answer.after))
            continue
        again = []
        for event, verdict in zip(left, answer.verdicts, strict=True):
            if verdict.reason == "busy" and not last:
                again.append(event)
            elif verdict.verdict in ("refused", "retry_later"):
                yield event, Rejected(verdict.reason, verdict.message)
            else:
                yield event, verdict.verdict
        left = again
        if not left:
            return
        pause(wait)


def _event(row: FileRow) -> Event:
    assert row.event is not None
    body: Any = row.body
    text = json.dumps(body, separators=(",", ":"))
    return Event(number=row.line, customer=row.event.customer_identifier, id=row.event.id, text=text, at=0.0)
