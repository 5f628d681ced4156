"""Mutants of the protocol: each takes one thing out of the code, and the simulation must find that it is gone.

``old`` stands exactly once in the file (below ``lambda_src``); a test holds it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    id: str
    what: str
    file: str
    old: str
    new: str


MUTANTS = (
    # --- recording ----------------------------------------------------------------------------------------------------
    Mutant(
        "event-put-unconditional",
        "an event is put whether or not its id is taken",
        "ledger/usage_events.py",
        "        return self._put(item)\n",
        '        return {"Put": {"TableName": self.table_name, "Item": item}}\n',
    ),
    Mutant(
        "user-mark-unconditional",
        "a user's mark is put whether or not it is there",
        "ledger/usage_events.py",
        '                "Item": item,\n                "ConditionExpression": "attribute_not_exists(eventId)",\n',
        '                "Item": item,\n                "ConditionExpression": "attribute_not_exists(content)",\n',
    ),
    Mutant(
        "user-mark-not-put",
        "a user is counted, and nobody notes it",
        "usage/write_chunk.py",
        "        plan.append((events.mark_if_new(customer, *mark, event.occurred_at), _is_counted(mark)))\n",
        "",
    ),
    Mutant(
        "highest-unconditional",
        "the highest count is raised whoever has raised it meanwhile",
        "ledger/usage_events.py",
        '            condition, values[":seen"] = "highest = :seen", seen\n',
        '            condition = "attribute_exists(highest)"\n',
    ),
    Mutant(
        "highest-added-up",
        "a count is added to the ones before instead of raising them",
        "usage/fold_batch.py",
        "units = max(Decimal(0), event.quantity - highest)",
        "units = event.quantity",
    ),
    Mutant(
        "highest-of-batch-forgotten",
        "counts of one batch do not see each other",
        "usage/fold_batch.py",
        "highest = folded.highest[counter][0] if counter in folded.highest else seen.get(counter, Decimal(0))",
        "highest = seen.get(counter, Decimal(0))",
    ),
    Mutant(
        "users-of-batch-counted-twice",
        "two events of one user in one batch count twice",
        "usage/fold_batch.py",
        "if mark not in known_marks and mark not in folded.marks:",
        "if mark not in known_marks:",
    ),
    Mutant(
        "period-by-receipt",
        "a user's month is that of the report, not of the usage",
        "usage/usage_event.py",
        "return month_of(min(self.occurred_at, self.received_at))",
        "return month_of(self.received_at)",
    ),
    Mutant(
        "other-content-is-a-repeat",
        "another event under a used id is called a duplicate",
        "usage/verdict.py",
        "    if dict(stored.content) != event.content:\n        return Verdict.of(ID_REUSED, event.id)\n",
        "",
    ),
    Mutant(
        "busy-is-recorded",
        "who is to come again is told that his usage was recorded",
        "usage/report_usage.py",
        "verdicts = [Verdict.of(BUSY, each.id) for _, each in numbered]",
        'verdicts = [Verdict(event_id=each.id, verdict="recorded") for _, each in numbered]',
    ),
    Mutant(
        "barred-repeat-is-refused",
        "what was recorded before is refused when it is sent again after the end",
        "usage/record_usage.py",
        "        if event.id in stored:\n",
        "        if event.id in stored and subscriber is None:\n",
    ),
    Mutant(
        "version-not-raised",
        "an add leaves the record's version as it was",
        "ledger/metering_records.py",
        'values: dict[str, Any] = {":one": 1, ":open": "open"}',
        'values: dict[str, Any] = {":one": 0, ":open": "open"}',
    ),
    Mutant(
        "add-to-closed-hour",
        "an add asks only whether there is a record",
        "ledger/metering_records.py",
        '            "ConditionExpression": "#state = :open",\n        }\n        sets = []',
        '            "ConditionExpression": "attribute_exists(#state) OR #state = :open",\n        }\n'
        "        sets = []",
    ),
    Mutant(
        "create-over-existing",
        "a record is created whether or not there is one",
        "ledger/metering_records.py",
        'request["ConditionExpression"] = "attribute_not_exists(#state)"',
        'request["ConditionExpression"] = "attribute_not_exists(#state) OR attribute_exists(#state)"',
    ),
    Mutant(
        "create-without-status",
        "a record is created whatever the subscriber's status is by then",
        "usage/write_chunk.py",
        "        if not exists:\n            plan.append((accepts_usage(",
        "        if exists is None:\n            plan.append((accepts_usage(",
    ),
    Mutant(
        "accepts-until-not-in-condition",
        "a leaver's record is created whenever he left",
        "ledger/subscriber_condition.py",
        "AND acceptsUntil > :now)",
        "AND (acceptsUntil > :now OR acceptsUntil <= :now))",
    ),
    Mutant(
        "accepts-until-not-judged",
        "a leaver's usage is accepted whenever he left",
        "usage/judge_event.py",
        "in_time = subscriber.accepts_until is not None and now < subscriber.accepts_until",
        "in_time = subscriber.accepts_until is not None",
    ),
    Mutant(
        "accepts-until-without-margin",
        "nothing of the grace is kept for the last hour's sealing",
        "ledger/leaving.py",
        "MARGIN_SECONDS = 15 * 60",
        "MARGIN_SECONDS = 0",
    ),
    Mutant(
        "usage-outside-periods",
        "usage of a time without subscription is accepted",
        "usage/judge_event.py",
        "    if any(_covers(period, occurred_at) for period in periods):\n",
        "    if periods:\n",
    ),
    Mutant(
        "no-walk-forward",
        "usage has nowhere to go where the running hour is closed",
        "usage/route_hour.py",
        "    while is_closed(hour):\n        hour += SECONDS\n",
        "",
    ),
    Mutant(
        "old-hours-opened",
        "late usage opens its own hour, however old",
        "usage/route_hour.py",
        "if own == running - SECONDS and own >= first and not is_closed(own):",
        "if own >= first and not is_closed(own):",
    ),
    Mutant(
        "future-hours-opened",
        "usage goes to the hour that a fast clock says",
        "usage/route_hour.py",
        "    hour = max(running, first)\n",
        "    hour = max(running, first, hour_of(occurred_at))\n",
    ),
    Mutant(
        "hours-before-activation",
        "usage is billed in an hour before the activation's",
        "usage/route_hour.py",
        "    first = hour_of(latest_activation)\n",
        "    first = 0\n",
    ),
    Mutant(
        "contention-is-success",
        "a transaction that met another one is taken for done",
        "ledger/transaction.py",
        'raise Contended(", ".join(sorted(map(str, codes)))) from error',
        "return",
    ),
    Mutant(
        "lost-answer-is-a-verdict",
        "an error of the store is taken for a success",
        "ledger/transaction.py",
        '        if code != "TransactionCanceledException":\n            raise\n',
        '        if code != "TransactionCanceledException":\n            return\n',
    ),
    # --- taking back --------------------------------------------------------------------------------------------------
    Mutant(
        "void-twice",
        "an event is taken back whether or not it was before",
        "ledger/usage_events.py",
        "attribute_exists(eventId) AND attribute_not_exists(voidedAt)",
        "attribute_exists(eventId)",
    ),
    Mutant(
        "void-of-closed-hour",
        "an event is taken back whatever has become of its hour",
        "usage/void_event.py",
        "    if not tags:\n",
        '    take_off["Update"]["ConditionExpression"] = "#state = :open OR attribute_exists(#state)"\n'
        "    if not tags:\n",
    ),
    Mutant(
        "void-version-not-raised",
        "taking back leaves the record's version as it was",
        "usage/void_event.py",
        "    if not tags:\n",
        '    take_off["Update"]["ExpressionAttributeValues"][":one"] = 0\n    if not tags:\n',
    ),
    Mutant(
        "void-takes-nothing-off",
        "an event is noted as taken back, and stays counted",
        "usage/void_event.py",
        "    if not event.counted:\n",
        "    if event.counted:\n",
    ),
    Mutant(
        "void-leaves-its-tags",
        "an event's set of tags keeps what was taken back",
        "usage/void_event.py",
        "    if not tags:\n",
        "    if tags or not tags:\n",
    ),
    Mutant(
        "void-off-another-month",
        "what is taken back is taken off the month of its hour",
        "usage/void_event.py",
        "(dimension, event.period): -event.counted",
        '(dimension, __import__("ledger.hour").hour.month_of(event.billed_hour)): -event.counted',
    ),
    Mutant(
        "void-of-a-mark",
        "who brought a user's mark is taken back, and the mark stays",
        "usage/void_event.py",
        "        return _MARKED if event.marked else ACCEPT\n",
        "        return ACCEPT\n",
    ),
    Mutant(
        "void-lost-is-sealed",
        "who comes second is told that the hour is closed",
        "usage/void_event.py",
        "            if not cancelled.reasons[0].failed:\n",
        "            if cancelled.reasons:\n",
    ),
    Mutant(
        "voided-is-a-repeat",
        "what was taken back is called recorded when it is sent again",
        "usage/verdict.py",
        "    if stored.voided:\n",
        "    if stored.voided and stored.late is None:\n",
    ),
    # --- the customer's life ------------------------------------------------------------------------------------------
    Mutant(
        "subscriber-version-unconditional",
        "a change of a subscriber overwrites another's",
        "ledger/subscribers.py",
        '        return "#held = :read", "version"\n',
        '        return "attribute_exists(#held) OR #held = :read", "version"\n',
    ),
    Mutant(
        "subscriber-version-not-raised",
        "a change of a subscriber leaves its version as it was",
        "ledger/subscribers.py",
        '"version": version + 1,',
        '"version": version,',
    ),
    Mutant(
        "life-by-arrival",
        "a subscription's life is read in the order in which its notices came",
        "ledger/lifecycle.py",
        "ordered = sorted(set(notices), key=lambda notice: notice.order)",
        "ordered = list(notices)",
    ),
    Mutant(
        "later-end-moves-the-end",
        "a second ending of a period moves its end",
        "ledger/lifecycle.py",
        '        elif notice.kind == "end" and is_open:\n',
        '        elif notice.kind == "end" and periods:\n',
    ),
    Mutant(
        "second-start-opens-again",
        "a start within a period opens another",
        "ledger/lifecycle.py",
        '        if notice.kind == "start" and not is_open:\n',
        '        if notice.kind == "start":\n',
    ),
    # --- sealing ------------------------------------------------------------------------------------------------------
    Mutant(
        "seal-any-version",
        "an hour is sealed whatever was added since it was read",
        "ledger/seal_record.py",
        "#version = :version AND (#state",
        "(#version = :version OR #version > :version) AND (#state",
    ),
    Mutant(
        "seal-twice",
        "a sealed hour is sealed again",
        "ledger/seal_record.py",
        "(#state = :open OR #state = :closing)",
        "(#state = :open OR #state <> :closing)",
    ),
    Mutant(
        "balance-unconditional",
        "a balance is replaced whatever it is by then",
        "ledger/balance.py",
        '        return "#version = :version", {":version": old.version}\n',
        '        return "#version = :version OR attribute_exists(#version)", {":version": old.version}\n',
    ),
    Mutant(
        "first-balance-unconditional",
        "a first balance is written over another first one",
        "ledger/balance.py",
        '    return "attribute_not_exists(#version)", {}\n',
        '    return "attribute_not_exists(#version) OR attribute_exists(#version)", {}\n',
    ),
    Mutant(
        "balance-version-not-raised",
        "sealing leaves the balance's version as it was",
        "ledger/balance.py",
        """        values: dict[str, Any] = {":next": old.version + 1, ":schema": SCHEMA}
        names: dict[str, str] = {"#version": "version", "#schema": "schema"}
        sets =""",
        """        values: dict[str, Any] = {":next": max(1, old.version), ":schema": SCHEMA}
        names: dict[str, str] = {"#version": "version", "#schema": "schema"}
        sets =""",
    ),
    Mutant(
        "remainder-lost",
        "what does not make a unit is dropped",
        "metering/seal_rules.py",
        "used_after, net - line * dimension.scale)",
        "used_after, ZERO)",
    ),
    Mutant(
        "remainder-not-taken",
        "what was left over is not added to the next hour",
        "metering/seal_rules.py",
        "net = remainder + total - sum(included.values(), ZERO)",
        "net = total - sum(included.values(), ZERO)",
    ),
    Mutant(
        "rounded-up",
        "a part of a unit is billed as a whole one",
        "ledger/quantity.py",
        "rounding=ROUND_FLOOR",
        'rounding="ROUND_CEILING"',
    ),
    Mutant(
        "allowance-each-hour",
        "every hour has the whole month's allowance",
        "metering/seal_rules.py",
        "return min(counted, max(ZERO, allowance - used))",
        "return min(counted, allowance)",
    ),
    Mutant(
        "used-not-added-up",
        "the used allowance is that of the last hour",
        "metering/seal_rules.py",
        "used_after[period] = used.get(period, ZERO) + covered",
        "used_after[period] = covered",
    ),
    Mutant(
        "largest-ignored",
        "a line holds more than Marketplace takes",
        "metering/seal_rules.py",
        "line = min(floor(net / dimension.scale, dimension.decimals), dimension.largest)",
        "line = floor(net / dimension.scale, dimension.decimals)",
    ),
    Mutant(
        "no-spill",
        "what a line cannot take waits for the next use",
        "metering/freeze_hour.py",
        "            *([self._spill(record, now)] if capped else []),\n",
        "",
    ),
    Mutant(
        "spill-not-billed",
        "an hour bills only what was counted in it",
        "metering/freeze_hour.py",
        "for name in (*left_over, *zeros)}",
        "for name in zeros}",
    ),
    Mutant(
        "timestamp-of-any-activation",
        "hours before an activation are sent with its time",
        "metering/seal_rules.py",
        "inside = [p.start for p in periods if hour <= p.start < hour + HOUR]",
        "inside = [p.start for p in periods if hour <= p.start]",
    ),
    Mutant(
        "timestamp-before-activation",
        "the activation's hour is sent with its start",
        "metering/seal_rules.py",
        "    return min(inside, default=hour)\n",
        "    return hour\n",
    ),
    Mutant(
        "old-entitlements",
        "an hour is sealed with entitlements from before the last notice",
        "metering/allowance.py",
        "fetched < subscriber.last_notice_at and not _is_leaving(subscriber):",
        "fetched < subscriber.last_notice_at - 10**9 and not _is_leaving(subscriber):",
    ),
    Mutant(
        "zero-before-activation",
        "an hour before the activation gets a zero",
        "metering/zero_rules.py",
        "return any(period.start < end and (",
        "return any((",
    ),
    Mutant(
        "zero-whatever-the-status",
        "a zero record is put without the subscriber's condition",
        "metering/put_zero_records.py",
        "            accepts_usage(self.subscribers_table, customer, now),\n",
        "",
    ),
    # --- sending ------------------------------------------------------------------------------------------------------
    Mutant(
        "no-journal",
        "an attempt is not noted before its call",
        "metering/send_batch.py",
        "lines = self._journalled([sent for sent in lines if now < sent.line.deadline], attempt)",
        "lines = [sent for sent in lines if now < sent.line.deadline]",
    ),
    Mutant(
        "journal-after-the-call",
        "an attempt is noted when its answer has come",
        "metering/send_batch.py",
        """        lines = self._journalled([sent for sent in lines if now < sent.line.deadline], attempt)
        if not lines:
            return
        logger.debug(
            "batch",
            run=self.run,
            attempt=attempt,
            lines=len(lines),
            customers=len({sent.record.customer_identifier for sent in lines}),
            hours=sorted({iso(sent.record.hour) for sent in lines}),
            dimensions=sorted({sent.line.dimension for sent in lines}),
        )
        self.by.pace.wait()
        self.by.count(MeteringMetric.MARKETPLACE_CALLS, 1)
        try:
            answer = self.by.meter.meter_usage([sent.usage for sent in lines])
