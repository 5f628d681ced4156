"""The token and the kind of offer that Marketplace's form POST brings. Pure.

The token is opaque: it is bounded, and altered in one way only, see ``_token``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from buyer.registration.posted import NAMES, OFFER
from buyer.registration.refusal import START_AGAIN
from runtime.api_error import ApiError, bad_request

#: Characters. The model of marketplace-agreement allows 512, that of ResolveCustomer has no limit.
LONGEST_TOKEN = 8 * 1024


@dataclass(frozen=True)
class Arrival:
    """A buyer arrives from Marketplace. free_trial: the offer is a trial (False also where the form does not say)."""

    token: str = field(repr=False)
    free_trial: bool = False


def arrival(posted: Mapping[str, str]) -> Arrival:
    """The arrival in the posted fields. Raises ApiError missing_token or bad_request."""
    return Arrival(_token(posted), posted.get(OFFER, "").lower() == "free-trial")


def _token(posted: Mapping[str, str]) -> str:
    """The token. Tokens have no blanks, so a blank was a ``+`` that was decoded on the way (see ``posted._form``)."""
    token = posted.get("token", "").replace(" ", "+")
    if not token:
        raise ApiError(
            400,
            "missing_token",
            f"The registration token of AWS Marketplace is missing. {START_AGAIN}",
            {"field": "token", "accepted": [name for name, ours in NAMES.items() if ours == "token"]},
        )
    if len(token) > LONGEST_TOKEN or not token.isascii() or not token.isprintable():
        raise bad_request("The registration token cannot be read.", "token")
    return token
