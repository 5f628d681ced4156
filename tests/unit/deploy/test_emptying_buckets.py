"""A stage that does not keep its data goes with its archive, in all versions, and nothing else of the account does."""

from typing import Any

from deploy.deletion import AT_ONCE, empty_buckets
from tests.unit.deploy.targets import there

OURS, OTHER = "yawlmetering-dev-archive", "another"


class Account:
    """CloudFormation and S3, as far as they are asked. versions: by bucket."""

    def __init__(self) -> None:
        self.aws = self
        self.versions = {
            OURS: [{"Key": f"table=x/{number}", "VersionId": f"v{number}"} for number in range(AT_ONCE + 1)],
            OTHER: [{"Key": "theirs", "VersionId": "v1"}],
        }
        self.markers = [{"Key": "table=x/gone", "VersionId": "m1"}]

    def ask(self, service: str, operation: str, /, **request: Any) -> dict[str, Any]:
        if (service, operation) == ("cloudformation", "list_stack_resources"):
            kinds = (("AWS::S3::Bucket", OURS), ("AWS::S3::Bucket", None), ("AWS::SQS::Queue", OTHER))
            return {
                "StackResourceSummaries": [
                    {"ResourceType": kind, **({"PhysicalResourceId": name} if name else {})} for kind, name in kinds
                ]
            }
        if operation == "list_object_versions":
            return {"Versions": list(self.versions[request["Bucket"]]), "DeleteMarkers": list(self.markers)}
        assert operation == "delete_objects"
        assert len(request["Delete"]["Objects"]) <= 1000
        for each in request["Delete"]["Objects"]:
            (self.markers if each in self.markers else self.versions[request["Bucket"]]).remove(each)
        return {}


def test_every_version_of_the_stacks_buckets_goes_and_no_other_bucket_is_touched() -> None:
    account = Account()
    target: Any = account
    empty_buckets(target, there("Archive"))
    assert (account.versions[OURS], account.markers) == ([], [])
    assert len(account.versions[OTHER]) == 1