""",
        """        lines = [sent for sent in lines if now < sent.line.deadline]
        if not lines:
            return
        logger.debug(
            "batch",
            run=self.run,
            attempt=attempt,
            lines=len(lines),
            customers=len({sent.record.customer_identifier for sent in lines}),
            hours=sorted({iso(sent.record.hour) for sent in lines}),
            dimensions=sorted({sent.line.dimension for sent in lines}),
        )
        self.by.pace.wait()
        self.by.count(MeteringMetric.MARKETPLACE_CALLS, 1)
        try:
            answer = self.by.meter.meter_usage([sent.usage for sent in lines])
            lines = self._journalled(lines, attempt)
""",
    ),
    Mutant(
        "half-past-its-deadline",
        "a half of a batch is sent without another look at the clock",
        "metering/send_batch.py",
        "self._journalled([sent for sent in lines if now < sent.line.deadline], attempt)",
        "self._journalled(lines, attempt)",
    ),
    Mutant(
        "journal-on-ended-lines",
        "a line that has ended since it was read is sent",
        "ledger/settlement.py",
        "OR {name}.#rank < :ended)",
        "OR {name}.#rank < :ended OR {name}.#rank >= :ended)",
    ),
    Mutant(
        "5xx-is-an-answer",
        "an attempt is struck out though nobody knows whether it was done",
        "metering/send_batch.py",
        "            if fault.answered:\n",
        "            if fault is not None:\n",
    ),
    Mutant(
        "omitted-is-an-answer",
        "lines that an answer does not name are taken for not done",
        "metering/send_batch.py",
        "self.by.settlement.unanswered(record, unknown, attempt)",
        "self.by.settlement.answered(record, unknown, attempt)",
    ),
    Mutant(
        "matched-by-place",
        "answers are matched by their place",
        "marketplace/meter_usage.py",
        """        for result in answer.get("Results", ()):
            line = by_key.get(_sent_key(result["UsageRecord"]))
