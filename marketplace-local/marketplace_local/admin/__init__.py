"""The admin interface: products, buyers, settings, clock, faults and the log (``README.md`` has its table)."""

from marketplace_local.admin.client import AdminRefused, MarketplaceAdmin

__all__ = ["AdminRefused", "MarketplaceAdmin"]
