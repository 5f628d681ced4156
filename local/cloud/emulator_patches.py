"""Patches of the emulator's services, each with its reason.

``launcher.py`` loads this inside ``.venv-cloud`` after it has checked the version, because all of it reaches into
internals.
"""

import re
from typing import Any


def condition_keys() -> None:
    """Mends two condition keys (IAM User Guide, "Global condition context keys").

    ``aws:SecureTransport`` is true, because the loopback address stands for the TLS endpoints of AWS; otherwise the
    TLS-only statement of each queue and topic would deny every delivery. ``aws:PrincipalArn`` of a role's session is
    the role's ARN, without its path; the emulator gives the session's, which no policy that names a role would match.
    """
    from ministack.core import iam_evaluator

    resolve = iam_evaluator._resolve_condition_key

    def resolving(key: str, context: Any) -> Any:
        if key.lower() == "aws:securetransport":
            return "true"
        value = resolve(key, context)
        if key.lower() != "aws:principalarn":
            return value
        return re.sub(r"^arn:([a-z-]+):sts::(\d{12}):assumed-role/([^/]+)/.*$", r"arn:\1:iam::\2:role/\3", value or "")

    iam_evaluator._resolve_condition_key = resolving


def agreement_events(*, seller: str, marketplace: str) -> None:
    """Lets Marketplace's account put events of source ``aws.agreement-marketplace`` on the seller's default bus.

    There they arrive on AWS. PutEvents refuses a source that begins with ``aws.`` (NotAuthorizedForSourceException) to
    all other accounts.
    """
    from ministack.core.responses import get_account_id, get_region, request_scope
    from ministack.services import eventbridge

    put = eventbridge._put_events

    def putting(data: dict[str, Any], allow_aws_source: bool = False) -> Any:
        sources = {entry.get("Source") for entry in data.get("Entries", [])}
        if get_account_id() != marketplace or sources != {"aws.agreement-marketplace"}:
            return put(data, allow_aws_source)
        on_the_default_bus = [{**entry, "EventBusName": "default"} for entry in data["Entries"]]
        with request_scope(seller, get_region()):
            return put({**data, "Entries": on_the_default_bus}, True)

    eventbridge._put_events = putting


def queue_policies_for_rules() -> None:
    """Lets a rule's event into a queue only if the queue's policy does (EventBridge User Guide, "Using resource-based
    policies for Amazon EventBridge").

    The emulator asks the policy for SNS and S3, and would deliver the events of anybody's rule.
    """
    from ministack.services import eventbridge, sqs

    invoke = eventbridge._invoke_target

    def invoking(target: dict[str, Any], event: Any, rule: dict[str, Any], *more: Any) -> Any:
        queue, source = str(target.get("Arn", "")), str(rule.get("Arn", ""))
        to_a_queue = queue.split(":")[2:3] == ["sqs"] and source.split(":")[2:3] == ["events"]
        account = source.split(":")[4] if to_a_queue else ""
        if to_a_queue and not sqs.queue_policy_allows(queue, "events.amazonaws.com", source, account):
            return None
        return invoke(target, event, rule, *more)

    eventbridge._invoke_target = invoking


def subscriptions_across_accounts() -> None:
    """Subscribes a stack's queue to another account's topic by a real Subscribe, under the topic's policy.

    The emulator's CloudFormation looks for topics in its own account only. Where it finds none it reports success
    without a subscription, so that an absent topic or a policy that refuses would pass unnoticed. Raises RuntimeError
    if the emulator creates subscriptions by another function than the one that this patch replaces.
    """
    from ministack.core.responses import get_account_id, get_region, request_scope
    from ministack.services import sns
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS["AWS::SNS::Subscription"]
    if handlers["create"] is not provisioners._sns_sub_create:
        raise RuntimeError("AWS::SNS::Subscription is not created by the function that was expected")

    def creating(_logical_id: str, props: dict[str, Any], _stack_name: str) -> tuple[str, dict[str, str]]:
        request = {name: props.get(name, "") for name in ("TopicArn", "Protocol", "Endpoint")}
        for number, (name, value) in enumerate(provisioners._sns_sub_attributes(props).items(), start=1):
            request[f"Attributes.entry.{number}.key"] = name
            request[f"Attributes.entry.{number}.value"] = value
        with request_scope(get_account_id(), props.get("Region") or get_region()):
            status, _, body = sns._subscribe(request)
        text = body.decode() if isinstance(body, bytes) else str(body)
        if status >= 400:
            raise ValueError(" ".join(re.findall(r"<(?:Code|Message)>([^<]*)<", text)) or text)
        arn = re.findall(r"<SubscriptionArn>([^<]*)<", text)[0]
        return arn, {"Arn": arn}

    handlers["create"] = provisioners._sns_sub_create = creating


