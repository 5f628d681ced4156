#!/bin/sh
# Reports the events of a file to POST /usage, signed by curl (7.75 or newer). The verdicts go to standard output.
# If it fails, for example because the connection broke, send the same file again: an event counts once by its id.
# Needs USAGE_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN if there is one.
set -eu
# the secret goes through standard input: an argument could be read by every process of the machine
printf 'user = "%s:%s"\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" |
    curl --config - --silent --show-error --fail-with-body --retry 5 \
        --aws-sigv4 "aws:amz:$AWS_REGION:execute-api" \
        ${AWS_SESSION_TOKEN:+--header "x-amz-security-token: $AWS_SESSION_TOKEN"} \
        --header "Content-Type: application/json" --data-binary "@$1" "$USAGE_URL"
