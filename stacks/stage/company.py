"""What a company asks of a deployment, as a stage file says it: account, roles, senders, address, key, tags."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from stacks.stage.section import E_MAIL, Section
from usage.reporters import Reporter

ACCOUNT = r"\d{12}"
ROLE_ARN = rf"arn:aws[a-z-]*:iam::{ACCOUNT}:role/[\w+=,.@/-]{{1,512}}"
PRINCIPAL_ARN = rf"arn:aws[a-z-]*:iam::{ACCOUNT}:(role|user)/[\w+=,.@/-]{{1,512}}"
BOUNDARY = rf"(arn:aws[a-z-]*:iam::(aws|{ACCOUNT}):policy/)?[\w+=,.@/-]{{1,128}}"
#: IAM User Guide, "IAM identifiers": what a unique id of a user or a role begins with
SENDER_ID = r"(AIDA|AROA)[A-Z0-9]{12,28}"
#: AWS takes 50 tags a resource, and some of them are ours and CloudFormation's
MOST_TAGS = 40


@dataclass(frozen=True, kw_only=True)
class Domain:
    """The API's own name. certificate_arn: of ACM, in the stage's Region. hosted_zone: (id, name) of Route 53 where the
    record is made; None leaves it to whoever keeps the DNS."""

    name: str
    certificate_arn: str
    hosted_zone: tuple[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What the stage may cost a month, in US dollars (AWS bills in them), and whom to tell by e-mail."""

    monthly_amount: Decimal
    notify: tuple[str, ...]


def read_account(top: Section) -> str | None:
    remedy = 'set it to the 12 digits of the AWS account that this stage belongs to, for example "111122223333"'
    return top.matching("account", ACCOUNT, remedy) if "account" in top else None


def read_accounts(top: Section, key: str) -> tuple[str, ...]:
    """A list of account ids; empty where it is left out."""
    remedy = 'list AWS accounts by their 12 digits, for example ["111122223333"]'
    return top.matching_texts(key, ACCOUNT, remedy) if key in top else ()


def read_seller(top: Section) -> tuple[str | None, str | None]:
    """``sellerRoleArn`` and ``externalId``; both or none. Raises StageError."""
    role = _optional(
        top, "sellerRoleArn", ROLE_ARN, "set it to the ARN of the role in the account that published the product"
    )
    # STS, AssumeRole: ExternalId has 2 to 1,224 characters of these
    external_id = _optional(
        top, "externalId", r"[\w+=,.@:/-]{2,1224}", "set it to the external id that the role's trust policy asks for"
    )
    if external_id and not role:
        raise top.fault("externalId", "is given without sellerRoleArn", "add sellerRoleArn or remove externalId")
    if role and not external_id:
        raise top.fault(
            "sellerRoleArn", "is given without externalId", "add externalId, and ask for it in the role's trust policy"
        )
    return role, external_id


def read_reporters(top: Section, dimensions: Collection[str]) -> tuple[Reporter, ...]:
    """Raises StageError."""
    found: list[Reporter] = []
    if "reporters" not in top:
        return ()
    for entry in top.sections("reporters", remedy="add [[reporters]] tables: principal, and what it may report"):
        reporter = Reporter(
            principal=entry.matching("principal", PRINCIPAL_ARN, "set it to the ARN of an IAM role or user"),
            sender_id=_optional(
                entry, "senderId", SENDER_ID, "set it to the principal's unique id: AROA... or AIDA..."
            ),
            customers=_listed(
                entry, "customers", r"[A-Za-z0-9_.:-]{1,128}", "list billing keys, or leave it out for all"
            ),
            dimensions=_listed(entry, "dimensions", r".+", "list dimensions of this stage, or leave it out for all"),
            sources=_listed(entry, "sources", r"[^\x00-\x1f\x7f]{1,256}", "list sources, or leave it out for all"),
        )
        for name in reporter.dimensions or ():
            if name not in dimensions:
                raise entry.fault("dimensions", f"holds {name!r}", f"name any of {', '.join(dimensions)}")
        if reporter.principal in {other.principal for other in found}:
            raise entry.fault("principal", f"is {reporter.principal!r} twice", "write one [[reporters]] table for it")
        entry.close()
        found.append(reporter)
    return tuple(found)


