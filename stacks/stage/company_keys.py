"""The keys of a stage file that companies ask for: the seller's role, senders, address, key, roles, tags, budget."""

from marketplace.billing_identity import BILLING_KEY
from stacks.stage.compound_kinds import Named, Table, Tables, Texts
from stacks.stage.kinds import Amount, Key, Kind, Text, Whole
from stacks.stage.settings import Budget, Domain, Operators
from usage.reporters import Reporter

_ACCOUNT = "[0-9]{12}"
_E_MAIL = r"[^@\s,;<>]+@[^@\s,;<>]+\.[A-Za-z]{2,}"
HOST = r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
_TAG = r"[\w .:/=+@-]"
_TAG_REMEDY = "use letters, digits, spaces and _ . : / = + - @"
#: AWS takes 50 tags a resource, and some of them are ours and CloudFormation's.
MOST_TAGS = 40


def _requests(*, requests_per_address: int) -> int:
    return requests_per_address


_DOMAIN = Table(
    make=Domain,
    remedy="write it as a table: name, certificateArn",
    keys={
        "name": Key(
            Text(HOST, 'set it to a domain name, for example "metering.your-company.com"', "host name"),
            "The API's own name. Its default address is then off.",
        ),
        "certificateArn": Key(
            Text(
                f"arn:aws[a-z-]*:acm:[a-z0-9-]+:{_ACCOUNT}:certificate/[0-9a-f-]{{36}}",
                "set it to the ARN of a certificate of ACM in the stage's Region",
                "ARN of a certificate",
            ),
            "The name's certificate, of ACM in the stage's Region.",
        ),
        "hostedZoneId": Key(
            Text("Z[A-Z0-9]{1,31}", "set it to the id of a Route 53 hosted zone, or leave it out", "id"),
            "The Route 53 zone in which the record is made; left out, you make the record.",
            default=None,
        ),
        "hostedZoneName": Key(
            Text(HOST, "set it to the hosted zone's domain, or leave it out", "host name"),
            "That zone's domain.",
            default=None,
        ),
    },
)

_FIREWALL = Table(
    make=_requests,
    remedy="write it as a table: requestsPerAddress",
    keys={
        # AWS WAF Developer Guide, "Rate-based rule statement": the limit's bounds.
        "requestsPerAddress": Key(
            Whole(10, 2_000_000_000),
            "A web ACL with AWS's managed rules, and this many requests of one address in five minutes. It costs,"
            " so it is off by default.",
        )
    },
)

_BUDGET = Table(
    make=Budget,
    remedy="write it as a table: monthlyAmount, notify",
    keys={
        "monthlyAmount": Key(
            Amount("set it to US dollars a month, for example 200", "US dollars"), "A budget alarm for the stage's tag."
        ),
        # AWS Budgets: at most 10 e-mail addresses a notification.
        "notify": Key(
            Texts(
                pattern=_E_MAIL,
                remedy='list 1 to 10 e-mail addresses, for example ["finops@your-company.com"]',
                values="list of e-mail addresses",
                at_least=1,
                at_most=10,
            ),
            "Who gets its mails.",
        ),
    },
)

#: IAM User Guide, "AWS JSON policy elements: Principal": a role, a user, or whoever an account lets.
PRINCIPAL = rf"arn:aws[a-z-]*:iam::{_ACCOUNT}:(root|(role|user)/[\w+=,.@/-]{{1,512}})"


def _operators(about: str, *, at_least: int) -> Key:
    kind = Texts(
        pattern=PRINCIPAL,
        remedy='list ARNs of IAM roles or users, for example ["arn:aws:iam::111122223333:role/billing-oncall"]',
        values="list of ARNs of roles, users or accounts (`:root`)",
        at_least=at_least,
    )
    return Key(kind, about) if at_least else Key(kind, about, default=())


_OPERATORS = Table(
    make=Operators,
    remedy="write it as a table: read, repair",
    keys={
        "read": _operators("Who may take the role operator-read, with which `ops` shows everything.", at_least=1),
        "repair": _operators("Who may take operator-repair as well, with which `ops` changes things.", at_least=0),
    },
)


def _allowed(pattern: str, remedy: str, values: str, about: str) -> Key:
    kind = Texts(pattern=pattern, remedy=f"{remedy}, or leave it out for all", values=values, at_least=1)
    return Key(kind, about, default=None)


