"""The values of the functions' settings, by name, from a stage and its tables."""

import json

from stacks.data import DataStack
from stacks.marketplace_events import notices_of
from stacks.seller_role import seller_settings
from stacks.stage import Stage
from usage import reporters


def function_settings(stage: Stage, data: DataStack) -> dict[str, str]:
    """Values of names in ``runtime.settings``. A function gets only those that its own settings class names."""
    return {
        "SUBSCRIBERS_TABLE": data.subscribers.name,
        "USAGE_EVENTS_TABLE": data.usage_events.name,
        "METERING_RECORDS_TABLE": data.metering_records.name,
        "STATE_TABLE": data.state.name,
        "NOTICES_TABLE": data.notices.name,
        "AUDIT_TABLE": data.audit.name,
        "CURRENCY": stage.currency,
        "DATASET_BUCKET": stage.reconciliation.dataset_bucket or "",
        "DATASET_PREFIX": stage.reconciliation.dataset_prefix,
        "PRODUCTS": stage.products.to_json(),
        "PRODUCT_CODE": ",".join(stage.products.codes),
        "PRODUCT_IDS": json.dumps(stage.product_ids, separators=(",", ":")),
        "BRANDING": stage.branding.to_json(),
        "REGISTRATION_FIELDS": json.dumps(dict(stage.registration.asked), separators=(",", ":")),
        "CONFIRM_WITHIN_SECONDS": str(stage.registration.confirm_within_seconds),
        "HANDOVER_URL": stage.handover.url if stage.handover else "",
        "HANDOVER_REDIRECTS": " ".join(stage.handover.redirects) if stage.handover else "",
        "HANDOVER_ISSUER": f"yawl-metering/{stage.name}",
        "ACCESS": stage.access.to_json(),
        "USAGE_PAGE": stage.usage_page.to_json() if stage.usage_page else "",
        "REPORTERS": reporters.to_json(stage.reporters),
        "NOTICES_OF": notices_of(stage),
        "METERING_REGION": stage.region,
        "METERING_MODE": stage.metering_mode,
        "TEST_BUYERS": ",".join(stage.test_buyers),
        "UNUSUAL": stage.unusual.to_json(),
        "SEAL_DELAY_MINUTES": str(stage.seal_delay_minutes),
        "PENDING_SHARDS": str(stage.pending_shards),
        "CALLS_PER_SECOND": str(stage.calls_per_second),
        "SUBMIT_CONCURRENCY": str(stage.submit_concurrency),
        **seller_settings(stage),
    }
