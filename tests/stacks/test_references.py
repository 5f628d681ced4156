"""How stacks hold on to one another: what only looks lets go, what stores usage does not."""

import json

from tests.synthesized import Assembly


def test_alarms_keep_nothing_from_being_renamed(prod: Assembly) -> None:
    """With an export that Watch imports, CloudFormation refuses to rename a function or a queue ("Export … cannot be
    deleted as it is in use by …-Watch") until it has been deployed twice."""
    watch = json.dumps(prod.template("Watch"))
    assert "Fn::ImportValue" not in watch
    assert watch.count("Fn::GetStackOutput") > 40
    for stack in ("Doors", "Metering"):
        assert not [o for o in prod.template(stack)["Outputs"].values() if "Export" in o], stack


def test_every_output_that_alarms_look_up_exists(prod: Assembly) -> None:
    """CloudFormation looks it up while it deploys: a misspelt name would fail only then."""

    def looked_up(node: object) -> list[dict[str, str]]:
        if isinstance(node, list):
            return [found for item in node for found in looked_up(item)]
        if not isinstance(node, dict):
            return []
        own = [node["Fn::GetStackOutput"]] if "Fn::GetStackOutput" in node else []
        return own + [found for item in node.values() for found in looked_up(item)]

    for reference in looked_up(prod.template("Watch")["Resources"]):
        stack = reference["StackName"].removeprefix(f"YawlMetering-{prod.stage.name}-")
        assert reference["OutputName"] in prod.template(stack)["Outputs"]
        assert reference["Region"] == prod.stage.region


def test_alarms_are_deployed_after_the_stacks_that_they_look_into(prod: Assembly) -> None:
    manifest = json.loads((prod.folder / "manifest.json").read_text(encoding="utf-8"))
    prefix = f"YawlMetering-{prod.stage.name}"
    after = set(manifest["artifacts"][f"{prefix}-Watch"]["dependencies"])
    assert {f"{prefix}-Doors", f"{prefix}-Metering"} <= after


def test_the_tables_are_held_on_to(prod: Assembly) -> None:
    """A table that is renamed by mistake would be made anew, empty: an export in use stops that."""
    for stack in ("Doors", "Metering"):
        template = json.dumps(prod.template(stack))
        assert "Fn::ImportValue" in template
        assert "Fn::GetStackOutput" not in template
