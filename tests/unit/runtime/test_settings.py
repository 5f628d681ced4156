"""Settings: what the stacks write is what the functions read."""

from dataclasses import fields

import pytest

from runtime import settings
from runtime.settings import FindDueHoursSettings, MissingSettings, SealHoursSettings, Settings, UsageSettings

ALL = [kind for kind in vars(settings).values() if isinstance(kind, type) and issubclass(kind, Settings)]
CLASSES = [kind for kind in ALL if kind is not Settings]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_settings_are_read_back(kind: type[Settings]) -> None:
    env = {field.name: f"value of {field.name}" for field in fields(kind)}
    made = kind.from_env(env | {"PATH": "/bin"})
    assert made.to_env() == env
    assert kind.from_env(made.to_env()) == made


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_missing_variable_is_named(kind: type[Settings]) -> None:
    with pytest.raises(MissingSettings) as missing:
        kind.from_env({})
    assert kind.__name__ in str(missing.value)
    assert all(field.name in str(missing.value) for field in fields(kind))


def test_only_what_is_missing_is_named() -> None:
    env = {field.name: "x" for field in fields(SealHoursSettings)}
    del env["TIERS"]
    with pytest.raises(MissingSettings, match=r"variable\(s\) TIERS$"):
        SealHoursSettings.from_env(env)


def test_the_environment_is_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERING_RECORDS_TABLE", "records")
    monkeypatch.setenv("DIMENSIONS", "[]")
    monkeypatch.setenv("SEAL_DELAY_MINUTES", "10")
    assert FindDueHoursSettings.from_env() == FindDueHoursSettings(
        METERING_RECORDS_TABLE="records", DIMENSIONS="[]", SEAL_DELAY_MINUTES="10"
    )


def test_the_specifications_variables_keep_their_names() -> None:
    assert {"SUBSCRIBERS_TABLE", "METERING_RECORDS_TABLE"} <= {field.name for field in fields(UsageSettings)}
    assert "PRODUCT_CODE" in {field.name for field in fields(SealHoursSettings)}