""",
        """        for line, result in zip(lines, answer.get("Results", ()), strict=False):
""",
    ),
    Mutant(
        "poison-kills-its-batch",
        "one bad record has all of its batch rejected",
        "metering/send_batch.py",
        """        if of_records and len(lines) == 1:
            self._rejected(lines[0], attempt, fault)
            return
""",
        """        if of_records:
            for sent in lines:
                self._rejected(sent, attempt, fault)
            return
""",
    ),
    Mutant(
        "sent-in-any-mode",
        "the stage's mode is not asked",
        "metering/mode.py",
        'return self.name == "live" or (',
        'return self.name != "" or (',
    ),
    Mutant(
        "fresh-timestamp",
        "a line is sent with a time of the attempt's own",
        "metering/usage_line.py",
        "        timestamp=record.timestamp,\n",
        "        timestamp=record.timestamp + len(line.attempts),\n",
    ),
    Mutant(
        "quantity-of-today",
        "a line is sent with what was counted, not with what was frozen",
        "metering/usage_line.py",
        "        quantity=line.quantity,\n",
        "        quantity=line.counted.to_integral_value() if not line.decimals else line.counted,\n",
    ),
    # --- deadlines ----------------------------------------------------------------------------------------------------
    Mutant(
        "deadline-too-late",
        "a line is sent for an hour more than Marketplace takes it",
        "marketplace/deadlines.py",
        "MARGIN = 10 * 60",
        "MARGIN = -50 * 60",
    ),
    Mutant(
        "deadline-too-early",
        "a line is given up an hour too early",
        "marketplace/deadlines.py",
        "MARGIN = 10 * 60",
        "MARGIN = 70 * 60",
    ),
    Mutant(
        "month-end-ignored",
        "the month's end is no deadline",
        "marketplace/deadlines.py",
        "return min(hour + WINDOW - MARGIN, month_closes_at(hour))",
        "return hour + WINDOW - MARGIN",
    ),
    Mutant(
        "never-given-up",
        "a line that cannot be sent any more stays pending",
        "metering/settle_hours.py",
        "if not line.ended and settler.clock() >= line.deadline]",
        "if not line.ended and settler.clock() < 0]",
    ),
    # --- settling -----------------------------------------------------------------------------------------------------
    Mutant(
        "duplicate-is-billed",
        "DuplicateRecord is taken for a success",
        "metering/settle_rules.py",
        'return "presumed_on_file" if unanswered_others else "conflict"',
        'return "billed"',
    ),
    Mutant(
        "verdicts-of-one-rank",
        "an ended line takes another verdict of its rank",
        "ledger/line_verdict.py",
        'rises = f"{mine}.#rank < {rank}" if line.verdict in ENDED else f"{mine}.#rank <= {rank}"',
        'rises = f"{mine}.#rank <= {rank}"',
    ),
    Mutant(
        "verdicts-sink",
        "the first verdict of a line stands",
        "ledger/line_verdict.py",
        'rises = f"{mine}.#rank < {rank}" if line.verdict in ENDED else f"{mine}.#rank <= {rank}"',
        'rises = f"{mine}.#rank > {rank}"',
    ),
    Mutant(
        "other-attempts-not-asked",
        "a duplicate is a conflict though another attempt is unanswered",
        "ledger/line_verdict.py",
        'return f"(attribute_not_exists({attempts}) OR {attempts} = :attempt)"',
        'return f"(attribute_not_exists({attempts}) OR {attempts} = :attempt OR attribute_exists(#state))"',
    ),
    Mutant(
        "attempts-of-all-lines-not-asked",
        "a duplicate is a conflict though another attempt with all lines is unanswered",
        "ledger/line_verdict.py",
        'conditions.append(_only_mine("#all"))',
        'conditions.append("(attribute_exists(#all) OR attribute_exists(#state))")',
    ),
    Mutant(
        "answer-about-some-is-one-about-all",
        "an attempt with all lines is struck out when some of them are answered",
        "ledger/settlement.py",
        "if attempt not in record.attempts or set(dimensions) == set(record.lines):",
        "if True:",
    ),
    Mutant(
        "not-sent-though-attempted",
        "a line that may be on file is called not sent",
        "ledger/line_verdict.py",
        'conditions += [f"attribute_not_exists({name})" for name in (attempts, "#all", mine)]',
        'conditions += [f"attribute_not_exists({mine}) AND (attribute_exists({attempts}) OR attribute_exists(#all)'
        ' OR attribute_exists(#state))"]',
    ),
    Mutant(
        "failed-mark-not-set",
        "a failed line does not put its record into the failed index",
        "ledger/line_verdict.py",
        '        sets.append("meteringFailed = :true")\n        values[":true"] = "true"\n',
        "        pass\n",
    ),
    Mutant(
        "pending-mark-removed-early",
        "a record leaves the pending index when some of its lines have ended",
        "ledger/line_verdict.py",
        "all(new.get(name, line.ended) for name, line in record.lines.items())",
        "all(new.get(name, True) for name, line in record.lines.items())",
    ),
    Mutant(
        "record-ends-with-its-first-line",
        "a record has ended when one of its lines has",
        "ledger/metering_record.py",
        'return self.state == "sealed" and all(',
        'return self.state == "sealed" and any(',
    ),
    Mutant(
        "never-tidied",
        "a record whose lines have all ended stays in the pending index",
        "ledger/settlement.py",
        "        if record.pending is not None and record.ended:\n",
        "        if record.pending is None and record.ended:\n",
    ),
    Mutant(
        "tidied-too-early",
        "tidying does not ask whether the lines have ended",
        "ledger/settlement.py",
        "        if record.pending is not None and record.ended:\n",
        "        if record.pending is not None:\n",
    ),
    Mutant(
        "rejected-is-an-end",
        "a rejected line is not sent again",
        "ledger/metering_record.py",
        'ENDED = frozenset({"not_sent",',
        'ENDED = frozenset({"rejected", "not_sent",',
    ),
    Mutant(
        "parked-for-ever",
        "a line whose buyer was not subscribed waits for a notice only",
        "metering/plan_rules.py",
        "return in_last_chance or now - line.at >= RECHECK",
        "return False",
    ),
    # --- tags ---------------------------------------------------------------------------------------------------------
    Mutant(
        "tags-not-added",
        "tagged units are added to the record only",
        "usage/write_chunk.py",
        "        plan.append((add, _try_again))\n    if folded.totals:\n",
        "    if folded.totals:\n",
    ),
    # --- leaving ------------------------------------------------------------------------------------------------------
    Mutant(
        "leavers-hours-read-eventually",
        "final metering does not see the record that was opened just before",
        "ledger/metering_records.py",
        """":first": first_hour},
            "ConsistentRead": True,
