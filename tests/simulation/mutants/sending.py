"""Sending: attempts, deadlines and what goes to Marketplace."""

from tests.simulation.mutants.mutation import Mutant

MUTANTS = (
    Mutant(
        "no-attempt",
        "an attempt is not noted before its call",
        "Sender._send",
        "self._store_attempt(_in_time(batch, now), attempt)",
        "_in_time(batch, now)",
    ),
    Mutant(
        "attempt-after-the-call",
        "an attempt is noted when its answer has come",
        "Sender._send",
        "self._store_attempt(_in_time(batch, now), attempt)",
        "_in_time(batch, now)",
        also=(
            (
                "answer = self.meter.meter_usage([usage for part in batch for usage in part.lines.values()])",
                """
answer = self.meter.meter_usage([usage for part in batch for usage in part.lines.values()])
batch = self._store_attempt(batch, attempt)
""",
            ),
        ),
    ),
    Mutant(
        "half-past-its-deadline",
        "a half of a batch is sent without another look at the clock",
        "Sender._send",
        "_in_time(batch, now)",
        "batch",
    ),
    Mutant(
        "attempt-on-ended-lines",
        "a line that has ended since it was read is sent",
        "Settlement.store_attempt",
        "change.absent_or(verdict, still_open)",
        "change.absent_or(verdict, f'({still_open} OR {change.exists(verdict)})')",
    ),
    Mutant(
        "5xx-is-an-answer",
        "an attempt is removed though its call may have been done",
        "Sender._settle_fault",
        "fault.answered",
        "fault is not None",
    ),
    Mutant(
        "omitted-is-an-answer",
        "lines that an answer does not name are taken for not done",
        "Sender._settle_answer",
        "settlement.mark_over",
        "settlement.withdraw_attempt",
    ),
    Mutant(
        "matched-by-place",
        "answers are matched by their place",
        "UsageMeter.meter_usage",
        """
for result in answer.get('Results', ()):
    line = by_key.get(_sent_key(result['UsageRecord']))
    if line is not None and result.get('Status'):
        results[line] = Answer(result['Status'], result.get('MeteringRecordId'), request_id)
""",
        """
for line, result in zip(lines, answer.get('Results', ()), strict=False):
    if line is not None and result.get('Status'):
        results[line] = Answer(result['Status'], result.get('MeteringRecordId'), request_id)
""",
    ),
    Mutant(
        "poison-kills-its-batch",
        "one bad record has all of its batch rejected",
        "Sender._settle_fault",
        """
if of_records and _size(batch) == 1:
    self._reject(batch[0], run, attempt, fault, request_id)
    return
""",
        """
if of_records:
    for part in batch:
        for name in part.lines:
            self._reject(part.only([name]), run, attempt, fault, request_id)
    return
""",
    ),
    Mutant(
        "sent-in-any-mode",
        "the stage's mode is not asked",
        "Mode.sends",
        "self.name == 'live'",
        "self.name != ''",
    ),
    Mutant(
        "fresh-timestamp",
        "a line is sent with a time of the attempt's own",
        "usage_line",
        "timestamp=record.sent_timestamp",
        "timestamp=record.sent_timestamp + len(line.attempts)",
    ),
    Mutant(
        "quantity-of-today",
        "a line is sent with what was counted, not with what was frozen",
        "usage_line",
        "line.quantity",
        "line.counted.to_integral_value() if not line.decimals else line.counted",
    ),
    Mutant(
        "deadline-too-late",
        "a line is sent for an hour more than Marketplace takes it",
        "MARGIN",
        "10 * 60",
        "-50 * 60",
    ),
    Mutant(
        "deadline-too-early",
        "a line is given up an hour too early",
        "MARGIN",
        "10 * 60",
        "70 * 60",
    ),
    Mutant(
        "month-end-ignored",
        "the month's end is no deadline",
        "deadline",
        "min(hour + WINDOW, month_closes_at(hour)) - MARGIN",
        "hour + WINDOW - MARGIN",
    ),
    Mutant(
        "never-given-up",
        "a line that cannot be sent any more stays pending",
        "_settle_record",
        "settler.clock() >= line.deadline",
        "settler.clock() < 0",
    ),
    Mutant(
        "lane-drops-the-rest",
        "a lane that gives up forgets the batches that had no turn",
        "submit_lane",
        "left + [batch for batch, _ in waiting]",
        "left",
    ),
    Mutant(
        "left-not-reported",
        "a batch that stayed busy in every try is not reported as left",
        "submit_lane",
        "left.append(batch)",
        "tries += 1",
    ),
    Mutant(
        "lanes-lose-a-batch",
        "batches are dealt to fewer lanes than there are",
        "in_lanes",
        "range(min(copies, len(one)))",
        "range(min(copies, len(one)) - (copies > 1))",
    ),
    Mutant(
        "batch-without-its-hour",
        "a batch's lines are all taken for those of its first record",
        "parse_batch",
        "(*parse_record_key(key), str(dimension))",
        "(*parse_record_key(next(iter(payload))), str(dimension))",
    ),
)
