"""Starts of an engine: each is committed once, with the message that bills it."""

from tests.simulation.mutants.mutation import Mutant

MUTANTS = (
    Mutant(
        "known-any-version",
        "a start is committed whatever another reading has committed since",
        "DynamoDBState._known",
        "change.unchanged(segment.version)",
        "change.absent_or('version', change.exists('version'))",
    ),
    Mutant(
        "several-starts-without-their-bit",
        "a number with several starts at once is committed whatever its segment's version is",
        "Known.after",
        "number is not None and (not self.has_number(number))",
        "number is not None and count == 1 and (not self.has_number(number))",
    ),
    Mutant(
        "unread-list-says-nothing",
        "an old case of a list that cannot be read is committed without the specification that pays",
        "_Opened._start",
        "row.at_ms > now - PATIENCE_MS or not self._is_whole",
        "row.at_ms > now - PATIENCE_MS",
    ),
    Mutant(
        "outbox-not-committed",
        "a start is marked, and its message is sent without being kept",
        "DynamoDBState.commit",
        """
if change.messages:
    operations.append(self._outbox(change.messages))
""",
        "",
    ),
    Mutant(
        "forgotten-before-sent",
        "a message leaves the outbox before it is sent",
        "send_all",
        "for parcel in state.unsent():\n    try:\n        for position, message in enumerate(parcel.messages):\n"
        "            sender.send(message, parcel.deduplication_id(position))\n"
        "    except Exception as error:\n        errors.append(error)\n"
        "        if len(errors) == MOST_FAILURES:\n            break\n        continue\n"
        "    state.sent(parcel)\n    sent += 1",
        "for parcel in state.unsent():\n    state.sent(parcel)\n    try:\n"
        "        for position, message in enumerate(parcel.messages):\n"
        "            sender.send(message, parcel.deduplication_id(position))\n"
        "    except Exception as error:\n        errors.append(error)\n"
        "        if len(errors) == MOST_FAILURES:\n            break\n        continue\n    sent += 1",
    ),
    Mutant(
        "overtaken-is-committed",
        "a reading that lost the race takes its plan for committed",
        "_Committing._committed",
        """
self.poll.pause(attempt)
self.known = self.poll.state.known()
anchor = self.poll.state.progress().anchor
if anchor is not None:
    self.poll.source.check(anchor)
continue
""",
        """
return planned
""",
    ),
    Mutant(
        "id-counts-once",
        "a case id that is used again is known",
        "unknown",
        "of_one.total() > known.accounted(case_id)",
        "not known.accounted(case_id)",
    ),
    Mutant(
        "numbered-from-one",
        "each reading numbers the starts of a case id anew",
        "Known.new_starts",
        "(entry.count + number, start)",
        "(number, start)",
    ),
    Mutant(
        "skipped-twice",
        "starts that two readings skip are skipped twice",
        "Known.after",
        "max(entry.count + len(taken), found.skipped)",
        "entry.count + len(taken) + found.skipped",
    ),
    Mutant(
        "since-ignored",
        "cases from before the engine is billed are billed",
        "plan",
        "found.at_ms < engine.since * 1000",
        "found.at_ms < 0",
    ),
    Mutant(
        "walk-ends-at-an-old-case",
        "the first reading ends where it meets a case from before",
        "LogStarts._first",
        "old >= OLD_FOR_SURE",
        "old >= 1",
    ),
    Mutant(
        "first-list-believed",
        "a case is attributed by the specification that listed it for a moment",
        "LogStarts._confirmed",
        "Counter(self.log.case_ids(specification))",
        "Counter({case_id: of_one[specification] for case_id, of_one in listed.items() if specification in of_one})",
    ),
    Mutant(
        "future-starts",
        "a start ahead of our clock is sent at once, and refused",
        "_Opened._start",
        "row.at_ms <= now and (not (undecided and self._engine.attributed_by == 'specification'))",
        "not (undecided and self._engine.attributed_by == 'specification')",
    ),
    Mutant(
        "gaps-not-asked",
        "a number that no list has is taken for one that no case had",
        "LogStarts._unlisted",
        "counter.missing[:MOST_ASKED]",
        "()",
    ),
    Mutant(
        "listed-without-a-row-is-known",
        "a listed case whose row is late is given up at once",
        "_Opened._given_up",
        "now - since >= GIVEN_UP_MS",
        "now >= since",
    ),
    Mutant(
        "another-database-unnoticed",
        "numbers of a new database are taken for those of the old one",
        "LogStarts.check",
        "not any(((row.net_instance, row.at_ms) == (anchor.net_instance, anchor.at_ms) for row in rows))",
        "not rows and anchor.at_ms < 0",
    ),
    Mutant(
        "attributed-each-time",
        "unattributed usage is sent for whoever is named, each time that its message is read",
        "LateAttribution.attribute",
        "not state.marked([mark])",
        "not state.marked([mark]) or engine_id",
        (("{mark: int(self.clock()) + KEPT}", "{}"),),
    ),
    Mutant(
        "users-not-marked",
        "a participant counts in each reading",
        "Users._commit",
        "Change(marks=marks, messages=messages)",
        "Change(messages=messages)",
    ),
    Mutant(
        "announced-again",
        "an announcement that is repeated is another start",
        "Known.new_starts",
        "[] if entry.count else [(1, start) for start in found.starts[:1] if start.is_ready]",
        "[(entry.count + 1, start) for start in found.starts[:1] if start.is_ready]",
    ),
    Mutant(
        "announcements-read-once",
        "announcements that were written late are not read",
        "Poll._announced",
        "max(0, progress.hints_until - AGAIN_MS)",
        "progress.hints_until + 1",
    ),
)
