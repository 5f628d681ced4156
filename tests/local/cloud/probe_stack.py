"""A small hand-made cloud assembly: one of each kind of resource that the local cloud has to run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

PRODUCT = "probe0product0code"
BUCKET = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
CODE = {"S3Bucket": {"Fn::Sub": BUCKET}, "S3Key": "probe.zip"}

Template = dict[str, Any]
WriteAssembly = Callable[..., Path]


def _role(service: str, *statements: dict[str, Any]) -> Template:
    trust = [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]
    properties: dict[str, Any] = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": trust}}
    if statements:
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        properties["Policies"] = [{"PolicyName": "p", "PolicyDocument": document}]
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def _method(resource: Any, verb: str, authorization: str) -> Template:
    uri = "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Probe.Arn}/invocations"
    return {
        "Type": "AWS::ApiGateway::Method",
        "Properties": {
            "RestApiId": {"Ref": "Api"},
            "ResourceId": resource,
            "HttpMethod": verb,
            "AuthorizationType": authorization,
            "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": {"Fn::Sub": uri}},
        },
    }


def probe_template() -> Template:
    """Function, workflow, API with a public and an IAM route, TLS-only queue behind topic and rule, table."""
    allow_log = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    machine = {
        "StartAt": "Work",
        "States": {
            "Work": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": "${Probe.Arn}", "Payload.$": "$"},
                "OutputPath": "$.Payload",
                "Retry": [
                    {"ErrorEquals": ["MarketplaceBusy"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1}
                ],
                "Catch": [{"ErrorEquals": ["ProductFault"], "ResultPath": "$.fault", "Next": "Stopped"}],
                "End": True,
            },
            "Stopped": {"Type": "Pass", "End": True},
        },
    }
    waiter = {
        "StartAt": "Until",
        "States": {
            "Until": {"Type": "Wait", "TimestampPath": "$.until", "Next": "Tell"},
            "Tell": {"Type": "Pass", "Parameters": {"startedAt.$": "$$.Execution.StartTime"}, "End": True},
        },
    }

    def branch(number: int) -> Template:
        own = f"{{% $a + {number} %}}"
        return {
            "StartAt": f"Assign{number}",
            "States": {
                f"Assign{number}": {
                    "Type": "Pass",
                    "Assign": {"own": own},
                    "Next": f"Tell{number}",
                },
                f"Tell{number}": {"Type": "Pass", "Output": "{% $own %}", "End": True},
            },
        }

    both = {
        "QueryLanguage": "JSONata",
        "StartAt": "Begin",
        "States": {
            "Begin": {"Type": "Pass", "Assign": {"a": 1}, "Next": "Both"},
            "Both": {
                "Type": "Parallel",
                "Branches": [branch(1), branch(10)],
                "Assign": {"a": "{% $states.result[1] %}", "before": "{% $a %}"},
                "Output": {"results": "{% $states.result %}"},
                "Next": "Tell",
            },
            "Tell": {
                "Type": "Pass",
                "Output": {
                    "a": "{% $a %}",
                    "before": "{% $before %}",
                    "results": "{% $states.input.results %}",
                    "own": "{% $exists($own) %}",
                },
                "End": True,
            },
        },
    }
    topic = f"arn:aws:sns:us-east-1:287250355862:aws-mp-subscription-notification-{PRODUCT}"
    queue_policy = [
        {
            "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": {"Fn::GetAtt": ["Queue", "Arn"]},
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
            "Resource": {"Fn::GetAtt": ["Queue", "Arn"]}, "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        },
        {
            "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
            "Resource": {"Fn::GetAtt": ["Queue", "Arn"]},
            "Condition": {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]}}},
        },
    ]  # fmt: skip
    key = {"AttributeName": "customer", "KeyType": "HASH"}
    return {
        "Parameters": {
            "BootstrapVersion": {
                "Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version",
            }
        },
        "Rules": {
            "CheckBootstrapVersion": {
                "Assertions": [
                    {
                        "Assert": {
                            "Fn::Not": [{"Fn::Contains": [["1", "2", "3", "4", "5"], {"Ref": "BootstrapVersion"}]}]
                        },
                        "AssertDescription": "bootstrap first",
                    }
                ]
            }
        },
        "Resources": {
            "ProbeRole": _role("lambda.amazonaws.com", allow_log),
            "Probe": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "FunctionName": "probe",
                    "Runtime": "python3.13",
                    "Handler": "probe.handle",
                    "Role": {"Fn::GetAtt": ["ProbeRole", "Arn"]},
                    "Code": CODE,
                    "Timeout": 10,
                    "Environment": {"Variables": {"OF_THE_FUNCTION": "yes"}},
                },
            },
            "Workflow": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "DefinitionString": {"Fn::Sub": json.dumps(machine)},
                    "RoleArn": {"Fn::GetAtt": ["WorkflowRole", "Arn"]},
                },
            },
            "Waiter": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "DefinitionString": json.dumps(waiter),
                    "RoleArn": {"Fn::GetAtt": ["WorkflowRole", "Arn"]},
                },
            },
            "Both": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "DefinitionString": json.dumps(both),
                    "RoleArn": {"Fn::GetAtt": ["WorkflowRole", "Arn"]},
                },
            },
            "WorkflowRole": _role(
                "states.amazonaws.com",
                {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": {"Fn::GetAtt": ["Probe", "Arn"]}},
            ),
            "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "probe"}},
            "Health": {
                "Type": "AWS::ApiGateway::Resource",
                "Properties": {
                    "RestApiId": {"Ref": "Api"}, "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
                    "PathPart": "health",
                },
            },
            "Usage": {
                "Type": "AWS::ApiGateway::Resource",
                "Properties": {
                    "RestApiId": {"Ref": "Api"}, "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
                    "PathPart": "usage",
                },
            },
            "GetHealth": _method({"Ref": "Health"}, "GET", "NONE"),
            "PostUsage": _method({"Ref": "Usage"}, "POST", "AWS_IAM"),
            "Deployment": {
                "Type": "AWS::ApiGateway::Deployment",
                "DependsOn": ["GetHealth", "PostUsage"],
                "Properties": {"RestApiId": {"Ref": "Api"}},
            },
            "Stage": {
                "Type": "AWS::ApiGateway::Stage",
                "Properties": {
                    "RestApiId": {"Ref": "Api"}, "DeploymentId": {"Ref": "Deployment"}, "StageName": "local",
                },
            },
            "ApiMayCall": {
                "Type": "AWS::Lambda::Permission",
                "Properties": {
                    "Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "Probe"},
                    "Principal": "apigateway.amazonaws.com",
                },
            },
            "Queue": {"Type": "AWS::SQS::Queue"},
            "QueuePolicy": {
                "Type": "AWS::SQS::QueuePolicy",
                "Properties": {
                    "Queues": [{"Ref": "Queue"}],
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": queue_policy},
                },
            },
            "Subscription": {
                "Type": "AWS::SNS::Subscription",
                "DependsOn": "QueuePolicy",
                "Properties": {"TopicArn": topic, "Protocol": "sqs", "Endpoint": {"Fn::GetAtt": ["Queue", "Arn"]}},
            },
            "Rule": {
                "Type": "AWS::Events::Rule",
                "Properties": {
                    "EventPattern": {"source": ["aws.agreement-marketplace"]},
                    "Targets": [{"Id": "queue", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}],
                },
            },
            "Records": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {
                    "BillingMode": "PAY_PER_REQUEST",
                    "KeySchema": [key],
                    "AttributeDefinitions": [
                        {"AttributeName": "customer", "AttributeType": "S"},
                        {"AttributeName": "pending", "AttributeType": "S"},
                    ],
                    "GlobalSecondaryIndexes": [
                        {
                            "IndexName": "Pending",
                            "KeySchema": [{"AttributeName": "pending", "KeyType": "HASH"}],
                            "Projection": {"ProjectionType": "KEYS_ONLY"},
                        }
                    ],
                },
            },
        },
        "Outputs": {
            "ApiId": {"Value": {"Ref": "Api"}},
            "WorkflowArn": {"Value": {"Ref": "Workflow"}},
            "WaiterArn": {"Value": {"Ref": "Waiter"}},
            "BothArn": {"Value": {"Ref": "Both"}},
            "QueueUrl": {"Value": {"Ref": "Queue"}},
            "Table": {"Value": {"Ref": "Records"}},
        },
    }  # fmt: skip


def write_assembly(directory: Path, stacks: dict[str, Template], after: dict[str, list[str]] | None = None) -> Path:
    """A cloud assembly as ``cdk synth`` writes it, with the probe function as its only asset."""
    directory.mkdir(parents=True, exist_ok=True)
    artifacts: dict[str, Any] = {}
    destination = {"bucketName": BUCKET, "objectKey": "probe.zip"}
    source = {"path": str(Path(__file__).with_name("function")), "packaging": "zip"}
    for name, template in stacks.items():
        (directory / f"{name}.template.json").write_text(json.dumps(template))
        files = {"probe": {"source": source, "destinations": {"here": destination}}}
        (directory / f"{name}.assets.json").write_text(json.dumps({"version": "1", "files": files}))
        artifacts[f"{name}.assets"] = {"type": "cdk:asset-manifest", "properties": {"file": f"{name}.assets.json"}}
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "properties": {
                "templateFile": f"{name}.template.json",
                "stackName": name,
                "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version",
            },
            "dependencies": [f"{name}.assets", *(after or {}).get(name, [])],
        }
    (directory / "manifest.json").write_text(json.dumps({"version": "1", "artifacts": artifacts}))
    return directory
