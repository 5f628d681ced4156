"""Who may report what: the sender is known by what API Gateway and SQS say of it, and never by what it says itself."""

import pytest

from usage.reporters import EVERYTHING, Reporter, Reporters, from_json, to_json

ROLE = "arn:aws:iam::111122223333:role/engines/Engine"
USER = "arn:aws:iam::111122223333:user/people/ann"
ENTRIES = (
    Reporter(principal=ROLE, sender_id="AROAENGINE", customers=("a", "b"), dimensions=("calls",), sources=("José",)),
    Reporter(principal=USER, sender_id="AIDAANN", customers=("c",)),
    Reporter(principal=ROLE, sender_id="AROAENGINE", customers=("d",)),
)
REPORTERS = Reporters(ENTRIES)


def test_they_travel_as_json() -> None:
    assert Reporters(from_json(to_json(ENTRIES))) == REPORTERS
    assert Reporters(from_json(to_json(()))) == Reporters()
    assert to_json(()) == "[]"


def test_an_empty_list_allows_nothing_and_no_list_allows_all() -> None:
    none, everything = Reporter(principal=ROLE, customers=()), Reporter(principal=ROLE)
    for entries, may in (((none,), False), ((everything,), True)):
        read = Reporters(from_json(to_json(entries)))
        assert read.of_caller(ROLE).may_report("a", source="s", dimension="calls") is may


@pytest.mark.parametrize("arn", [None, "", "arn:aws:iam::111122223333:root", ROLE, "anything"])
def test_a_stage_without_reporters_asks_nothing_but_iam(arn: str | None) -> None:
    assert Reporters().of_caller(arn) == Reporters().of_sender(arn) == EVERYTHING
    assert EVERYTHING.may_report("anybody", source="s", dimension="d")
    assert EVERYTHING.may_read("anybody")
    assert not EVERYTHING.is_unknown


@pytest.mark.parametrize(
    ("arn", "entries"),
    [
        # the path of a role is lost, and its session says nothing
        ("arn:aws:sts::111122223333:assumed-role/Engine/i-0123456789abcdef0", (0, 2)),
        ("arn:aws:sts::111122223333:assumed-role/Engine/arn@aws,x=y", (0, 2)),
        (USER, (1,)),
        ("arn:aws:iam::111122223333:user/ann", (1,)),
        # another account, partition, kind, name, or case
        ("arn:aws:sts::999922223333:assumed-role/Engine/s", ()),
        ("arn:aws-cn:sts::111122223333:assumed-role/Engine/s", ()),
        ("arn:aws:sts::111122223333:assumed-role/ann/s", ()),
        ("arn:aws:iam::111122223333:user/Engine", ()),
        ("arn:aws:sts::111122223333:assumed-role/engine/s", ()),
        ("arn:aws:sts::111122223333:assumed-role/Engine2/s", ()),
        # a session may be called anything
        ("arn:aws:sts::111122223333:assumed-role/Other/Engine", ()),
        ("arn:aws:sts::111122223333:assumed-role/Other/x/Engine", ()),
        ("arn:aws:sts::111122223333:federated-user/Engine", ()),
        ("arn:aws:iam::111122223333:root", ()),
        ("arn:aws:sts::111122223333:assumed-role/Engine", ()),
        ("Engine", ()),
        ("", ()),
        (None, ()),
    ],
)
def test_a_caller_is_a_role_or_a_user_of_an_account(arn: str | None, entries: tuple[int, ...]) -> None:
    rights = REPORTERS.of_caller(arn)
    assert rights.entries == tuple(ENTRIES[number] for number in entries)
    assert rights.is_unknown is (not entries)


@pytest.mark.parametrize(
    ("sender", "entries"),
    [
        ("AROAENGINE:i-0123456789abcdef0", (0, 2)),
        ("AROAENGINE", (0, 2)),
        ("AIDAANN", (1,)),
        ("AROAOTHER:AROAENGINE", ()),
        ("AROAENGINE2:s", ()),
        (":AROAENGINE", ()),
        ("", ()),
        (None, ()),
    ],
)
def test_a_sender_is_its_unique_id(sender: str | None, entries: tuple[int, ...]) -> None:
    assert REPORTERS.of_sender(sender).entries == tuple(ENTRIES[number] for number in entries)


def test_who_has_no_unique_id_may_not_send_to_the_queue() -> None:
    by_api_alone = Reporters((Reporter(principal=ROLE),))
    assert by_api_alone.of_sender(None).is_unknown
    assert by_api_alone.of_sender("").is_unknown
    assert not by_api_alone.of_caller(ROLE).is_unknown


@pytest.mark.parametrize(
    ("customer", "source", "dimension", "may"),
    [
        ("a", "José", "calls", True),
        ("b", "José", None, True),
        ("a", "José", "users", False),
        ("a", "other", "calls", False),
        ("c", "José", "calls", False),
        # the other entry of the same role; entries do not lend each other anything
        ("d", "other", "users", True),
        ("e", "other", "users", False),
    ],
)
def test_one_entry_must_allow_all_of_it(customer: str, source: str, dimension: str | None, may: bool) -> None:
    assert REPORTERS.of_caller(ROLE).may_report(customer, source=source, dimension=dimension) is may


def test_names_are_compared_as_events_are_read() -> None:
    """The stage file may hold é as e and an accent."""
    reporters = Reporters(from_json(to_json((Reporter(principal=ROLE, sources=("Jose\u0301",)),))))
    assert reporters.of_caller(ROLE).may_report("a", source="José")


def test_a_reporter_reads_what_it_reports_and_an_operator_what_iam_lets_him() -> None:
    assert [REPORTERS.of_caller(ROLE).may_read(customer) for customer in "abcd"] == [True, True, False, True]
    assert REPORTERS.of_caller("arn:aws:sts::111122223333:assumed-role/Operator/bob").may_read("c")
