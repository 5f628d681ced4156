"""Settings: what the stacks write is what the functions read."""

import pytest

from runtime import settings
from runtime.settings import (
    FindDueHoursSettings,
    MissingSettings,
    ReconcileCallsSettings,
    RefuseUsageSettings,
    SealHoursSettings,
    Settings,
    UsageQueueSettings,
    UsageSettings,
)

ALL = [kind for kind in vars(settings).values() if isinstance(kind, type) and issubclass(kind, Settings)]
CLASSES = [kind for kind in ALL if kind is not Settings]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_settings_are_read_back(kind: type[Settings]) -> None:
    env = {name: f"value of {name}" for name in kind.names()}
    made = kind.from_env(env | {"PATH": "/bin"})
    assert made.to_env() == env
    assert kind.from_env(made.to_env()) == made


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_missing_variable_is_named(kind: type[Settings]) -> None:
    with pytest.raises(MissingSettings) as missing:
        kind.from_env({})
    assert kind.__name__ in str(missing.value)
    assert all(name in str(missing.value) for name in kind.names())


def test_only_what_is_missing_is_named() -> None:
    env = dict.fromkeys(SealHoursSettings.names(), "x")
    del env["PRODUCTS"]
    with pytest.raises(MissingSettings, match=r"variable\(s\) PRODUCTS$"):
        SealHoursSettings.from_env(env)


def test_the_environment_is_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERING_RECORDS_TABLE", "records")
    monkeypatch.setenv("PRODUCTS", "[]")
    monkeypatch.setenv("SEAL_DELAY_MINUTES", "10")
    assert FindDueHoursSettings.from_env() == FindDueHoursSettings(
        METERING_RECORDS_TABLE="records", PRODUCTS="[]", SEAL_DELAY_MINUTES="10"
    )


def test_the_specifications_variables_keep_their_names() -> None:
    assert {"SUBSCRIBERS_TABLE", "METERING_RECORDS_TABLE"} <= set(UsageSettings.names())
    assert "PRODUCT_CODE" in ReconcileCallsSettings.names()


def test_they_are_whole_and_do_not_change() -> None:
    made = RefuseUsageSettings(SUBSCRIBERS_TABLE="records")
    with pytest.raises(AttributeError):
        made.SUBSCRIBERS_TABLE = "others"  # type: ignore[misc]
    with pytest.raises(TypeError):
        RefuseUsageSettings()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        RefuseUsageSettings(SUBSCRIBERS_TABLE="records", REGION="x")  # type: ignore[call-arg]
    assert UsageQueueSettings.names()[: len(UsageSettings.names())] == UsageSettings.names()
    assert made != RefuseUsageSettings(SUBSCRIBERS_TABLE="others")
