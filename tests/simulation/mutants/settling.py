"""Settling: what an answer makes of a line."""

from tests.simulation.mutants.mutation import Mutant

MUTANTS = (
    Mutant(
        "duplicate-is-billed",
        "DuplicateRecord is taken for a success",
        "verdict_of",
        "'presumed_on_file' if unanswered_others else 'conflict'",
        "'billed'",
    ),
    Mutant(
        "verdicts-of-one-rank",
        "an ended line takes another verdict of its rank",
        "settling",
        "'<' if line.verdict in ENDED else '<='",
        "'<='",
    ),
    Mutant(
        "verdicts-sink",
        "the first verdict of a line stands",
        "settling",
        "'<' if line.verdict in ENDED else '<='",
        "'>'",
    ),
    Mutant(
        "other-attempts-not-asked",
        "a duplicate is a conflict though another attempt is unanswered",
        "_no_other",
        "change.absent_or(attempts, change.equals(attempts, {attempt}))",
        "change.exists('state')",
    ),
    Mutant(
        "attempts-of-all-lines-not-asked",
        "a duplicate is a conflict though another attempt with all lines is unanswered",
        "settling",
        "change.when(_no_other(change, ATTEMPTS_OF_ALL, attempt))",
        "",
    ),
    Mutant(
        "answer-about-some-is-one-about-all",
        "an attempt with all lines is struck out when some of them are answered",
        "Settlement._on_each_line",
        "attempt is None or attempt not in record.attempts or set(dimensions) == set(record.lines)",
        "True",
    ),
    Mutant(
        "not-sent-though-attempted",
        "a line that may be on file is called not sent",
        "settling",
        "change.when(change.absent(attempts), change.absent(ATTEMPTS_OF_ALL), change.absent(mine))",
        "change.when(change.absent(mine))",
    ),
    Mutant(
        "failed-mark-not-set",
        "a failed line does not put its record into the failed index",
        "settling",
        "change.set({'meteringFailed': 'true'})",
        "",
    ),
    Mutant(
        "pending-mark-removed-early",
        "a record leaves the pending index when some of its lines have ended",
        "ends",
        "line.ended",
        "True",
    ),
    Mutant(
        "record-ends-with-its-first-line",
        "a record has ended when one of its lines has",
        "MeteringRecord.ended",
        "all((line.ended for line in self.lines.values()))",
        "any((line.ended for line in self.lines.values()))",
    ),
    Mutant(
        "never-tidied",
        "a record whose lines have all ended stays in the pending index",
        "Settlement.tidy",
        "record.pending is not None",
        "record.pending is None",
    ),
    Mutant(
        "tidied-too-early",
        "tidying does not ask whether the lines have ended",
        "Settlement.tidy",
        "record.pending is not None and record.ended",
        "record.pending is not None",
    ),
    Mutant(
        "rejected-is-an-end",
        "a rejected line is not sent again",
        "ENDED",
        "{'not_sent', 'conflict', 'expired', 'presumed_on_file', 'billed', 'on_file'}",
        "{'rejected', 'not_sent', 'conflict', 'expired', 'presumed_on_file', 'billed', 'on_file'}",
    ),
    Mutant(
        "parked-for-ever",
        "a line whose buyer was not subscribed waits for a notice only",
        "is_due",
        "in_last_chance or now - line.at >= RECHECK",
        "False",
    ),
)
