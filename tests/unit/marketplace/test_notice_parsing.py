"""The shipped samples of Marketplace's notices are understood, each as what it is."""

import json
from pathlib import Path

import pytest

from marketplace.notices import MalformedNotice, parse
from tests.unit.messages import T0, sns

EVENTS = Path(__file__).parents[2] / "events"


@pytest.mark.parametrize(
    ("name", "source", "kind"),
    [
        ("eventbridge-agreement-created", "eventbridge", "fact"),
        ("eventbridge-agreement-ended", "eventbridge", "end"),
        ("eventbridge-agreement-ended-renewed", "eventbridge", "fact"),
        ("eventbridge-agreement-renewed", "eventbridge", "fact"),
        ("eventbridge-license-deprovisioned", "eventbridge", "end"),
        ("eventbridge-license-updated", "eventbridge", "start"),
        ("sns-entitlement-updated", "sns", "entitlement"),
        ("sns-envelope-subscribe-success", "sns", "start"),
        ("sns-subscribe-fail", "sns", "fail"),
        ("sns-subscribe-success-free-trial", "sns", "start"),
        ("sns-subscribe-success", "sns", "start"),
        ("sns-unsubscribe-pending", "sns", "end"),
        ("sns-unsubscribe-success", "sns", "end"),
    ],
)
def test_a_sample(name: str, source: str, kind: str) -> None:
    notice = parse((EVENTS / f"{name}.json").read_text(), message_id="m", sent_ms=int(T0 * 1000))
    assert (notice.source, notice.kind) == (source, kind)
    assert (notice.customer_identifier is None) == (source == "eventbridge")
    assert (notice.license_id is None) == ("license" not in name)


def test_the_facts_of_a_licence_event() -> None:
    body = (EVENTS / "eventbridge-license-updated.json").read_text()
    notice = parse(body, message_id="m", sent_ms=0)
    assert notice.id == json.loads(body)["id"]
    assert (notice.product_code, notice.account_id) == ("8y1zq7w4local0yawl2metering", "444455556666")
    assert (notice.license_id, notice.agreement_id) == ("l-0123456789abcdef0123456789abcdef", "agmt-1a2b3c4d5e6f7a8b9")


def test_sns_keeps_its_milliseconds_and_its_text_of_a_truth() -> None:
    notice = parse(sns("subscribe-success", T0 + 0.123, isFreeTrialTermPresent="false"), message_id="m", sent_ms=0)
    assert notice.at_ms == int(T0) * 1000 + 123
    assert notice.free_trial is False


def test_the_error_of_a_malformed_message_does_not_quote_it() -> None:
    with pytest.raises(MalformedNotice) as caught:
        parse('{"mail": "a@b.example"', message_id="m", sent_ms=0)
    assert "a@b" not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__
