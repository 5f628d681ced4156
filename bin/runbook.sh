# The shell functions of docs/runbooks. Source it in the checkout, with the stage's name and the credentials and Region
# of its account: `. bin/runbook.sh prod`. They read, but for meter_now, which starts
# a run, stage_queues_of and empty_queue.
# shellcheck shell=sh
STAGE="${1:?name the stage: . bin/runbook.sh prod}"
# The first version of the AWS CLI reads the other name.
export AWS_DEFAULT_REGION="${AWS_REGION:-${AWS_DEFAULT_REGION:-}}"

# stage_output NAME [STACK]: an output of one of the stage's stacks (or of that one), for example UsageQueueUrl.
stage_output() {
    aws cloudformation describe-stacks --output text --query \
        "Stacks[?starts_with(StackName, 'YawlMetering-$STAGE-${2:-}')].Outputs[] | [?OutputKey=='$1'].OutputValue | [0]"
}

# stage_log FUNCTION TEXT [HOURS]: the log lines of a function that hold the text, of the last hours (3).
stage_log() {
    aws logs filter-log-events --log-group-name "/yawl-metering/$STAGE/$1" --filter-pattern "\"$2\"" \
        --start-time "$((($(date +%s) - ${3:-3} * 3600) * 1000))" --query 'events[].message' --output text
}

# stage_runs [FinalMeteringArn]: the newest five executions of the hourly run (or of final metering), and how the last
# one that did not succeed ended.
stage_runs() {
    _machine="$(stage_output "${1:-StateMachineArn}")"
    aws stepfunctions list-executions --state-machine-arn "$_machine" --max-items 5 --output text \
        --query 'executions[].[status, startDate, name]'
    _failed="$(aws stepfunctions list-executions --state-machine-arn "$_machine" --max-items 50 --output text \
        --query "executions[?status != 'SUCCEEDED' && status != 'RUNNING'].executionArn | [0]")"
    [ "$_failed" = None ] || [ -z "$_failed" ] || aws stepfunctions describe-execution \
        --execution-arn "$_failed" --query '[status, stopDate, error, cause]' --output text
}

# meter_now: starts a run, which bills everything that is due. Runs may overlap, and may be repeated.
meter_now() {
    aws stepfunctions start-execution --state-machine-arn "$(stage_output StateMachineAliasArn)" --input '{}' \
        --query executionArn --output text
}

# stage_queue STACK NAME: the URL of the queue of that stack whose construct's path begins with the name.
stage_queue() {
    aws cloudformation describe-stack-resources --stack-name "YawlMetering-$STAGE-$1" --output text --query \
        "StackResources[?ResourceType=='AWS::SQS::Queue' && starts_with(LogicalResourceId, '$2')].PhysicalResourceId"
}

# stage_function STACK NAME: the function of that stack whose construct's path begins with the name, for example sealhours.
stage_function() {
    aws cloudformation describe-stack-resources --stack-name "YawlMetering-$STAGE-$1" --output text --query \
        "StackResources[?ResourceType=='AWS::Lambda::Function' && starts_with(LogicalResourceId, '$2')].PhysicalResourceId"
}

# stage_queues_of FUNCTION --no-enabled|--enabled: keeps a function from its queues, or lets it go on. Without it, messages
# that a function with a concurrency of 0 cannot take would end in the dead letters.
stage_queues_of() {
    for _mapping in $(aws lambda list-event-source-mappings --function-name "$1:live" --output text \
        --query 'EventSourceMappings[].UUID'); do
        aws lambda update-event-source-mapping --uuid "$_mapping" "$2" --query '[EventSourceArn, State]' --output text
    done
}

# look_into URL: the first ten messages of a queue, with their attributes (a dead letter of Scheduler or EventBridge
# has its error there). They are visible again after ten seconds.
look_into() {
    aws sqs receive-message --endpoint-url "$(_host_of "$1")" --queue-url "$1" --max-number-of-messages 10 \
        --visibility-timeout 10 --attribute-names All --message-attribute-names All \
        --query 'Messages[].[MessageAttributes, Body]'
}

# empty_queue URL: deletes every message of a queue, for good.
empty_queue() {
    aws sqs purge-queue --endpoint-url "$(_host_of "$1")" --queue-url "$1"
}

# _host_of URL: its scheme and host. The AWS CLI's first version looks for SQS elsewhere.
_host_of() {
    echo "$1" | cut -d/ -f1-3
}
