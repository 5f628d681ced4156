"""Recording: an event is stored once and counted in one open hour."""

from tests.simulation.mutants.mutation import Mutant

MUTANTS = (
    Mutant(
        "event-put-unconditional",
        "an event is put whether or not its id is taken",
        "UsageEvents.put_if_new",
        "self._put(item)",
        "{'Put': {'TableName': self.table_name, 'Item': item}}",
    ),
    Mutant(
        "user-mark-unconditional",
        "a user's mark is put whether or not it is there",
        "UsageEvents._put",
        "'attribute_not_exists(eventId)'",
        "'attribute_not_exists(content)'",
    ),
    Mutant(
        "user-mark-not-put",
        "a user is counted, and the mark is not stored",
        "_plan",
        "plan.append((events.mark_if_new(customer, *mark, event.occurred_at), _is_counted(mark)))",
        "",
    ),
    Mutant(
        "highest-unconditional",
        "the highest count is raised though another request has raised it meanwhile",
        "UsageEvents.raise_mark",
        "change.equals('highest', seen)",
        "change.exists('highest')",
    ),
    Mutant(
        "highest-added-up",
        "a count is added to the ones before instead of raising them",
        "fold",
        "max(Decimal(0), event.quantity - highest)",
        "event.quantity",
    ),
    Mutant(
        "highest-of-batch-forgotten",
        "counts of one batch do not see each other",
        "fold",
        "folded.highest[counter][0] if counter in folded.highest else seen.get(counter, Decimal(0))",
        "seen.get(counter, Decimal(0))",
    ),
    Mutant(
        "users-of-batch-counted-twice",
        "two events of one user in one batch count twice",
        "fold",
        "mark not in marks and mark not in folded.marks",
        "mark not in marks",
    ),
    Mutant(
        "period-by-receipt",
        "a user's month is that of the report, not of the usage",
        "UsageEvent.period",
        "min(self.occurred_at, self.received_at)",
        "self.received_at",
    ),
    Mutant(
        "other-content-is-a-repeat",
        "another event under a used id is called a duplicate",
        "repeat_of",
        """
if dict(stored.content) != event.content:
    return Verdict.of(ID_REUSED, event.id)
""",
        "",
    ),
    Mutant(
        "busy-is-recorded",
        "usage that is to be sent again is answered as recorded",
        "report_usage",
        "Verdict.of(BUSY, each.id)",
        "Verdict(event_id=each.id, verdict='recorded')",
    ),
    Mutant(
        "barred-repeat-is-refused",
        "what was recorded before is refused when it is sent again after the end",
        "_judge",
        "event.id in stored",
        "event.id in stored and subscriber is None",
    ),
    Mutant(
        "version-not-raised",
        "an add leaves the record's version as it was",
        "MeteringRecords.add",
        "{'version': 1}",
        "{'version': 0}",
    ),
    Mutant(
        "add-to-closed-hour",
        "an add asks only whether there is a record",
        "MeteringRecords.add",
        "change.equals('state', 'open')",
        "change.exists('state')",
    ),
    Mutant(
        "create-over-existing",
        "a record is created whether or not there is one",
        "MeteringRecords.add",
        "change.when(change.absent('state'))",
        "change",
    ),
    Mutant(
        "create-without-status",
        "a record is created whatever the subscriber's status is by then",
        "_plan",
        "not exists",
        "exists is None",
    ),
    Mutant(
        "accepts-until-not-in-condition",
        "a record of a cancelled customer is created however late",
        "accepts_usage",
        "'subscriptionStatus = :active OR (subscriptionStatus = :leaving AND acceptsUntil > :now)'",
        "'subscriptionStatus = :active"
        " OR (subscriptionStatus = :leaving AND (acceptsUntil > :now OR acceptsUntil <= :now))'",
    ),
    Mutant(
        "accepts-until-not-judged",
        "usage of a cancelled customer is accepted however late",
        "_accepts",
        "subscriber.accepts_until is not None and now < subscriber.accepts_until",
        "subscriber.accepts_until is not None",
    ),
    Mutant(
        "accepts-until-without-margin",
        "nothing of the grace is kept for the last hour's sealing",
        "MARGIN_SECONDS",
        "15 * 60",
        "0",
    ),
    Mutant(
        "usage-outside-periods",
        "usage of a time without subscription is accepted",
        "judge",
        "any((_covers(period, occurred_at) for period in periods))",
        "periods",
    ),
    Mutant(
        "no-walk-forward",
        "usage has nowhere to go where the running hour is closed",
        "route",
        """
while is_closed(hour):
    hour += SECONDS
""",
        "",
    ),
    Mutant(
        "old-hours-opened",
        "late usage opens its own hour, however old",
        "route",
        "own == running - SECONDS and own >= first and (not is_closed(own))",
        "own >= first and (not is_closed(own))",
    ),
    Mutant(
        "future-hours-opened",
        "usage goes to the hour that a fast clock says",
        "route",
        "max(running, first)",
        "max(running, first, hour_of(occurred_at))",
    ),
    Mutant(
        "hours-before-activation",
        "usage is billed in an hour before the activation's",
        "route",
        "hour_of(latest_activation)",
        "0",
    ),
    Mutant(
        "contention-is-success",
        "a transaction that met another one is taken for done",
        "write",
        "raise Contended(', '.join(sorted(map(str, codes)))) from error",
        "return",
    ),
    Mutant(
        "lost-answer-is-a-verdict",
        "an error of the store is taken for a success",
        "write",
        """
if code != 'TransactionCanceledException':
    raise
""",
        """
if code != 'TransactionCanceledException':
    return
""",
    ),
    Mutant(
        "tags-not-added",
        "tagged units are added to the record only",
        "_plan",
        """
for (dimension, tags), units in folded.tagged.items():
    add = add_tagged(events.table_name, customer, part.route.hour, dimension, tags, units)
    plan.append((add, _try_again))
""",
        """
for (dimension, tags), units in folded.tagged.items():
    add = add_tagged(events.table_name, customer, part.route.hour, dimension, tags, units)
""",
    ),
)
