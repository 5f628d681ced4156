"""The form asks for what the stage file says, and keeps nothing else."""

import json

import pytest

from buyer.registration.contact import Asked
from tests.unit.buyer.registration.door import TOKEN, WHO, Door, Page

EVERYTHING = {"email": "required", "company": "required", "name": "required"}
NOTHING = dict.fromkeys(EVERYTHING, "off")


@pytest.mark.parametrize("asked", [EVERYTHING])
@pytest.mark.parametrize("missing", ["email", "company", "name"])
def test_a_required_field_that_is_missing_is_named_in_the_readers_language(door: Door, missing: str) -> None:
    session = door.arrive()
    without = {name: value for name, value in WHO.items() if name != missing}
    answer = door.form("/registrations", session | without, **{"Accept-Language": "de"})
    assert answer["statusCode"] == 400
    wanted = {"email": "Eine E-Mail-Adresse wird gebraucht", "company": "Ihre Firma an", "name": "Ihren Namen an"}
    assert wanted[missing] in answer["body"]
    assert f'id="{missing}"' in answer["body"].partition(' aria-invalid="true"')[0]
    assert answer["body"].count('aria-invalid="true" aria-describedby="complaint" autofocus') == 1
    assert "registeredAt" not in door.row()
    status, said = door.json("/registrations", session | without)
    assert (status, said["error"]["code"], said["error"]["details"]["field"]) == (400, "bad_request", missing)


@pytest.mark.parametrize("asked", [EVERYTHING | {"name": "off", "company": "optional"}])
def test_a_field_that_is_off_is_neither_shown_nor_kept(door: Door) -> None:
    page = Page(door.form("/register", {"token": TOKEN})["body"])
    assert set(page.inputs) == {"session", "email", "company"}
    door.form("/registrations", {"session": str(page.inputs["session"])} | WHO)
    assert (door.row()["email"], door.row()["company"]) == (WHO["email"], WHO["company"])
    assert "name" not in door.row()


@pytest.mark.parametrize("asked", [NOTHING])
def test_a_stage_that_asks_for_nothing_has_one_button(door: Door) -> None:
    answer = door.form("/register", {"token": TOKEN})
    assert set(Page(answer["body"]).inputs) == {"session"}
    assert "tell us who you are" not in answer["body"] and ">Continue<" in answer["body"]
    done = door.form("/registrations", {"session": str(Page(answer["body"]).inputs["session"])} | WHO)
    assert done["statusCode"] == 200
    assert door.row()["registeredAt"] == "2026-11-15T00:00:00Z"
    assert not {"email", "company", "name"} & set(door.row())


@pytest.mark.parametrize("asked", [EVERYTHING | {"email": "optional"}])
def test_an_optional_address_may_be_missing_and_not_wrong(door: Door) -> None:
    session = door.arrive()
    assert door.form("/registrations", session | WHO | {"email": "nobody"})["statusCode"] == 400
    assert door.form("/registrations", session | WHO | {"email": ""})["statusCode"] == 200
    assert "email" not in door.row()


@pytest.mark.parametrize("asked", [{}])
def test_the_setting_is_the_stages(asked: Asked) -> None:
    from buyer.registration.contact import ASKED_BY_DEFAULT, asked_from_json

    assert asked_from_json(json.dumps(ASKED_BY_DEFAULT)) == ASKED_BY_DEFAULT
