"""Names that may never change, since data is found by them: read from templates, and compared with the record.

What is said of a difference is what AWS does with it, and what to do instead.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stacks import stage as stages
from tests.synthesized import STAGES, Assembly, shipped

RECORD = Path(__file__).with_name("names.json")
TABLE = "AWS::DynamoDB::Table"
AGAIN = "If no stage was ever deployed with the recorded one, write the record anew: make record"

Names = dict[str, Any]


def recorded() -> Names:
    return dict(json.loads(RECORD.read_text(encoding="utf-8")))


def names_of(assembly: Assembly) -> Names:
    """Of the tables of a stage without a suffix, and of the stage files."""
    files = [shipped(name) for name in stages.names(STAGES) if name != "local"]
    return {
        "stacks": sorted(assembly.stacks()),
        "stages": {stage.name: {"suffix": stage.suffix, "region": stage.region} for stage in files},
        "tables": {logical_id: _table(table["Properties"]) for logical_id, table in assembly.resources(TABLE)},
    }


def _table(properties: Mapping[str, Any]) -> Names:
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in properties["AttributeDefinitions"]}

    def keys(schema: list[dict[str, str]]) -> list[str]:
        return [f"{key['AttributeName']} ({types[key['AttributeName']]}, {key['KeyType']})" for key in schema]

    return {
        "name": properties["TableName"],
        "keys": keys(properties["KeySchema"]),
        "ttl": properties.get("TimeToLiveSpecification", {}).get("AttributeName"),
        "indexes": {
            index["IndexName"]: [*keys(index["KeySchema"]), index["Projection"]["ProjectionType"]]
            for index in properties.get("GlobalSecondaryIndexes", [])
        },
    }


def faults(before: Names, now: Names) -> Iterator[str]:
    """What of the record is not so any more, each with what AWS would make of it and the remedy."""
    for stack in sorted(set(before["stacks"]) - set(now["stacks"])):
        yield (
            f"the stack {stack} is gone: under another name it is another stack, which meets the tables and log groups"
            f" of the old one. Call it {stack} again"
        )
    for name, values in before["stages"].items():
        for key, value in values.items():
            if name in now["stages"] and now["stages"][name][key] != value:
                yield (
                    f"stages/{name}.toml: {key} was {value!r} and is {now['stages'][name][key]!r}: its deployed tables,"
                    " and all they hold, would be left behind. Set it back, or make it a stage of another name."
                    f" {AGAIN}"
                )
    for logical_id, table in before["tables"].items():
        if logical_id not in now["tables"]:
            yield (
                f"the table {table['name']} ({logical_id}) is gone: renamed, CloudFormation makes another one under a"
                " name that is taken; removed, its items are left behind. Bring its construct id in stacks/data.py back"
            )
        else:
            yield from _faults_of(table, now["tables"][logical_id])


def _faults_of(before: Names, now: Names) -> Iterator[str]:
    table = before["name"]
    if now["name"] != table:
        yield f"{table} is called {now['name']}: CloudFormation makes an empty table of that name. Call it as before"
    if now["keys"] != before["keys"]:
        yield (
            f"{table}: the keys were {before['keys']} and are {now['keys']}: CloudFormation refuses to replace a named"
            " table. Make a table of another name beside it, and move the items"
        )
    if now["ttl"] != before["ttl"]:
        yield (
            f"{table}: items ended by {before['ttl']} and end by {now['ttl']}: DynamoDB refuses another attribute while"
            f" one is in use, and items that are stored carry the old one. Keep {before['ttl']}"
        )
    for name, index in before["indexes"].items():
        if now["indexes"].get(name, index) != index:
            yield (
                f"{table}/{name}: {index} became {now['indexes'][name]}: DynamoDB changes no index. Add another one"
                " beside it, let readers use that, and remove this one in a later release"
            )
    changed = sorted(set(before["indexes"]) ^ set(now["indexes"]))
    if len(changed) > 1:
        yield (
            f"{table}: {', '.join(changed)} come or go in one deployment: DynamoDB makes or deletes one index in an"
            " update. Release one, deploy it everywhere, then the next"
        )
