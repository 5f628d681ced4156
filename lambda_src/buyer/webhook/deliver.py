"""Delivers one event: signs it anew for each try, since the time of the try is part of what is signed."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from buyer.webhook.post import Receiver
from buyer.webhook.signature import headers


@dataclass(frozen=True, kw_only=True)
class Deliverer:
    """secrets: fetches the values of the secret, oldest first, as ``SigningKeys.oldest_first``."""

    receiver: Receiver
    secrets: Callable[[], tuple[str, ...]]

    def deliver(self, event: str, now: float) -> str:
        """Deliver an event (the JSON of its queue) and return its id. Raises WebhookRefused, WebhookUnanswered,
        UnusableWebhookSecret and ApiError where the secret cannot be read."""
        body = event.encode()
        event_id = str(json.loads(event)["id"])
        newest_first = self.secrets()[::-1]
        self.receiver.post(body, headers(event_id=event_id, timestamp=int(now), body=body, secrets=newest_first))
        return event_id
