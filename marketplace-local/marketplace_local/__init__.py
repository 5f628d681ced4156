"""The local Marketplace: AWS Marketplace's metering and entitlement services on 127.0.0.1.

``python -m marketplace_local`` starts it (see ``README.md``); ``RULES.md`` has the rules by which it judges.
``server.LocalMarketplace`` serves in this process, ``in_process`` has clients without HTTP, and
``admin.MarketplaceAdmin`` is the client of its admin interface.

boto3 sends JSON 1.1 to both services, although the entitlement model lists smithy-rpc-v2-cbor first (a test holds it),
so this package has no CBOR. A request's signature names the Region.
"""
