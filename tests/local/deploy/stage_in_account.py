"""A stage that the CDK's own command line has deployed, with all that the tests of a deployed stage use."""

from typing import Any

from local.cloud import LocalCloud
from local.stage import LocalStage
from marketplace_local.admin import MarketplaceAdmin
from marketplace_local.clock import MovableClock
from stacks.stage import Stage


class StageInAccount(LocalStage):
    """Starts and deploys nothing: cloud, Marketplace and stage exist."""

    def __init__(
        self, *, cloud: LocalCloud, marketplace: MarketplaceAdmin, clock: MovableClock, settings: Stage
    ) -> None:
        super().__init__(clock=clock)
        self.settings = settings
        self.cloud = cloud
        self.marketplace = marketplace
        self.outputs = self._outputs()
        doors = self.outputs["YawlMetering-local-Doors"]
        self.api = cloud.rest_api(doors["RestApiId"], doors["ApiStage"])
        routes = [f"{doors['ApiStage']}/POST/usage", f"{doors['ApiStage']}/GET/subscribers/*"]
        self.usage_sender = cloud.accounts.api_caller("usage-sender", doors["RestApiId"], routes)
        self.dynamodb = cloud.seller.resource("dynamodb")

    def _outputs(self) -> dict[str, Any]:
        """Under the names that the stage of `make run` has."""
        described = self.cloud.seller.client("cloudformation").describe_stacks()["Stacks"]
        return {
            stack["StackName"].replace(f"-{self.settings.name}-", "-local-"): {
                output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])
            }
            for stack in described
        }
