"""Starts final metering of a period that has ended, from the subscribers' stream."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from ledger.attribute_values import from_attributes
from ledger.subscriber import from_item
from metering.final.start_final_metering import Starter
from metering.handlers.entry_point import Payload, entry_point, logger
from runtime import aws
from runtime.failure import described
from runtime.queued import each_change
from runtime.settings import StartFinalMeteringSettings


@cache
def assembled() -> Starter:
    """The starter of executions, made from the function's environment once."""
    settings = StartFinalMeteringSettings.from_env()
    return Starter(aws.client("stepfunctions"), settings.FINAL_METERING_ALIAS_ARN)


@entry_point
def handler(event: Payload) -> Payload:
    """A batch of the stream; the answer names the changes that failed. They come again, then go to the dead letters."""
    return each_change(event, _changed)


def _changed(change: Mapping[str, Any]) -> bool:
    image = from_attributes(change.get("NewImage") or {})
    if not image:
        return False
    try:
        return assembled().start(from_item(image))
    except Exception as error:
        logger.error("not started", customer=image.get("customerIdentifier"), **described(error))
        raise
