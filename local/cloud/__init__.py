"""The embedded local cloud: our AWS on a laptop, without Docker and without an account.

    from local.cloud import LocalCloud, children

    with (
        start_marketplace(Path("build/local/marketplace.log"), clock_file=offset_file) as marketplace,
        LocalCloud(marketplace_url=marketplace.url(timeout=10), clock_offset_file=offset_file) as cloud,
    ):
        cloud.marketplace.create_topics(product_code)            # before the subscriptions are deployed
        outputs = cloud.deploy(Path("build/cdk.out"), say=print)  # {"<stack>": {"<output>": "<value>"}}

        api = cloud.rest_api(outputs[stack]["ApiId"], "local")    # the API Gateway stage's name
        api.call("GET", "/health").status                         # unsigned, for public routes
        sender = cloud.accounts.api_caller("usage-sender", api_id, ["local/POST/usage", "local/GET/subscribers/*"])
        api.call("POST", "/usage", {"events": [...]}, caller=sender).json

        cloud.marketplace.publish_subscription_notice(product_code, {"action": "subscribe-success", ...})
        cloud.marketplace.put_agreement_event("Purchase Agreement Created - Proposer", {...})
        report = cloud.run_workflow(outputs[stack]["StateMachineAliasArn"], {})
        cloud.seller.client("dynamodb").scan(TableName=...)       # any boto3 client, root of the seller's account
        print(cloud.function_log("<function name>"))              # the last lines of a function's log

The end of the block stops everything, and so does any end of this process (``kill -9`` too). ``launcher.py`` starts the
emulator, ministack, in an environment of its own; nothing outside this package depends on which emulator it is. The
templates are deployed as they are. The modules ``*_patches.py`` and ``clock_patch.py`` mend the emulator where it
differs from AWS; each patch gives its reason.
"""

from local.cloud.accounts import MARKETPLACE_ACCOUNT, SELLER_ACCOUNT, Accounts, LocalSession
from local.cloud.children import Child, ChildFailed
from local.cloud.cloud import CloudFailed, LocalCloud
from local.cloud.deployer import DeployFailed, Outputs
from local.cloud.http import Answer, RestApi
from local.cloud.marketplace_account import MarketplaceAccount
from local.cloud.workflow import WorkflowFailed

__all__ = [
    "MARKETPLACE_ACCOUNT",
    "SELLER_ACCOUNT",
    "Accounts",
    "Answer",
    "Child",
    "ChildFailed",
    "CloudFailed",
    "DeployFailed",
    "LocalCloud",
    "LocalSession",
    "MarketplaceAccount",
    "Outputs",
    "RestApi",
    "WorkflowFailed",
]
