"""Whatever lies in the queue becomes a notice that can be stored, logged and told of; nothing about it is an error."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from buyer.notices.redact import content
from marketplace.notices import parse
from runtime import clock
from tests.unit.messages import PRODUCT, T0, agreement_ended, license_event

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["", " ", "l-1", "agmt-1"])
)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
SNS = {"action": "subscribe-success", "customer-identifier": "custA1", "product-code": PRODUCT}
ENVELOPE = {"Type": "Notification", "MessageId": "n", "Timestamp": "2026-11-15T00:00:00Z", "Message": json.dumps(SNS)}
WHOLE: tuple[dict[str, Any], ...] = (
    SNS,
    ENVELOPE,
    json.loads(license_event("Updated", T0)),
    json.loads(agreement_ended("CANCELLED", T0)),
)


def understood(body: str) -> None:
    notice = parse(body, message_id="m", sent_ms=int(T0 * 1000))
    assert (notice.kind in ("unreadable", "unknown")) == (notice.why is not None)
    for text in (notice.id, notice.action, notice.product_code, notice.customer_identifier, notice.license_id):
        assert text is None or (text.isascii() and text.isprintable() and 0 < len(text) <= 256)
    assert clock.iso(notice.at)
    json.dumps(content(body), ensure_ascii=False).encode()


@given(st.text() | JSON.map(json.dumps) | JSON.map(json.dumps).map(json.dumps))
def test_any_text_and_any_json(body: str) -> None:
    understood(body)


@given(st.sampled_from(WHOLE), st.data())
def test_any_field_may_be_anything(whole: dict[str, Any], data: st.DataObject) -> None:
    """One field of a good notice, at any depth, replaced, removed, or joined by another spelling of it."""
    message = json.loads(json.dumps(whole))
    part = message
    name = data.draw(st.sampled_from(sorted(part)))
    while isinstance(part[name], dict) and part[name] and data.draw(st.booleans()):
        part = part[name]
        name = data.draw(st.sampled_from(sorted(part)))
    what = data.draw(st.sampled_from(["replace", "remove", "spell"]))
    if what == "remove":
        del part[name]
    else:
        part[name if what == "replace" else name.upper()] = data.draw(JSON)
    understood(json.dumps(message))
