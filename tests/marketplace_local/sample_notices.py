"""One sample of each notice; ``python -m tests.marketplace_local.sample_notices tests/events`` writes them."""

import json
import sys
from pathlib import Path

from marketplace_local import notices
from marketplace_local.clock import from_iso
from marketplace_local.notices import Agreement, JsonObject
from marketplace_local.notices import standing as standing_notices

PRODUCT_CODE = "8y1zq7w4local0yawl2metering"
CUSTOMER = "custa1b2c3d4e5f"
AGREEMENT = Agreement(
    agreement_id="agmt-1a2b3c4d5e6f7a8b9",
    account_id="444455556666",
    license_arn="arn:aws:license-manager::444455556666:license:l-0123456789abcdef0123456789abcdef",
    product_code=PRODUCT_CODE,
    offer_id="offer-abcdef1234567",
)
STARTED, ENDED = from_iso("2026-11-15T08:05:10Z"), from_iso("2026-11-20T16:45:00Z")


def samples() -> dict[str, JsonObject]:
    """File name (without ``.json``) → the notice."""
    started = notices.subscription_notice(
        "subscribe-success", CUSTOMER, PRODUCT_CODE, offer_identifier=AGREEMENT.offer_id, free_trial=False
    )
    renewed = Agreement(**{**vars(AGREEMENT), "agreement_id": "agmt-9b8a7f6e5d4c3b2a1"})
    return {
        "sns-subscribe-success": started,
        "sns-subscribe-success-free-trial": {**started, "isFreeTrialTermPresent": "true"},
        "sns-subscribe-fail": notices.subscription_notice(
            "subscribe-fail", CUSTOMER, PRODUCT_CODE, offer_identifier=AGREEMENT.offer_id
        ),
        "sns-unsubscribe-pending": notices.subscription_notice("unsubscribe-pending", CUSTOMER, PRODUCT_CODE),
        "sns-unsubscribe-success": notices.subscription_notice("unsubscribe-success", CUSTOMER, PRODUCT_CODE),
        "sns-entitlement-updated": notices.entitlement_notice(CUSTOMER, PRODUCT_CODE),
        "sns-envelope-subscribe-success": notices.sns_envelope(
            started,
            notices.subscription_topic(PRODUCT_CODE),
            message_id="95df01b4-ee98-5cb9-9903-4c221d41eb5e",
            at=STARTED,
        ),
        "eventbridge-license-updated": notices.license_updated(AGREEMENT, STARTED),
        "eventbridge-license-deprovisioned": notices.license_deprovisioned(AGREEMENT, ENDED),
        "eventbridge-agreement-created": notices.agreement_created(AGREEMENT, STARTED),
        "eventbridge-agreement-renewed": notices.agreement_created(
            renewed, ENDED, intent="RENEW", previous_agreement_id=AGREEMENT.agreement_id
        ),
        "eventbridge-agreement-ended": notices.agreement_ended(AGREEMENT, ENDED),
        "eventbridge-agreement-ended-renewed": notices.agreement_ended(AGREEMENT, ENDED, "RENEWED"),
        "eventbridge-advisory-issued": standing_notices.advisory(AGREEMENT, STARTED),
        "eventbridge-advisory-resolved": standing_notices.advisory(AGREEMENT, ENDED, "Resolved"),
        "eventbridge-billing-adjustment": standing_notices.billing_adjustment(AGREEMENT, ENDED),
        "eventbridge-cancellation-request": standing_notices.cancellation_request(AGREEMENT, ENDED),
    }


def write(directory: Path) -> None:
    for name, notice in samples().items():
        (directory / f"{name}.json").write_text(json.dumps(notice, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
