"""The engines that the stage file declares, as every function reads them: one parameter of SSM for each engine.

A deployment changes the parameters and not the functions, so each function learns of a new secret or customer within
``KEPT`` seconds.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Self

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from runtime import aws, telemetry
from runtime.failure import described
from yawl.engine import Engine

logger = telemetry.logger("yawl")
#: Seconds for which an answer of SSM is used.
KEPT = 60.0
#: Seconds for which the last answer is used again when SSM does not give another.
KEPT_AGAIN = 5.0
#: An engine waits for the answer, so two attempts end within a few seconds.
_CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})


class Engines:
    """The stage's engines, all read together when one is asked for, and then kept for a while.

    Unsigned callers may ask for any id. SSM answers 40 requests a second to the whole account (its quotas), so an id
    is never asked for by itself.
    """

    def __init__(self, client: Any, path: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        """client: botocore's of SSM. path: ``ENGINES_PATH``. monotonic: seconds, for the age of an answer."""
        self._client = client
        self._path = path.rstrip("/")
        self._monotonic = monotonic
        self._engines: Mapping[str, Engine] | None = None
        self._ask_again_at = 0.0

    @classmethod
    def connect(cls, path: str) -> Self:
        """The engines below this path, read with the function's own credentials."""
        return cls(aws.client("ssm", config=_CONFIG), path)

    def get(self, engine_id: str) -> Engine | None:
        """The engine with this id; None if the stage declares none. Raises as ``all``."""
        return self._by_id().get(engine_id)

    def all(self) -> tuple[Engine, ...]:
        """Every engine of the stage, by id.

        While SSM does not answer, its last answer is used. Raises botocore's error if there is none.
        """
        return tuple(self._by_id().values())

    def _by_id(self) -> Mapping[str, Engine]:
        now = self._monotonic()
        if self._engines is None or now > self._ask_again_at:
            try:
                self._engines, self._ask_again_at = self._read(), now + KEPT
            except (BotoCoreError, ClientError):
                if self._engines is None:
                    raise
                self._ask_again_at = now + KEPT_AGAIN
        return self._engines

    def _read(self) -> Mapping[str, Engine]:
        pages = self._client.get_paginator("get_parameters_by_path").paginate(Path=self._path)
        texts = {parameter["Name"]: parameter["Value"] for page in pages for parameter in page["Parameters"]}
        engines = [engine for name in sorted(texts) if (engine := _engine(name, texts[name])) is not None]
        return {engine.id: engine for engine in sorted(engines, key=lambda engine: engine.id)}


def _engine(name: str, text: str) -> Engine | None:
    """The engine of a parameter. One that cannot be read, because another version has written it, stops no other."""
    try:
        return Engine.from_json(text)
    except (ValueError, KeyError, TypeError) as error:
        logger.error("engine's parameter not read", parameter=name, **described(error))
        return None
