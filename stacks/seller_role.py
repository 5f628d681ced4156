"""The role in the account that published the product, as functions are told of it."""

from stacks.stage import Stage


def seller_settings(stage: Stage) -> dict[str, str]:
    """``runtime.settings.SellerSettings``; empty where functions call AWS Marketplace as themselves."""
    return {"SELLER_ROLE_ARN": stage.seller_role_arn or "", "EXTERNAL_ID": stage.external_id or ""}
