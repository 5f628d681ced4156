"""What a client has done since it was made, and what it still holds."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Stats:
    """Counts of events, but ``calls`` (of the app, accepted) and ``requests`` (to the metering system).

    merged: calls that joined an event that was there. repeated_users: calls for a user who is known to be counted.
    refused: by reason. waiting_calls: calls that found the spool full; full: of these, raised SpoolFull.

    adopted: events that dead processes had left. torn: files of theirs with a cut-off last line, whose call had not
    returned. damaged: unreadable lines, which a failing disk explains. sync_failures: writes that a power cut may take.

    last_error: why nothing could be sent, "" once it could. pending, open_groups, live_bytes: held now. oldest: epoch
    seconds of the oldest event that is pending.
    """

    calls: int = 0
    merged: int = 0
    repeated_users: int = 0
    waiting_calls: int = 0
    full: int = 0
    requests: int = 0
    failed_requests: int = 0
    recorded: int = 0
    voided: int = 0
    duplicate: int = 0
    queued: int = 0
    retry_later: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    adopted: int = 0
    torn: int = 0
    damaged: int = 0
    sync_failures: int = 0
    last_error: str = ""
    pending: int = 0
    open_groups: int = 0
    live_bytes: int = 0
    oldest: float | None = None
