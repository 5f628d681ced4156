"""Contradictions of a stage: values that are good by themselves and lose money, or mean nothing, together. Pure."""

from collections.abc import Iterator, Sequence

from marketplace.regions import NOTICES_REGION
from stacks.stage.archive_contradictions import archive_faults
from stacks.stage.arriving_contradictions import arriving_faults
from stacks.stage.engine_contradictions import engine_faults
from stacks.stage.faults import Fault
from stacks.stage.product_contradictions import product_faults
from stacks.stage.settings import Domain, Stage
from usage.reporters import to_json as reporters_json

#: A function's environment variables have 4,096 bytes (Lambda quotas). This much is for what grows with the stage; the
#: rest is for variables whose names and ARNs only a deployment knows.
MOST_OF_ENVIRONMENT = 3_000
#: RFC 2606 keeps these for examples: mail to them reaches no person.
PLACEHOLDERS = ("@example.com", "@example.org", "@example.net", ".example", ".invalid", ".test")


def faults(stage: Stage) -> Iterator[Fault]:
    """All contradictions, the gravest first."""
    # The stage of the local cloud bills no buyer and pages no person.
    if stage.is_live and not stage.movable_clock:
        yield from _live(stage)
    yield from _mode(stage)
    yield from _seller(stage)
    yield from product_faults(stage)
    yield from _alarms(stage)
    yield from _unusual(stage)
    yield from _company(stage)
    yield from archive_faults(stage)
    yield from _reconciliation(stage)
    if stage.agreements.search and stage.agreements.product_id is None:
        yield Fault("agreements.productId", "is missing", "name the product's id in the catalog, or set search = false")
    if stage.agreements.search and stage.products.only is None:
        yield Fault(
            "agreements.search", "is true in a stage of several products", "set search = false, or give each a stage"
        )
    yield from engine_faults(stage)
    yield from arriving_faults(stage)
    yield from _limits(stage)


def _reconciliation(stage: Stage) -> Iterator[Fault]:
    wanted = stage.reconciliation
    if wanted.dataset_prefix and not wanted.dataset_bucket:
        yield Fault("reconciliation.datasetPrefix", "is given without datasetBucket", "name the bucket, or remove it")
    if wanted.invoices and not any(each.price is not None for each in stage.dimensions.values()):
        yield Fault(
            "reconciliation.invoices",
            "is true, and no dimension has a price to compare with",
            "give the dimensions of stages/product.toml their price, or set it to false",
        )


def _live(stage: Stage) -> Iterator[Fault]:
    if not stage.alarms.page:
        yield Fault("alarms.page", "is empty", "a live stage pages a person: name an address or a topic")
    if not stage.takes_all_notices:
        yield Fault("noticesOf", 'is "test-accounts"', "a live stage bills everybody: remove it")
    if not stage.keep_data:
        yield Fault("removalPolicy", 'is "destroy"', 'a live stage keeps its ledger: set it to "retain"')
    told = (("alarms.page", stage.alarms.page), ("alarms.ticket", stage.alarms.ticket))
    for key, routes in (*told, ("email.vendor", stage.email.vendor if stage.email else ())):
        for route in routes:
            if route.endswith(PLACEHOLDERS):
                yield Fault(key, f"holds the placeholder {route!r}", "name an address that a person reads")


def _mode(stage: Stage) -> Iterator[Fault]:
    if stage.metering_mode == "test-buyers" and not stage.test_buyers:
        yield Fault("testBuyers", "is empty", 'list the billing keys to send for, or set meteringMode = "dry-run"')
    if stage.movable_clock and stage.keep_data:
        yield Fault("movableClock", "is true on a stage that keeps its data", "remove it: it is for local runs only")
    if stage.metering_mode in ("test-buyers", "live") and not stage.movable_clock and stage.account is None:
        yield Fault(
            "account",
            "is missing",
            f'meteringMode = "{stage.metering_mode}" calls AWS Marketplace: name the account that this may happen in',
        )


def _seller(stage: Stage) -> Iterator[Fault]:
    if stage.external_id and not stage.seller_role_arn:
        yield Fault("externalId", "is given without sellerRoleArn", "add sellerRoleArn or remove externalId")
    if stage.seller_role_arn and not stage.external_id:
        yield Fault(
            "sellerRoleArn", "is given without externalId", "add externalId, and ask for it in the role's trust policy"
        )
    if stage.seller_role_arn and stage.account is None:
        yield Fault(
            "account",
            "is missing",
            "the seller's account lets this account use the role in sellerRoleArn, and sends it the notices: name it",
        )
    for number, product in enumerate(stage.products):
        if not stage.seller_account or "sns" not in stage.notices[product.code]:
            continue
        yield Fault(
            f"products[{number}].notices" if stage.lists_products else "notices",
            f"hold 'sns', and sellerRoleArn is of another account, {stage.seller_account}",
            'AWS Marketplace lets the seller\'s account alone subscribe to its topics: use notices = ["eventbridge"],'
            " or deploy into the seller's account",
        )


