"""Whose notices a stage takes."""

from ledger.allowed_accounts import EVERYBODY, AllowedAccounts


def test_all_is_everybody_even_who_is_not_known() -> None:
    assert AllowedAccounts.from_setting("all") == EVERYBODY
    assert not EVERYBODY.limited
    assert EVERYBODY.allow("444455556666") and EVERYBODY.allow(None)


def test_a_list_is_these_and_nobody_else() -> None:
    some = AllowedAccounts.from_setting("444455556666, 111122223333,")
    assert some.limited
    assert some.allow("111122223333") and some.allow("444455556666")
    assert not some.allow("999988887777") and not some.allow(None) and not some.allow("")


def test_an_empty_list_is_nobody() -> None:
    nobody = AllowedAccounts.from_setting("")
    assert nobody.limited
    assert not nobody.allow("444455556666") and not nobody.allow(None)
