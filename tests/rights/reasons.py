"""Why a role has a right that no run of the local cloud can show, with the source that says who uses it."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.rights.roles import Right


@dataclass(frozen=True)
class Reason:
    """title: of its section on the page. text: who uses the right, by which source, and why no local run shows it."""

    title: str
    text: str


REASONS: dict[str, Reason] = {
    "logs of functions": Reason(
        "Lambda writes the log lines",
        "Lambda itself writes what a function prints, with the function's role (Lambda Developer Guide, *Sending "
        "Lambda function logs to CloudWatch Logs*; managed policy AWSLambdaBasicExecutionRole). The log groups are "
        "the stacks', so `logs:CreateLogGroup` is not there. The local cloud keeps the lines without asking the role.",
    ),
    "traces of functions": Reason(
        "Lambda sends the traces",
        "Active tracing sends segments with the function's role (Lambda Developer Guide, *Visualize Lambda function "
        "invocations using AWS X-Ray*, execution role permissions: these two). The local cloud has no X-Ray.",
    ),
    "traces of workflows": Reason(
        "Step Functions sends the traces",
        "A machine with tracing needs these four (Step Functions Developer Guide, *IAM policies for AWS X-Ray*). The "
        "local cloud has no X-Ray.",
    ),
    "logs of workflows": Reason(
        "Step Functions sets up the delivery of logs",
        "It makes the delivery of an execution's history with the machine's role, and refuses a machine whose role "
        "may not (Step Functions Developer Guide, *Using CloudWatch Logs to log execution history*: these eight, on "
        "everything, since these actions know no resources). The local cloud keeps an execution's history and "
        "delivers no logs.",
    ),
    "failed batches": Reason(
        "Lambda sends what it gave up",
        "The poller of a stream sends the place of a batch that it gave up to the mapping's destination, with the "
        "function's role (Lambda Developer Guide, *Retain discarded records for a DynamoDB event source in Lambda*). "
        "It gives up after ten attempts (`start-final-metering`) or 23 hours (`archive-changes`); the local cloud "
        "repeats a failed batch without counting, and its tests do not fail for 23 hours.",
    ),
    "dead letters of schedules": Reason(
        "Scheduler sends calls that it gave up",
        "EventBridge Scheduler puts a call that failed at its last attempt into the target's dead-letter queue, with "
        "the schedule's role (EventBridge Scheduler User Guide, *Configuring a dead-letter queue*). The local cloud's "
        "schedules have no dead letters.",
    ),
    "key": Reason(
        "The company's key",
        "The right follows from the one on the data (`NEEDED` in `stacks/constructs/encryption.py` has each source): "
        "DynamoDB, SQS, S3, Secrets Manager and Step Functions use the key in the caller's name. It is there only "
        "where the stage names `encryptionKeyArn`, and the local cloud encrypts nothing. "
        "`tests/stacks/test_company_encryption.py` holds which role has it, and why.",
    ),
    "seller": Reason(
        "Functions take the role in the seller's account",
        "Only where another account published the product (`sellerRoleArn`) do functions take this role, in place of "
        "the rights on AWS Marketplace, CloudTrail and the feed that their sections show. The local stage has one "
        "account. `tests/local/cloud/test_seller_account.py` takes the deployed role with the functions' own code, "
        "from a role of their name, and sees another caller refused.",
    ),
    "seller's calls": Reason(
        "Functions call with the role in the seller's account",
        "The same calls as those of `submit-batch` (BatchMeterUsage), `registration` (ResolveCustomer, "
        "GetEntitlements), `entitlement-notices` (GetEntitlements), `reconcile-calls` (LookupEvents), `reconcile- "
        "usage` (the feed) and `reconcile-invoices` (ListAgreementInvoiceLineItems), whose sections show their use in "
        "a stage of one account. The local stage has one account, so nothing calls with this role there.",
    ),
    "streams of the log": Reason(
        "CloudWatch Logs asks for the group's streams",
        "`ops explain` reads the lines of one log group. AWS asks for the group's streams (`log-group:<name>:log- "
        "stream:`) and refuses a policy that has the group's ARN alone; the local cloud asks for the group, which the "
        "Service Authorization Reference names. So the roles have both.",
    ),
    "handing over": Reason(
        "A run of many pages hands over",
        "Before its history is full (11,000 events) an execution looks its version up and starts the next one; runs "
        "of the stage's tests have a few hundred. `tests/local/cloud/test_versions.py` runs these two states as they "
        "are deployed, with a role of exactly these two actions, and the local cloud asks it.",
    ),
    "network": Reason(
        "Lambda makes the network interfaces",
        "In a VPC, Lambda makes and removes a function's interfaces with its role (managed policy "
        "AWSLambdaVPCAccessExecutionRole: these six). Only `engineNetwork` puts the function there, and the local "
        "cloud has no networks.",
    ),
    "gateway": Reason(
        "API Gateway writes its logs",
        "An account's one role for the execution logs of all its APIs (API Gateway Developer Guide, *Set up "
        "CloudWatch logging for REST APIs*). What it holds is AWS's managed policy. The local cloud writes no logs of "
        "API Gateway.",
    ),
    "backups": Reason(
        "AWS Backup makes the backups",
        "The service role of the plan, with AWS's managed policy (AWS Backup Developer Guide, *IAM service roles*). "
        "Only `backup` makes it, and the local cloud has no AWS Backup.",
    ),
    "passed on": Reason(
        "EventBridge passes on events",
        "The rule in the seller's account, and in us-east-1 that of a stage in another Region, sends its events to the"
        " stage's bus with this role (EventBridge User Guide, *Sending and receiving events between AWS accounts* and"
        " *between AWS Regions*). The local stage has one account, in us-east-1, and so none of these rules.",
    ),
}

#: Role, action and resource, ``*`` for any → the reason. The first that matches counts.
RULES: tuple[tuple[str, str, str, str], ...] = (
    ("function *", "logs:*", "its log group", "logs of functions"),
    ("function *", "xray:Put*", "everything", "traces of functions"),
    ("workflow *", "xray:*", "everything", "traces of workflows"),
    ("workflow *", "logs:*", "everything", "logs of workflows"),
    ("function archive-changes", "sqs:SendMessage", "queue StreamsDeadLettersQueue", "failed batches"),
    ("function start-final-metering", "sqs:SendMessage", "queue StartFinalMeteringDeadLettersQueue", "failed batches"),
    ("schedules of *", "sqs:SendMessage", "queue *DeadLettersQueue", "dead letters of schedules"),
    ("*", "kms:*", "the company's key", "key"),
    ("function *", "sts:AssumeRole", "the seller's role", "seller"),
    ("Metering, in the seller's account", "aws-marketplace:*", "everything", "seller's calls"),
    ("Metering, in the seller's account", "cloudtrail:LookupEvents", "everything", "seller's calls"),
    ("Metering, in the seller's account", "s3:*", "*of the usage feed", "seller's calls"),
    ("function reconcile-engine", "ec2:*", "everything", "network"),
    ("Operator*", "logs:FilterLogEvents", "streams of the log group of submit-batch", "streams of the log"),
    ("workflow HourlyMetering", "states:*", "*workflow HourlyMetering", "handing over"),
    ("ApiCloudWatch", "policy AmazonAPIGatewayPushToCloudWatchLogs", "*", "gateway"),
    ("Backups", "policy AWSBackupServiceRolePolicyForBackup", "*", "backups"),
    ("PassOn", "events:PutEvents", "the stage's event bus", "passed on"),
    ("PassOn, in the seller's account", "events:PutEvents", "the stage's event bus", "passed on"),
)


def reason_of(right: Right, rules: tuple[tuple[str, str, str, str], ...] = RULES) -> str | None:
    """The name of the reason why the right stays although no run used it; None if there is none."""
    for role, action, on, name in rules:
        if all(map(fnmatchcase, (right.role, right.action, right.on), (role, action, on))):
            return name
    return None