def _alarms(stage: Stage) -> Iterator[Fault]:
    alarms = stage.alarms
    for key, routes in (("page", alarms.page), ("ticket", alarms.ticket)):
        yield from _unreached_regions(f"alarms.{key}", routes, sorted({stage.region, NOTICES_REGION}))
    if alarms.page_at_money is not None and not any(each.price for each in stage.dimensions.values()):
        yield Fault(
            "alarms.atRiskMoneyPage",
            "can never be reached: no dimension has a price",
            "give the dimensions their list prices, or leave it out",
        )
    if alarms.page_at_hours <= alarms.ticket_at_hours:
        yield Fault(
            "alarms.oldestPendingHourPageHours",
            f"is {alarms.page_at_hours} and the ticket comes at {alarms.ticket_at_hours} hours",
            "let the page come later than the ticket",
        )


def _unreached_regions(key: str, routes: Sequence[str], regions: Sequence[str]) -> Iterator[Fault]:
    """An alarm reaches topics of its own Region only; e-mail goes through a topic made beside it."""
    topics = {route.split(":")[3] for route in routes if route.startswith("arn:")}
    if not routes or any(not route.startswith("arn:") for route in routes):
        return
    for region in regions:
        if region not in topics:
            yield Fault(key, f"reaches nobody in {region}", "add a topic of that Region or an e-mail address")


def _unusual(stage: Stage) -> Iterator[Fault]:
    for name in stage.unusual.at_least_units:
        if name not in stage.sold:
            remedy = f"name any of {', '.join(stage.sold)}"
            yield Fault(f"unusual.atLeastUnits.{name}", "is not a dimension of this stage", remedy)
    if stage.unusual.times < 1:
        yield Fault("unusual.times", f"is {stage.unusual.times}", "set it above 1, for example to 5")
    looked_at = any(
        stage.unusual.at_least_units.get(each.name, 0 if each.price else -1) >= 0 for each in stage.dimensions.values()
    )
    if stage.unusual.hold and not looked_at:
        yield Fault(
            "unusual.hold",
            "is true, and no line is ever looked at: no dimension has a price",
            "give the dimensions their list prices, or name units in unusual.atLeastUnits",
        )


def _company(stage: Stage) -> Iterator[Fault]:
    key, region = stage.encryption_key_arn, stage.region
    if key and key.split(":")[3] != region:
        remedy = f"set it to the ARN of a KMS key in {region} (a key, not an alias), or leave it out"
        yield Fault("encryptionKeyArn", f"is {key!r}", remedy)
    if stage.domain:
        yield from _domain(stage.domain, region)
    for number, reporter in enumerate(stage.reporters):
        for name in reporter.dimensions or ():
            if name not in stage.sold:
                remedy = f"name any of {', '.join(stage.sold)}"
                yield Fault(f"reporters[{number}].dimensions", f"holds {name!r}", remedy)
        if reporter.principal in {other.principal for other in stage.reporters[:number]}:
            what = f"is {reporter.principal!r} twice"
            yield Fault(f"reporters[{number}].principal", what, "write one [[reporters]] table for it")


def _domain(domain: Domain, region: str) -> Iterator[Fault]:
    certificate, zone = domain.certificate_arn, domain.hosted_zone_name
    # A regional API takes a certificate of its own Region only (API Gateway Developer Guide, "Regional custom domain").
    if certificate.split(":")[3] != region:
        remedy = f"set it to the ARN of a certificate of ACM in {region}"
        yield Fault("domain.certificateArn", f"is {certificate!r}", remedy)
    if bool(domain.hosted_zone_id) != bool(zone):
        yield Fault("domain.hostedZoneId", "and hostedZoneName belong together", "give both or none")
    if zone and not f".{domain.name}".endswith(f".{zone}"):
        yield Fault("domain.hostedZoneName", f"is {zone!r}", f"name the zone that {domain.name} lies in")


def _limits(stage: Stage) -> Iterator[Fault]:
    if stage.request_burst < stage.requests_per_second:
        yield Fault(
            "requestBurst",
            f"is {stage.request_burst} and requestsPerSecond is {stage.requests_per_second}",
            "set it to at least one second's requests: the burst is what API Gateway takes at once",
        )
    for key, what, size in _environment(stage):
        if size > MOST_OF_ENVIRONMENT:
            yield Fault(
                key,
                f"{what} take {size} of the {MOST_OF_ENVIRONMENT} bytes that functions have for them",
                "name fewer, include less by name in the tiers, or deploy a product as a stage of its own",
            )


def _environment(stage: Stage) -> Iterator[tuple[str, str, int]]:
    """The parts of a stage that functions get in their environment: the key to name, the parts, and their bytes."""
    products = len(stage.products.to_json().encode())
    buyers = len(",".join(stage.test_buyers).encode())
    accounts = len(",".join(stage.test_accounts).encode())
    reporters = len(reporters_json(stage.reporters).encode())
    unusual = len(stage.unusual.to_json().encode())
    pages = len(stage.branding.to_json().encode())
    if stage.handover:
        pages += len(" ".join((stage.handover.url, *stage.handover.redirects)).encode())
    sold = "all products" if stage.lists_products else "dimensions and tiers"
    if stage.lists_products:
        yield "products", "with their dimensions and tiers", products
    else:
        yield "dimensions", "and tiers", products
    yield "unusual", f"with {sold}", products + unusual
    yield "testBuyers", f"with {sold} and unusual", products + unusual + buyers
    yield "testAccounts", f"with testBuyers, {sold}", products + accounts + buyers
    yield "reporters", f"with {sold}", products + reporters
    yield "branding", f"with handover, test accounts, {sold}", pages + products + accounts + buyers
