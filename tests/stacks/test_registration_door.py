"""The registration's door: whom it answers, and the secret that signs its sessions."""

import json
from typing import Any

from tests.stacks.test_doors_stack import routes
from tests.synthesized import Assembly, as_list


def secret(assembly: Assembly, id_: str = "SessionSecret") -> tuple[str, dict[str, Any]]:
    """The secret that signs sessions, or hand-overs: each has one of its own."""
    (found,) = [each for each in assembly.resources("AWS::SecretsManager::Secret") if each[0].startswith(id_)]
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


def test_handovers_have_a_secret_of_their_own_where_the_stage_has_an_app(prod: Assembly, local: Assembly) -> None:
    assert len(list(prod.resources("AWS::SecretsManager::Secret"))) == 1
    assert "HandoverSecretArn" not in prod.template("Doors")["Outputs"]
    name, found = secret(local, "HandoverSecret")
    assert found["Properties"]["GenerateSecretString"] == {"PasswordLength": 64, "ExcludePunctuation": True}
    assert local.template("Doors")["Outputs"]["HandoverSecretArn"]["Value"] == {"Ref": name}
    told = {
        (function, variable)
        for function, properties in local.functions().items()
        for variable, value in properties["Environment"]["Variables"].items()
        if value == {"Ref": name}
    }
    assert told == {(function, "HANDOVER_SECRET_ARN") for function in ("registration", "subscriber-api")}
    readers = {
        function
        for function in local.functions()
        for statement in local.policies_of(function)
        if {"Ref": name} in as_list(statement["Resource"])
    }
    assert readers == {"registration", "subscriber-api"}


def test_of_all_functions_the_door_alone_reads_the_sessions_secret_of_a_stage_with_handovers(local: Assembly) -> None:
    name, _ = secret(local)
    readers = {
        function
        for function in local.functions()
        for statement in local.policies_of(function)
        if {"Ref": name} in as_list(statement["Resource"])
    }
    assert readers == {"registration"}
