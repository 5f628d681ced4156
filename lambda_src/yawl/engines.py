"""The engines that the stage file declares, as every function reads them: one parameter of SSM for each engine.

A deployment changes the parameters and not the functions, so each function learns of a new secret or customer within
``KEPT`` seconds.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple, Self

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from runtime import aws
from yawl.engine import ENGINE_ID, Engine

#: Seconds for which an answer of SSM is used.
KEPT = 60.0
#: Ids whose answers are kept. A stage has at most 150 engines; the others are ids that callers made up.
MOST_KEPT = 1000
#: An engine waits for the answer, so two attempts end within a few seconds.
_CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})
_UNKNOWN = "ParameterNotFound"


class _Answer(NamedTuple):
    engine: Engine | None
    asked_at: float


class Engines:
    """The stage's engines, read when they are asked for and then kept for a while; unknown ids are kept, too."""

    def __init__(self, client: Any, path: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        """client: botocore's of SSM. path: ``ENGINES_PATH``. monotonic: seconds, for the age of an answer."""
        self._client = client
        self._path = path.rstrip("/")
        self._monotonic = monotonic
        self._answers: dict[str, _Answer] = {}
        self._all: tuple[tuple[Engine, ...], float] | None = None

    @classmethod
    def connect(cls, path: str) -> Self:
        """The engines below this path, read with the function's own credentials."""
        return cls(aws.client("ssm", config=_CONFIG), path)

    def get(self, engine_id: str) -> Engine | None:
        """The engine with this id; None if the stage declares none. Asks SSM only about what can be an id.

        While SSM does not answer, its last answer about an engine is used. Raises botocore's error if there is none.
        """
        if not ENGINE_ID.fullmatch(engine_id):
            return None
        now = self._monotonic()
        kept = self._answers.get(engine_id)
        if kept and now - kept.asked_at <= KEPT:
            return kept.engine
        try:
            engine = self._read(engine_id)
        except (BotoCoreError, ClientError):
            if kept and kept.engine:
                return kept.engine
            raise
        self._keep(engine_id, _Answer(engine, now))
        return engine

    def all(self) -> tuple[Engine, ...]:
        """Every engine of the stage, by id. Raises botocore's error if SSM does not answer."""
        now = self._monotonic()
        if self._all is None or now - self._all[1] > KEPT:
            pages = self._client.get_paginator("get_parameters_by_path").paginate(Path=self._path)
            texts = [parameter["Value"] for page in pages for parameter in page["Parameters"]]
            self._all = tuple(sorted(map(Engine.from_json, texts), key=lambda engine: engine.id)), now
        return self._all[0]

    def _read(self, engine_id: str) -> Engine | None:
        try:
            answer = self._client.get_parameter(Name=f"{self._path}/{engine_id}")
        except ClientError as error:
            if error.response["Error"]["Code"] == _UNKNOWN:
                return None
            raise
        return Engine.from_json(answer["Parameter"]["Value"])

    def _keep(self, engine_id: str, answer: _Answer) -> None:
        """Keep the answer as the newest; made-up ids push each other out before an engine's answer goes."""
        self._answers.pop(engine_id, None)
        if len(self._answers) >= MOST_KEPT:
            unknown = (name for name, kept in self._answers.items() if kept.engine is None)
            del self._answers[next(unknown, next(iter(self._answers)))]
        self._answers[engine_id] = answer