def arn_of_a_secret() -> None:
    """Makes ``Ref`` of a secret its ARN (CloudFormation, AWS::SecretsManager::Secret, return values).

    The emulator gives the secret's name, and IAM, which compares ARNs, would then refuse a role that may read it.
    """
    from ministack.services import secretsmanager
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create, update, delete = handlers["create"], handlers["update"], handlers["delete"]

    def name_of(arn: str) -> str:
        name, _ = secretsmanager._resolve(arn)
        return str(name or arn)

    def creating(logical_id: str, props: dict[str, Any], stack_name: str) -> tuple[str, dict[str, str]]:
        _, attributes = create(logical_id, props, stack_name)
        return attributes["Arn"], attributes

    def updating(physical_id: str, *rest: Any, **named: Any) -> tuple[str, dict[str, str]]:
        _, attributes = update(name_of(physical_id), *rest, **named)
        return attributes["Arn"], attributes

    def deleting(physical_id: str, props: dict[str, Any]) -> None:
        delete(name_of(physical_id), props)

    handlers.update(create=creating, update=updating, delete=deleting)


def parameters_below_a_path() -> None:
    """Asks IAM for the path where all parameters below it are read (Service Authorization Reference, AWS Systems
    Manager).

    The emulator asks for ``*``, and so would refuse each policy that names a path.
    """
    from ministack.core import iam_actions

    resource_of = iam_actions.extract_resource_arn

    def named(
        service: str, method: str, path: str, headers: Any, body: Any, query: Any, region: str, account: str
    ) -> str:
        arn = str(resource_of(service, method, path, headers, body, query, region, account))
        if service != "ssm" or arn != "*":
            return arn
        below = iam_actions._safe_json_field(body, "Path")
        return f"arn:aws:ssm:{region}:{account}:parameter{below}" if isinstance(below, str) and below else arn

    iam_actions.extract_resource_arn = named


def batches_of_messages() -> None:
    """Asks IAM for the single call where a batch of SQS is made: a batch has no action of its own (SQS Developer Guide,
    "Amazon SQS API permissions": "SendMessageBatch ... sqs:SendMessage", and so the others)."""
    from ministack.core import iam_actions

    action_of = iam_actions.extract_iam_action

    def single(*asked: Any) -> str | None:
        action: str | None = action_of(*asked)
        return action.removesuffix("Batch") if action and action.startswith("sqs:") else action

    iam_actions.extract_iam_action = single


def throttled_tasks() -> None:
    """Makes a task fail with ``Lambda.TooManyRequestsException``, as on AWS, when its function is at its concurrency.

    The emulator says ``Lambda.Unknown``, which the usual Retry for Lambda's service errors does not match.
    """
    from ministack.services import stepfunctions

    call = stepfunctions._call_lambda

    def calling(func_ref: Any, event: Any) -> Any:
        try:
            return call(func_ref, event)
        except stepfunctions._ExecutionError as failure:
            if failure.error == "Lambda.Unknown" and '"TooManyRequestsException"' in str(failure.cause):
                raise stepfunctions._ExecutionError("Lambda.TooManyRequestsException", failure.cause) from None
            raise

    stepfunctions._call_lambda = calling


def change_sets_that_made_stacks() -> None:
    """Makes DescribeStacks name the change set that was executed last (``ChangeSetId``), as on AWS."""
    from ministack.services import cloudformation
    from ministack.services.cloudformation import handlers

    describe = handlers._ACTION_HANDLERS["DescribeStacks"]

    def describing(params: Any) -> Any:
        status, headers, body = describe(params)
        text = body.decode() if isinstance(body, bytes) else body
        for identifier, change_set in list(cloudformation._change_sets.items()):
            if change_set.get("ExecutionStatus", "").startswith("EXECUTE_"):
                stack = f"<StackId>{change_set['StackId']}</StackId>"
                text = text.replace(stack, f"{stack}<ChangeSetId>{identifier}</ChangeSetId>")
        return status, headers, text.encode() if isinstance(body, bytes) else text

    handlers._ACTION_HANDLERS["DescribeStacks"] = describing


def no_schedules() -> None:
    """Stores schedules and never fires them, because in a run with a simulated clock the real hour means nothing."""
    from ministack.services import eventbridge, scheduler

    scheduler.start_scheduler = eventbridge.start_scheduler = lambda: None


def apply(*, seller: str, marketplace: str, schedules: bool) -> None:
    """Installs all patches; ``schedules`` leaves the emulator's schedules alone."""
    condition_keys()
    queue_policies_for_rules()
    subscriptions_across_accounts()
    throttled_tasks()
    change_sets_that_made_stacks()
    arn_of_a_secret()
    parameters_below_a_path()
    batches_of_messages()
    agreement_events(seller=seller, marketplace=marketplace)
    if not schedules:
        no_schedules()
