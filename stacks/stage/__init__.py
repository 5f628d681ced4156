"""A stage: what is sold (``stages/product.toml``) and how one deployment differs (``stages/<name>.toml``), checked.

Every fault is one line that names file, key and remedy (``StageError``). The keys are declared once (``product_keys``,
``stage_keys``, ``company_keys``, ``archive_keys``, ``reconciliation_keys``, ``event_keys``, ``engine_keys``,
``branding_keys``, ``registration_keys``, ``email_keys``, ``agreements_keys``); reading them, the editors' schemas and
the table of keys in docs/deploy.md (``describe``) all follow from that.
"""

from stacks.stage.faults import StageError
from stacks.stage.read import load, names
from stacks.stage.settings import (
    AgreementsSettings,
    AlarmSettings,
    ArchiveSettings,
    BackupSettings,
    Budget,
    Domain,
    Email,
    EngineNetwork,
    EventSettings,
    Handover,
    Operators,
    ReconciliationSettings,
    Registration,
    Stage,
    WebhookSettings,
)

__all__ = [
    "AgreementsSettings",
    "AlarmSettings",
    "ArchiveSettings",
    "BackupSettings",
    "Budget",
    "Domain",
    "Email",
    "EngineNetwork",
    "EventSettings",
    "Handover",
    "Operators",
    "ReconciliationSettings",
    "Registration",
    "Stage",
    "StageError",
    "WebhookSettings",
    "load",
    "names",
]