def read_domain(top: Section, region: str) -> Domain | None:
    """Raises StageError."""
    if "domain" not in top:
        return None
    section = top.section("domain", remedy="write it as a table: name, certificateArn")
    # a regional API takes a certificate of its own Region only (API Gateway Developer Guide, "Regional custom domain")
    certificate = rf"arn:aws[a-z-]*:acm:{region}:{ACCOUNT}:certificate/[0-9a-f-]{{36}}"
    zone_id = _optional(section, "hostedZoneId", r"Z[A-Z0-9]{1,31}", "set it to the id of a Route 53 hosted zone")
    zone_name = _optional(section, "hostedZoneName", _HOST, "set it to the hosted zone's domain")
    domain = Domain(
        name=section.matching("name", _HOST, 'set it to a domain name, for example "metering.your-company.com"'),
        certificate_arn=section.matching(
            "certificateArn", certificate, f"set it to the ARN of a certificate of ACM in {region}"
        ),
        hosted_zone=(zone_id, zone_name) if zone_id and zone_name else None,
    )
    if bool(zone_id) != bool(zone_name):
        raise section.fault("hostedZoneId", "and hostedZoneName belong together", "give both or none")
    if zone_name and not f".{domain.name}".endswith(f".{zone_name}"):
        raise section.fault("hostedZoneName", f"is {zone_name!r}", f"name the zone that {domain.name} lies in")
    section.close()
    return domain


def read_firewall(top: Section) -> int | None:
    """Requests of one address in five minutes. Raises StageError."""
    if "firewall" not in top:
        return None
    section = top.section("firewall", remedy="write it as a table: requestsPerAddress")
    # AWS WAF Developer Guide, "Rate-based rule statement": the limit's bounds
    found = section.number("requestsPerAddress", 10, 2_000_000_000)
    section.close()
    return found


def read_key(top: Section, region: str) -> str | None:
    """The customer-managed key, by its own ARN: an alias may come to name another key."""
    pattern = rf"arn:aws[a-z-]*:kms:{region}:{ACCOUNT}:key/(mrk-)?[0-9a-f-]{{32,36}}"
    return _optional(
        top, "encryptionKeyArn", pattern, f"set it to the ARN of a KMS key in {region} (a key, not an alias)"
    )


def read_boundary(top: Section) -> str | None:
    return _optional(top, "permissionsBoundary", BOUNDARY, "set it to the ARN or the name of an IAM policy")


def read_qualifier(top: Section) -> str | None:
    """CDK Developer Guide, "Customize bootstrapping": at most 10 characters."""
    return _optional(top, "bootstrapQualifier", r"[a-z0-9]{1,10}", "set it to at most 10 of a-z and 0-9")


def read_budget(top: Section) -> Budget | None:
    """Raises StageError."""
    if "budget" not in top:
        return None
    section = top.section("budget", remedy="write it as a table: monthlyAmount, notify")
    amount = section.amount("monthlyAmount", remedy="set it to US dollars a month, for example 200")
    if amount is None:
        raise section.fault("monthlyAmount", "is missing", "set it to US dollars a month, for example 200")
    notify = section.matching_texts(
        "notify", E_MAIL.pattern, 'list e-mail addresses, for example ["finops@your-company.com"]'
    )
    # AWS Budgets: at most 10 e-mail addresses a notification
    if not 1 <= len(notify) <= 10:
        raise section.fault("notify", f"holds {len(notify)} addresses", "list 1 to 10 e-mail addresses")
    section.close()
    return Budget(monthly_amount=amount, notify=notify)


def read_tags(top: Section) -> Mapping[str, str]:
    """AWS General Reference, "Tag naming limits": 128 and 256 characters, no ``aws:`` in front. Raises StageError."""
    if "tags" not in top:
        return {}
    section = top.section("tags", remedy='write it as a table of texts, for example { CostCenter = "1234" }')
    found = {}
    for name in section.names():
        if not re.fullmatch(r"(?!aws:)[\w .:/=+@-]{1,128}", name):
            raise section.fault(name, "is no usable tag name", "use letters, digits, spaces and _ . : / = + - @")
        found[name] = section.matching(name, r"[\w .:/=+@-]{0,256}", "use letters, digits, spaces and _ . : / = + - @")
    if len(found) > MOST_TAGS:
        raise top.fault("tags", f"holds {len(found)} tags", f"keep at most {MOST_TAGS}")
    return found


_HOST = r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"


def _optional(section: Section, key: str, pattern: str, remedy: str) -> str | None:
    return section.matching(key, pattern, f"{remedy}, or leave it out") if key in section else None


def _listed(section: Section, key: str, pattern: str, remedy: str) -> tuple[str, ...] | None:
    if key not in section:
        return None
    values = section.matching_texts(key, pattern, remedy)
    if not values:
        raise section.fault(key, "is empty", remedy)
    return values
