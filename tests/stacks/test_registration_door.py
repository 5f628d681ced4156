"""The registration's door: whom it answers, and the secret that signs its sessions."""

import json
from typing import Any

from tests.stacks.test_doors_stack import routes
from tests.synthesized import Assembly


def secret(assembly: Assembly) -> tuple[str, dict[str, Any]]:
    (found,) = assembly.resources("AWS::SecretsManager::Secret")
    return found


def test_the_fulfilment_url_is_answered_however_it_is_called(prod: Assembly) -> None:
    """API Gateway knows HEAD as a method of its own (Developer Guide, "Set up a method request")."""
    public = {route for route, authorization in routes(prod).items() if authorization == "NONE"}
    assert {
        f"{method} {path}" for path in ("/register", "/registrations") for method in ("GET", "HEAD", "POST")
    } < public


def test_the_secret_is_made_by_secrets_manager_and_stands_nowhere(prod: Assembly) -> None:
    _, found = secret(prod)
    assert "SecretString" not in found["Properties"]
    # It has no name either, so that the remains of a failed first deployment cannot block the second.
    assert "Name" not in found["Properties"]
    made = found["Properties"]["GenerateSecretString"]
    assert made == {"PasswordLength": 64, "ExcludePunctuation": True}
    for stack in prod.stacks():
        assert "{{resolve:secretsmanager" not in json.dumps(prod.template(stack))


def test_one_function_may_read_the_secrets_value_and_none_may_do_more(prod: Assembly) -> None:
    name, _ = secret(prod)
    granted = {
        (function, action, json.dumps(statement["Resource"]))
        for function in prod.functions()
        for statement in prod.policies_of(function)
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        if action.startswith("secretsmanager:")
    }
    assert granted == {("registration", "secretsmanager:GetSecretValue", json.dumps({"Ref": name}))}
    assert not list(prod.resources("AWS::SecretsManager::ResourcePolicy"))


def test_the_function_knows_the_secret_by_its_arn_alone(prod: Assembly) -> None:
    name, _ = secret(prod)
    told = {
        (function, variable)
        for function, properties in prod.functions().items()
        for variable, value in properties["Environment"]["Variables"].items()
        if value == {"Ref": name}
    }
    assert told == {("registration", "SESSION_SECRET_ARN")}
    assert prod.template("Doors")["Outputs"]["SessionSecretArn"]["Value"] == {"Ref": name}


def test_the_secret_outlives_the_stack_of_a_stage_that_keeps_its_data(prod: Assembly, local: Assembly) -> None:
    for assembly, deletion, replacement in (
        (prod, "RetainExceptOnCreate", "Retain"),
        (local, "Delete", "Delete"),
    ):
        _, found = secret(assembly)
        assert (found["DeletionPolicy"], found["UpdateReplacePolicy"]) == (deletion, replacement)
