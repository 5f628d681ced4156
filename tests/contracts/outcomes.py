"""What a request came to, in a form that can be compared between engines."""

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from botocore.exceptions import ClientError

from tests.contracts.stores import Ledger

_CASES = count()


def new_key() -> dict[str, Any]:
    """A key in ``yawl-metering-state`` that no other case has: cheaper than empty tables."""
    return {"customerIdentifier": f"case-{next(_CASES)}", "item": "a"}


def outcome(act: Callable[[], Any]) -> Any:
    """What ``act`` returns; the code of an error of DynamoDB, or for a cancelled transaction the list of its reasons'
    codes; the name of any other exception (an engine's own fault, which is then a deviation)."""
    try:
        return act()
    except ClientError as error:
        reasons: Any = error.response.get("CancellationReasons")
        return [reason["Code"] for reason in reasons] if reasons else error.response["Error"]["Code"]
    except Exception as error:
        return type(error).__name__


def without_key(item: Mapping[str, Any], key: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in key}


def stored(ledger: Ledger, key: Mapping[str, Any]) -> dict[str, Any] | None:
    """What stands under a key of ``yawl-metering-state``, less the key."""
    item = ledger.state_items.get_item(Key=dict(key), ConsistentRead=True).get("Item")
    return None if item is None else without_key(item, key)
