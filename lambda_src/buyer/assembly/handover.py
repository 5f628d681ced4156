"""What signs hand-overs, put together from its settings."""

from buyer.handover.token import Handovers
from buyer.signing_keys import SigningKeys
from runtime.settings import HandoverSettings


def handovers(settings: HandoverSettings) -> Handovers | None:
    """The hand-overs of a stage; None where it has no app for them."""
    if not settings.HANDOVER_URL:
        return None
    keys = SigningKeys.connect(settings.HANDOVER_SECRET_ARN)
    return Handovers(keys, settings.HANDOVER_ISSUER, settings.HANDOVER_URL)
