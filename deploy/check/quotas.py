"""The account's capacity for the stage."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from deploy.aws import code_of
from deploy.deployed_stage import DeployedStage
from deploy.line import Line, green, red, yellow
from stacks.stage import Stage

#: Lambda Developer Guide, "Configuring reserved concurrency": Lambda keeps so much for functions that reserve nothing.
NEVER_RESERVED = 100


def reserved_by(stage: Stage) -> int:
    """Concurrency that a deployed stage reserves."""
    public_functions = 2 if stage.usage_page else 1
    return stage.submit_concurrency + public_functions * (stage.public_concurrency or 0)


def concurrency_line(stage: Stage, *, quota: int, unreserved: int, held: int) -> Line:
    """Whether the account has room for the stage's reservations. quota, unreserved: from Lambda's GetAccountSettings.
    held: what the deployed stage reserves already."""
    about, wanted = "Lambda concurrency", reserved_by(stage)
    left = unreserved + held - wanted
    if left >= NEVER_RESERVED:
        return green(about, f"{quota} in the account and Region; {left} stay unreserved with this stage's {wanted}")
    remedy = f"ask Service Quotas for more concurrent executions, {quota + NEVER_RESERVED - left} at least"
    if stage.public_concurrency:
        remedy += ", or lower publicConcurrency or leave it out until it is granted"
    return red(
        about,
        f"{quota} in the account and Region; this stage reserves {wanted}, {left} would stay unreserved, and Lambda"
        f" insists on {NEVER_RESERVED}",
        remedy,
    )


def concurrency_lines(deployed: DeployedStage) -> Iterator[Line]:
    """The line of Lambda's quota. It asks what the deployed stage reserves only where it matters, since that is a call
    for each function."""
    limits = deployed.aws.ask("lambda", "get_account_settings")["AccountLimit"]
    found = {"quota": limits["ConcurrentExecutions"], "unreserved": limits["UnreservedConcurrentExecutions"]}
    line = concurrency_line(deployed.stage, **found, held=0)
    functions = deployed.of_type("AWS::Lambda::Function") if line.remedy else []
    if functions:
        held = [deployed.aws.ask("lambda", "get_function_concurrency", FunctionName=each.name) for each in functions]
        copies = sum(each.get("ReservedConcurrentExecutions", 0) for each in held)
        line = concurrency_line(deployed.stage, **found, held=copies)
    yield line


def log_role_line(role: str | None, *, exists: bool | None, deployed: bool) -> Line:
    """The role with which API Gateway writes logs. role: API Gateway's account setting. exists: None where IAM does not
    say."""
    about = "API Gateway's log role"
    remedy = "deploy again, which sets a role, or set one that trusts apigateway.amazonaws.com"
    if role is None:
        if deployed:
            return red(about, "is not set, so the API writes no logs", remedy)
        return green(about, "is not set; the deployment makes one and sets it")
    if exists is False:
        if deployed:
            return red(about, f"is {role}, which is not there any more, so the API writes no logs", remedy)
        return green(about, f"is {role}, which is not there any more; the deployment sets another one")
    if deployed:
        return green(about, f"is {role}")
    return yellow(
        about,
        f"is {role}, one for everybody's APIs in this account and Region; the deployment replaces it",
        "see that no other API depends on that role's own rights; set it again afterwards if another API does",
    )


def log_role_lines(deployed: DeployedStage) -> Iterator[Line]:
    """Ask AWS for the role with which API Gateway writes logs, and judge it."""
    role = deployed.aws.ask("apigateway", "get_account").get("cloudwatchRoleArn") or None
    exists: bool | None = None
    if role is not None:
        try:
            deployed.aws.ask("iam", "get_role", RoleName=role.rsplit("/", 1)[-1])
            exists = True
        except ClientError as failure:
            exists = False if code_of(failure) == "NoSuchEntity" else None
    is_deployed = bool(deployed.of_type("AWS::ApiGateway::Account"))
    yield log_role_line(role, exists=exists, deployed=is_deployed)
