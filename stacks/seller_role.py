"""The role in the account that published the product: the functions' settings of it, and whether its stack is made."""

from collections.abc import Mapping
from typing import Any

from stacks.context_flag import flag
from stacks.stage import Stage, StageError

CONTEXT_KEY = "seller"


def seller_settings(stage: Stage) -> dict[str, str]:
    """Values of ``runtime.settings.SellerSettings``; empty if functions call AWS Marketplace with their own roles."""
    return {"SELLER_ROLE_ARN": stage.seller_role_arn or "", "EXTERNAL_ID": stage.external_id or ""}


def is_for_seller(context: Mapping[str, Any]) -> bool:
    """Whether synthesis makes the seller's stack alone. Raises StageError if the context has another word than true or
    false."""
    return flag(context, CONTEXT_KEY, default=False, left_out="makes the stage's own stacks")


def check_seller(stage: Stage, context: Mapping[str, Any]) -> None:
    """Make sure that a stage for the seller's stack has a seller in another account. Raises StageError if it has
    none."""
    if is_for_seller(context) and stage.seller_account is None:
        raise StageError(
            f"stages/{stage.name}.toml: sellerRoleArn names no role of another account: -c {CONTEXT_KEY}=true makes the"
            " stack of the seller's account, which only such a stage has"
        )
