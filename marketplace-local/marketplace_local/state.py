"""Everything that the local Marketplace remembers, in memory, behind one lock."""

import base64
import random
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from marketplace_local.call_log import CallLog
from marketplace_local.call_rate import CallRate
from marketplace_local.catalogue import Buyer, Catalogue
from marketplace_local.clock import Clock, MovableClock
from marketplace_local.faults.armed import ArmedFaults
from marketplace_local.faults.at_random import RandomFaults
from marketplace_local.faults.met import FaultsMet
from marketplace_local.invoices.adjustments import Adjustments
from marketplace_local.invoices.misstated import Misstatements
from marketplace_local.rules.deduplication import IdenticalResend, Key, OnFile
from marketplace_local.rules.registration import TOKEN_SECONDS, Token
from marketplace_local.rules.window import UsageAfterEnd
from marketplace_local.trail.history import History


@dataclass
class Settings:
    """Which of two readings of AWS's documentation holds, and options for tests."""

    identical_resend: IdenticalResend = "Success"
    empty_pages: bool = False
    token_seconds: float = TOKEN_SECONDS
    usage_after_end: UsageAfterEnd = "Success"


class MarketplaceState:
    """Products, buyers, tokens, the records on file, the log, the armed faults. Take ``lock`` around any use.

    now, monotonic: the clocks of the rules and of the quota. log_file: the log appends each accepted record to it.
    seed: registration tokens follow from it; None makes them unguessable. Everything else follows from the calls.
    """

    def __init__(
        self,
        now: Clock | None = None,
        monotonic: Clock = time.monotonic,
        log_file: Path | None = None,
        seed: int | None = None,
    ) -> None:
        self.now: Clock = now or MovableClock()
        self.lock = threading.RLock()
        self.catalogue = Catalogue()
        self.tokens: dict[str, Token] = {}
        self.on_file: dict[Key, OnFile] = {}
        self.log = CallLog(log_file)
        self.trail = History()
        self.misstatements = Misstatements()
        self.adjustments = Adjustments()
        self.rate = CallRate(monotonic)
        self.faults = ArmedFaults()
        self.random_faults = RandomFaults()
        self.settings = Settings()
        self._random = random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311

    def issue_token(self, buyer: Buyer) -> str:
        """A new registration token: opaque, and like AWS's it holds characters that a form must encode."""
        token = "+/" + base64.b64encode(self._random.randbytes(96)).decode() + "="
        self.tokens[token] = Token(buyer, self.now())
        return token

    def faults_met(self, operation: str) -> FaultsMet:
        """The faults that the next call of an operation meets; it counts the call."""
        return FaultsMet(self.faults, self.random_faults, operation, self.now)
