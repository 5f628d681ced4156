"""The role in the account that published the product: what functions are told of it, and who makes it."""

from collections.abc import Mapping
from typing import Any

from stacks.context_flag import flag
from stacks.stage import Stage, StageError

CONTEXT_KEY = "seller"


def seller_settings(stage: Stage) -> dict[str, str]:
    """``runtime.settings.SellerSettings``; empty where functions call AWS Marketplace as themselves."""
    return {"SELLER_ROLE_ARN": stage.seller_role_arn or "", "EXTERNAL_ID": stage.external_id or ""}


def is_for_seller(context: Mapping[str, Any]) -> bool:
    """Whether the seller's stack is made, and nothing else. Raises StageError."""
    return flag(context, CONTEXT_KEY, default=False, left_out="makes the stage's own stacks")


def check_seller(stage: Stage, context: Mapping[str, Any]) -> None:
    """Raises StageError where the seller's stack is asked for and the stage has no other seller."""
    if is_for_seller(context) and stage.seller_account is None:
        raise StageError(
            f"stages/{stage.name}.toml: sellerRoleArn names no role of another account: -c {CONTEXT_KEY}=true makes the"
            " stack of the seller's account, which only such a stage has"
        )
