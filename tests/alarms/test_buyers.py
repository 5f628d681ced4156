"""What goes wrong with notices and registrations calls people: by the metrics that their functions print."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from buyer.handlers import search_agreements
from tests.alarms.life import Life, printed
from tests.alarms.proof import prove
from tests.synthesized import Assembly
from tests.unit.buyer.notices.stage import Stage as Notices
from tests.unit.buyer.notices.test_agreement_standing import advisory
from tests.unit.buyer.notices.test_entitlement_notices import Stage as Entitlements
from tests.unit.buyer.registration.door import TOKEN, WHO, Door
from tests.unit.marketplace_double import refused
from tests.unit.messages import T0, agreement_ended, license_event, sns

SHOWS = 100

NOTICES = {
    "NoticesUnknown": [sns("subscribe-maybe", T0)],
    "NoticesUnreadable": ["this is no JSON"],
    "NoticesWaiting": [agreement_ended("CANCELLED", T0 + 100)],
    "NoticesBuyerWarned": [license_event("Updated", T0), advisory("Issued", T0 + 60)],
    "ProductCodeDoubted": [license_event("Updated", T0, product="other")],
}
#: Played by what the search prints.
LOST = "NoticesLost"
ENTITLEMENTS: dict[str, Callable[[Entitlements], Any]] = {
    "ProductCodeMisnamed": lambda stage: stage.receive(sns("entitlement-updated", T0, **{"product-code": "other"})),
    "ProductEntitlements": lambda stage: _refused(stage),
}
PLAYS = {*NOTICES, *ENTITLEMENTS, LOST, "ProductRegistrationsMisconfigured"}


def _refused(stage: Entitlements) -> None:
    stage.marketplace.holds = refused("AccessDeniedException", "GetEntitlements")
    stage.receive(sns("entitlement-updated", T0))


def proved(assembly: Assembly, alarm: str, act: Callable[[], Any]) -> None:
    life = Life(assembly)
    life.emf(printed(act), SHOWS)
    prove(life, alarm, shows=SHOWS)


@pytest.mark.parametrize("alarm", NOTICES)
def test_a_notice_that_somebody_has_to_look_at(alarm: str, priced: Assembly, notices: Notices) -> None:
    proved(priced, alarm, lambda: notices.receive(*NOTICES[alarm]))


@pytest.mark.parametrize("alarm", ENTITLEMENTS)
def test_entitlements_that_cannot_be_fetched(alarm: str, priced: Assembly, entitlements: Entitlements) -> None:
    proved(priced, alarm, lambda: ENTITLEMENTS[alarm](entitlements))


def test_a_product_that_turns_buyers_away(priced: Assembly, door: Door) -> None:
    door.marketplace.buyers[TOKEN] = refused("AccessDeniedException", "ResolveCustomer")
    proved(priced, "ProductRegistrationsMisconfigured", lambda: door.json("/registrations", {"token": TOKEN, **WHO}))


def test_a_notice_that_was_lost(priced: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search finds a start that no notice has told, and counts it."""

    class Found:
        def run(self, _now: float, counts: Counter[str], _in_time: Callable[[], None]) -> None:
            counts["lost"] += 1

    class Context:
        function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "x"

        def get_remaining_time_in_millis(self) -> int:
            return 600_000

    monkeypatch.setattr(search_agreements, "assembled", lambda: (Found(),))
    context: Any = Context()
    proved(priced, LOST, lambda: search_agreements.handler({}, context))
