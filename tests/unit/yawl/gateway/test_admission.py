"""A secret admits its engine and no other, and two are valid at once."""

import hmac

import pytest

from tests.unit.yawl.engines import engine, hash_of
from yawl.engine import Engine
from yawl.gateway.admission import admitted

TWO = engine(secret_hashes=(hash_of("old"), hash_of("new")))


@pytest.mark.parametrize("secret", ["old", "new"])
def test_either_of_two_secrets_admits(secret: str) -> None:
    assert admitted(TWO, secret) is TWO


@pytest.mark.parametrize("secret", ["", "ol", "old ", "OLD", hash_of("old"), "0" * 64, "\ud800", "ö"])
def test_any_other_text_does_not(secret: str) -> None:
    assert admitted(TWO, secret) is None


def test_an_engine_whose_log_alone_counts_is_not_admitted() -> None:
    assert admitted(engine(mode="log-only"), "secret") is None
    assert admitted(engine(mode="push-only", address=None), "secret") is not None


@pytest.mark.parametrize("found", [None, engine(secret_hashes=()), engine(), TWO, engine(mode="log-only")])
@pytest.mark.parametrize("secret", ["old", "secret", "wrong"])
def test_the_same_comparisons_are_made_whatever_is_given(
    found: Engine | None, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[int, int]] = []
    compare = hmac.compare_digest

    def noted(a: str, b: str) -> bool:
        compared.append((len(a), len(b)))
        return compare(a, b)

    monkeypatch.setattr(hmac, "compare_digest", noted)
    admitted(found, secret)
    assert compared == [(64, 64)] * 2