_REPORTER = Table(
    make=Reporter,
    remedy="add [[reporters]] tables: principal, and what it may report",
    keys={
        "principal": Key(
            Text(
                rf"arn:aws[a-z-]*:iam::{_ACCOUNT}:(role|user)/[\w+=,.@/-]{{1,512}}",
                "set it to the ARN of an IAM role or user",
                "ARN of a role or user",
            ),
            "Who may report usage. With any `[[reporters]]`, others are answered `403 not_yours`.",
        ),
        # IAM User Guide, "IAM identifiers": the beginning of a unique id of a user or a role.
        "senderId": Key(
            Text(
                "(AIDA|AROA)[A-Z0-9]{12,28}",
                "set it to the principal's unique id: AROA... or AIDA..., or leave it out",
                "`AROA…`, `AIDA…`",
            ),
            "Its unique id, by which the queue names a sender.",
            default=None,
        ),
        "customers": _allowed(
            BILLING_KEY.pattern,
            "list billing keys",
            "list of billing keys",
            "The customers that it may report for; left out: all.",
        ),
        "dimensions": _allowed(
            ".+", "list dimensions of this stage", "list of dimensions", "What it may report; left out: everything."
        ),
        "sources": _allowed(
            r"[^\x00-\x1f\x7f]{1,256}",
            "list sources",
            "list of sources",
            "The sources that it may report as; left out: any.",
        ),
    },
)


def _optional(kind: Kind, about: str, field: str | None = None) -> Key:
    return Key(kind, about, default=None, field=field)


COMPANY_KEYS = {
    "sellerRoleArn": _optional(
        Text(
            rf"arn:aws[a-z-]*:iam::{_ACCOUNT}:role/[\w+=,.@/-]{{1,512}}",
            "set it to the ARN of the role in the account that published the product, or leave it out",
            "ARN of a role",
        ),
        "The role of the publishing account that calls Marketplace, where the stage lives in another account.",
    ),
    # STS, AssumeRole: ExternalId has 2 to 1,224 characters of these.
    "externalId": _optional(
        Text(
            r"[\w+=,.@:/-]{2,1224}",
            "set it to the external id that the role's trust policy asks for, or leave it out",
            "text",
        ),
        "The external id that the role's trust policy asks for; goes with `sellerRoleArn`.",
    ),
    # The key's own ARN: an alias may come to name another key.
    "encryptionKeyArn": _optional(
        Text(
            f"arn:aws[a-z-]*:kms:[a-z0-9-]+:{_ACCOUNT}:key/(mrk-)?[0-9a-f-]{{32,36}}",
            "set it to the ARN of a KMS key in the stage's Region (a key, not an alias), or leave it out",
            "ARN of a KMS key",
        ),
        "A key of your own for tables, queues, topics and logs; left out: AWS's. Its policy must let CloudWatch use it"
        " for the alarms' topics ([operations.md](operations.md)).",
    ),
    "permissionsBoundary": _optional(
        Text(
            rf"(arn:aws[a-z-]*:iam::(aws|{_ACCOUNT}):policy/)?[\w+=,.@/-]{{1,128}}",
            "set it to the ARN or the name of an IAM policy, or leave it out",
            "ARN or name of a policy",
        ),
        "The policy that bounds every role.",
    ),
    # CDK Developer Guide, "Customize bootstrapping": at most 10 characters.
    "bootstrapQualifier": _optional(
        Text("[a-z0-9]{1,10}", "set it to at most 10 of a-z and 0-9, or leave it out", "at most 10 of a-z, 0-9"),
        "The bootstrap stack's qualifier, where your company has one of its own; the stack is then called"
        " `CDKToolkit-<qualifier>`.",
    ),
    "domain": _optional(_DOMAIN, "The API's own name."),
    "firewall": _optional(_FIREWALL, "A web ACL in front of the API.", field="firewall_requests"),
    "budget": _optional(_BUDGET, "A budget for the stage's costs."),
    "operators": _optional(_OPERATORS, "Roles for the people who operate the stage with `ops` ([ops.md](ops.md))."),
    # AWS General Reference, "Tag naming limits": 128 and 256 characters, no ``aws:`` in front.
    "tags": Key(
        Named(
            pattern=f"(?!aws:){_TAG}{{1,128}}",
            name_remedy=_TAG_REMEDY,
            entry=Text(f"{_TAG}{{0,256}}", _TAG_REMEDY, "text"),
            remedy='write it as a table of texts, for example { CostCenter = "1234" }',
            at_most=MOST_TAGS,
        ),
        "Tags on every resource. Activate `yawl-metering-stage` as a cost allocation tag to see a stage's cost.",
        default={},
    ),
    "reporters": Key(
        Tables(entry=_REPORTER),
        "Who may report what. Without any, everybody whom IAM lets in reports everything.",
        default=(),
    ),
}
