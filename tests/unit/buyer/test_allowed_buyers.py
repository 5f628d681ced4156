"""Whose notices a stage takes."""

from buyer.allowed_buyers import EVERYBODY, AllowedBuyers


def test_all_is_everybody_even_who_is_not_known() -> None:
    assert AllowedBuyers.from_setting("all") == EVERYBODY
    assert not EVERYBODY.limited
    assert EVERYBODY.allow("444455556666") and EVERYBODY.allow(None)


def test_a_list_is_these_and_nobody_else() -> None:
    some = AllowedBuyers.from_setting("444455556666, 111122223333,")
    assert some.limited
    assert some.allow("111122223333") and some.allow("444455556666")
    assert not some.allow("999988887777") and not some.allow(None) and not some.allow("")


def test_a_buyer_is_known_by_any_of_his_names() -> None:
    some = AllowedBuyers.from_setting("444455556666,l-0123")
    assert some.allow("999988887777", "l-0123") and some.allow(None, "444455556666")
    assert not some.allow() and not some.allow(None, "l-9999")


def test_an_empty_list_is_nobody() -> None:
    nobody = AllowedBuyers.from_setting("")
    assert nobody.limited
    assert not nobody.allow("444455556666") and not nobody.allow(None)
