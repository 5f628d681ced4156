"""Figures that are counts, on a few customers: what they say is right, whatever the machine."""

from bench import announcements, engine_polls, growth, hour_of_a_customer, marketplace_calls, paths


def test_the_way_of_an_hour_begins_with_finding_it_and_ends_with_its_tally() -> None:
    entered = paths.hour().entered
    assert (entered[0], entered[-1]) == ("metering/find/find_due_hours.py", "ledger/run_tally.py")
    assert len(entered) <= paths.HOUR_MOST


def test_moves_and_returns_are_counted_between_files() -> None:
    trail = paths.Trail(["a", "a", "b", "a", "c", "b"])
    assert (trail.entered, trail.moves, trail.returns) == (["a", "b", "c"], 4, 2)


def test_a_thousand_lines_take_forty_calls() -> None:
    assert marketplace_calls.ours() == (marketplace_calls.BEST, marketplace_calls.LINES)
    assert marketplace_calls.others() == (10, 200)


def test_an_hour_of_a_customer_is_three_writes() -> None:
    assert hour_of_a_customer.cost() == (3, 8)
    assert hour_of_a_customer.cost(hour_of_a_customer.WITHOUT) == (3, 5)


def test_a_sealed_record_of_five_lines_with_its_attempt_is_within_a_kilobyte() -> None:
    sealed, settled = hour_of_a_customer.steps()
    assert sealed.size <= 1024 < settled.size <= 2048
    # the record and the balance twice, in a transaction; the attempt one, verdicts two, and the index
    assert (sealed.units, settled.units) == (4, 4)


def test_a_customer_costs_the_same_among_many() -> None:
    few, many = growth.metered(500), growth.metered(1_500)
    assert (many.pages, many.calls) == (2, 60)
    assert many.written / 1_500 <= few.written / 500 * growth.LINEAR
    assert many.requests / 1_500 <= few.requests / 500 * growth.LINEAR
    assert many.read / 1_500 <= few.read / 500 * growth.LINEAR


def test_a_thousand_new_cases_take_little_more_than_a_thousand_questions() -> None:
    for history in (0, 5_000):
        cost = engine_polls.reading(history, engine_polls.NEW_CASES)
        assert cost.questions.total() <= engine_polls.MOST_QUESTIONS


def test_known_cases_add_no_question_and_no_write() -> None:
    few, many = engine_polls.reading(1_000, 50), engine_polls.reading(50_000, 50)
    assert few.questions == many.questions
    assert many.writes <= few.writes + 2


def test_an_announced_start_is_one_write_unit() -> None:
    assert announcements.units() == 1