""",
        """":first": first_hour},
            "ConsistentRead": False,
""",
    ),
    Mutant(
        "never-refused",
        "the status by which usage is refused is not written",
        "metering/final_rules.py",
        '    if subscriber.status != "final_metering":\n        return Step(name="refuse")\n',
        "",
    ),
    Mutant(
        "sealed-and-not-sent",
        "final metering seals what is due and does not send it",
        "metering/final_rules.py",
        'return Step(name="send", hours=due, unsendable=unsendable)',
        'return Step(name="send", unsendable=(*due, *unsendable))',
    ),
    Mutant(
        "tried-once",
        "what was not answered is not sent again within the grace",
        "metering/final_rules.py",
        'return Step(name="wait", until=now + AGAIN)\n        if later:',
        'return Step(name="wait", until=grace_ends(end))\n        if later:',
    ),
    Mutant(
        "unanswered-is-over",
        "a leaver is cancelled while another's call with a line may be under way",
        "metering/final_rules.py",
        "    if is_under_way(record, now):\n        return True\n",
        "",
    ),
    Mutant(
        "only-once-attempted",
        "final metering takes a line with an attempt for one with an answer",
        "metering/final_rules.py",
        "any(is_due(line, subscriber, now) for line in record.lines.values())",
        "any(is_due(line, subscriber, now) and not line.attempts for line in record.lines.values())",
    ),
    Mutant(
        "open-hours-left-to-the-run",
        "final metering looks at sealed hours only",
        "metering/final_rules.py",
        '    if record.state != "sealed":\n        return True\n    if is_under_way',
        '    if record.state != "sealed":\n        return False\n    if is_under_way',
    ),
    Mutant(
        "final-before-its-time",
        "final metering does not wait for the last usage",
        "metering/final_rules.py",
        "    if now < accepts_until(end):\n        return _before_refusing",
        "    if now < 0:\n        return _before_refusing",
    ),
    Mutant(
        "restart-takes-its-own-word-for-the-end",
        "who is restarted after refusing does nothing",
        "metering/final_rules.py",
        '    if subscriber.status == "cancelled":\n',
        '    if subscriber.status in ("cancelled", "final_metering"):\n',
    ),
    Mutant(
        "back-again-is-cancelled",
        "a subscriber who is back is cancelled by his old period's end",
        "ledger/leaving.py",
        "            return EndedPeriod(end, periods[number].start if number < len(periods) else None)\n",
        "            return EndedPeriod(end)\n",
    ),
    Mutant(
        "remainder-unnamed",
        "what remains of a leaver disappears with him",
        "ledger/balance.py",
        '            change += f", #e{number} = :e{number}"\n',
        '            change += f", #e{number} = :e{number}"\n            values[f":e{number}"] = Decimal(0)\n',
    ),
    Mutant(
        "leavers-found-once",
        "nobody looks after a leaver whose final metering has died",
        "metering/start_final_metering.py",
        'return self.start(subscriber) or self._start(f"{name}-{hour_of(now)}", subscriber.customer_identifier, end)',
        "return self.start(subscriber)",
    ),
    Mutant(
        "cancelled-is-undone",
        "a late notice of an end writes its status over final metering's",
        "ledger/lifecycle.py",
        'if life.status == "pending_cancellation" and current.status in FINAL and same_period:',
        'if life.status == "failed" and current.status in FINAL and same_period:',
    ),
    Mutant(
        "status-not-judged",
        "a leaver whose usage is refused by status has it accepted",
        "usage/judge_event.py",
        'return in_time and subscriber.status in ("active", "pending_cancellation")',
        'return in_time or subscriber.status == "final_metering"',
    ),
)
