"""The one declaration of the tables: keys, indexes, TTL, stream. Stacks build from it, stores and tests read it.

Names come from the specification; ``docs/data-model.md`` lists every attribute of every item.
"""

from typing import Final, Literal, NamedTuple

AttributeType = Literal["S", "N"]
Projection = Literal["ALL", "KEYS_ONLY"]
#: What a stream tells of a changed item (DynamoDB API reference, ``StreamViewType``).
StreamView = Literal["NEW_IMAGE", "NEW_AND_OLD_IMAGES"]


class Key(NamedTuple):
    """A key attribute: its name, and its type in DynamoDB (``S`` text, ``N`` number)."""

    name: str
    type: AttributeType = "S"


class Index(NamedTuple):
    """A global secondary index; sparse where its HASH attribute is absent from most items."""

    name: str
    hash: Key
    range: Key | None = None
    projection: Projection = "KEYS_ONLY"


class Table(NamedTuple):
    """A table. ``name`` is the physical name in prod; other stages append ``-<stage>``."""

    name: str
    hash: Key
    range: Key | None = None
    indexes: tuple[Index, ...] = ()
    ttl: str | None = None
    stream: StreamView | None = None

    def physical_name(self, suffix: str) -> str:
        """``yawl-subscribers`` + ``-dev``; the suffix is empty in prod."""
        return f"{self.name}{suffix}"


CUSTOMER = Key("customerIdentifier")
HOUR = Key("timestamp", "N")

ACCOUNT_INDEX = Index(name="AWSAccountIndex", hash=Key("customerAWSAccountId"), projection="ALL")
AGREEMENT_INDEX = Index(name="AgreementIndex", hash=Key("agreementId"))
STATUS_INDEX = Index(name="StatusIndex", hash=Key("subscriptionStatus"), range=CUSTOMER)
PENDING_INDEX = Index(name="PendingMeteringRecordsIndex", hash=Key("meteringPending"), range=HOUR)
FAILED_INDEX = Index(name="FailedMeteringRecordsIndex", hash=Key("meteringFailed"), range=HOUR)
WAITING_NOTICES_INDEX = Index(name="WaitingAgreementIndex", hash=Key("waitingForAgreement"), projection="ALL")
#: Sparse: ``findingState`` exists (``open``) until a finding is resolved.
OPEN_FINDINGS_INDEX = Index(name="OpenFindingsIndex", hash=Key("findingState"), range=Key("foundAt"), projection="ALL")

#: What a subscriber was before a change says which event the vendor's app is told (``buyer.events``).
SUBSCRIBERS = Table(
    name="yawl-subscribers",
    hash=CUSTOMER,
    indexes=(ACCOUNT_INDEX, AGREEMENT_INDEX, STATUS_INDEX),
    stream="NEW_AND_OLD_IMAGES",
)
USAGE_EVENTS = Table(name="yawl-usage-events", hash=CUSTOMER, range=Key("eventId"), ttl="expiresAt", stream="NEW_IMAGE")
METERING_RECORDS = Table(
    name="yawl-metering-records",
    hash=CUSTOMER,
    range=HOUR,
    indexes=(PENDING_INDEX, FAILED_INDEX),
    stream="NEW_IMAGE",
)
#: What a balance was before a change proves which hour's sealing made the change (``archive.conservation``).
STATE = Table(
    name="yawl-metering-state", hash=CUSTOMER, range=Key("item"), ttl="expiresAt", stream="NEW_AND_OLD_IMAGES"
)
NOTICES = Table(name="yawl-notices", hash=Key("noticeId"), indexes=(WAITING_NOTICES_INDEX,), ttl="expiresAt")

#: What people and audits did and found: operators' changes, differences that reconciliation found, closed months.
#: subject: a billing key, or ``#stage`` for what concerns all customers. Nothing in it decides what is billed.
AUDIT = Table(
    name="yawl-audit",
    hash=Key("subject"),
    range=Key("item"),
    indexes=(OPEN_FINDINGS_INDEX,),
    stream="NEW_IMAGE",
)

#: What the YAWL connector keeps of an engine's database (``Engine.database``); empty in a stage without engines.
ENGINES = Table(name="yawl-engines", hash=Key("engine"), range=Key("item"), ttl="expiresAt")

ALL_TABLES = (SUBSCRIBERS, USAGE_EVENTS, METERING_RECORDS, STATE, NOTICES, AUDIT, ENGINES)

#: Subscription statuses of a cancelled buyer whose final metering has not ended.
FINAL_METERING_STATUSES: Final = ("pending_cancellation", "final_metering")

#: The partition of ``STATE`` whose items say whose lines are not sent for the moment (``ledger.pauses``).
PAUSED: Final = "#paused"
#: The partition of ``STATE`` whose items say how far the search of agreements has come (``ledger.agreement_search``).
SEARCHED: Final = "#agreements"

#: The attributes of a finding that the request has which closes it (``ledger.findings``); the operators' role may name
#: no others of ``AUDIT`` when it changes an item.
CLOSES_FINDING: Final = (
    "subject",
    "item",
    "findingState",
    "resolution",
    "resolvedAt",
    "resolvedBy",
    "ours",
    "theirs",
)

#: The attributes of a subscriber that decide money: all but contact data (``email``, ``company``, ``name``,
#: ``language``). People who operate the stage read these and no others.
SUBSCRIBER_FACTS: Final = (
    "customerIdentifier",
    "integration",
    "subscriptionStatus",
    "productCode",
    "licenseArn",
    "customerAWSAccountId",
    "agreementId",
    "initialAgreementId",
    "previousAgreementId",
    "agreementStatus",
    "agreementStatusAt",
    "agreementEntitlements",
    "agreementEntitlementsAt",
    "contractStart",
    "contractEnd",
    "activePeriods",
    "statusChangedAt",
    "acceptsUntil",
    "lastNoticeAt",
    "tier",
    "entitlements",
    "entitlementsFetchedAt",
    "previousIdentifier",
    "previousIdentifiers",
    "succeededBy",
    "movedTo",
    "chainSince",
    "awaitsMove",
    "billsFrom",
    "billsUntil",
    "supersededBy",
    "freeTrial",
    "version",
    "subscriptionAction",
    "lifecycleNotices",
    "agreementStanding",
    "entitlement",
    "lastHeld",
    "registeredAt",
    "linkedAccount",
    "factsAt",
    "createdAt",
    "updatedAt",
)

#: Every item has this number in ``schema``; a change of its meaning is a migration.
SCHEMA = 1
