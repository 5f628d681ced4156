"""The bucket of the archive: encrypted, versioned, TLS only, never public, and kept as the tables are."""

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.acknowledge import acknowledge, logical_id_of
from stacks.constructs.functions.function import Function

#: The beginning of the keys of all changes.
CHANGES = "table="
#: An overwritten object is the same one, delivered twice (``archive.change.object_key``).
KEEP_OVERWRITTEN = Duration.days(30)
NO_ACCESS_LOG = (
    "two functions alone use the bucket, and people read it with Athena, whose queries CloudTrail has; a company that"
    " wants each request logged switches CloudTrail's data events on"
)
BELOW = "the keys of the archive's objects are made of time and sequence numbers"


class ArchiveBucket(Construct):
    """Objects change their class after ``cold_after_days`` and go after ``keep_days``. CloudFormation names the bucket,
    so that one that was kept never blocks a deployment."""

    def __init__(
        self, scope: Construct, id_: str, *, keep_days: int, cold_after_days: int, lock_days: int | None, lock_mode: str
    ) -> None:
        """lock_days: for so long nobody deletes or changes an object, None locks nothing. lock_mode: ``governance`` or
        ``compliance``."""
        super().__init__(scope, id_)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            # Object Lock can be switched on later, and never off (S3 User Guide, "Configuring S3 Object Lock").
            object_lock_default_retention=_retention(lock_days, lock_mode),
            lifecycle_rules=[
                s3.LifecycleRule(
                    prefix=CHANGES,
                    transitions=[
                        # It is read without being restored, so Athena and the audit read old months as well. S3 leaves
                        # objects below 128 KB where they are (S3 User Guide, "Lifecycle transition general
                        # considerations").
                        s3.Transition(
                            storage_class=s3.StorageClass.GLACIER_INSTANT_RETRIEVAL,
                            transition_after=Duration.days(cold_after_days),
                        )
                    ],
                    expiration=Duration.days(keep_days),
                    noncurrent_version_expiration=KEEP_OVERWRITTEN,
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
        )
        acknowledge(self.bucket, {"AwsSolutions-S1": NO_ACCESS_LOG})

    @property
    def name(self) -> str:
        """The bucket's name in AWS."""
        return self.bucket.bucket_name

    def allow_writing(self, function: Function) -> None:
        """Let the function write changes, and nothing else."""
        self._allow(function, "s3:PutObject")

    def allow_reading(self, function: Function) -> None:
        """Let the function list and read changes."""
        self._allow(function, "s3:GetObject")
        function.function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[self.bucket.bucket_arn],
                conditions={"StringLike": {"s3:prefix": f"{CHANGES}*"}},
            )
        )

    def _allow(self, function: Function, action: str) -> None:
        objects = self.bucket.arn_for_objects(f"{CHANGES}*")
        function.function.add_to_role_policy(iam.PolicyStatement(actions=[action], resources=[objects]))
        finding = f"AwsSolutions-IAM5[Resource::<{logical_id_of(self.bucket)}.Arn>/{CHANGES}*]"
        acknowledge(function.function.role, {finding: BELOW})


def _retention(days: int | None, mode: str) -> s3.ObjectLockRetention | None:
    if days is None:
        return None
    duration = Duration.days(days)
    if mode == "compliance":
        return s3.ObjectLockRetention.compliance(duration)
    return s3.ObjectLockRetention.governance(duration)
