"""The local Marketplace: AWS Marketplace's metering and entitlement services on 127.0.0.1, the judge of exactly-once.

Start: ``python -m marketplace_local --port 0`` prints one line ``{"url": "http://127.0.0.1:<port>"}`` when it is ready;
in one process, ``marketplace_local.server.LocalMarketplace`` (``start()``, ``stop()``, ``url``, ``state``).
Point functions at it with ``AWS_ENDPOINT_URL_MARKETPLACE_METERING`` and
``AWS_ENDPOINT_URL_MARKETPLACE_ENTITLEMENT_SERVICE``, both set to that URL. Whoever looks at the listing (the Catalog
API's ListEntities and DescribeEntity, REST-JSON) uses ``AWS_ENDPOINT_URL_MARKETPLACE_CATALOG``, the same URL. Its clock
is ``clock.MovableClock``.

Its rules are ``marketplace_local.rule_book`` as data and ``marketplace_local.rules`` as code; for people
``docs/local-marketplace.md``. Without HTTP: ``marketplace_local.in_process``, for tests and simulations.

AWS's interface (``POST /``, routed by ``X-Amz-Target``, JSON 1.1, signed for ``aws-marketplace``; the Region is the one
that the request is signed for): ResolveCustomer, BatchMeterUsage, GetEntitlements. boto3 1.44.5 sends JSON 1.1 to both
services although the entitlement model lists smithy-rpc-v2-cbor first (a test holds it), so there is no CBOR here.

The admin interface (JSON, loopback only; ``marketplace_local.admin.MarketplaceAdmin`` is its client). Times are ISO
8601 with a zone, ``at`` defaults to now by the Marketplace's clock. Errors: ``{"error": {"code", "message"}}``, 400 to
404.

===========================================  ==========================================================================
POST /_local/products                        ``{productCode, integration: license|legacy|mixed, dimensions: [names],
                                             contractDimensions: [names], region}`` → the product
POST /_local/products/{productCode}/listing  ``{title?, entityType?, visibility?, fulfilmentUrl?}`` → what the Catalog
                                             API says of it from now on
POST /_local/buyers                          ``{productCode, kind: license|legacy, accountId?, entitlements?:
                                             [{dimension, value, expiresAt?}], activatedAt?: ISO | "now"}`` → the buyer:
                                             ``{id, kind, token, accountId, customerIdentifier (legacy only),
                                             licenseArn, agreementId, offerId, productCode, suspended, periods,
                                             entitlements}``.
                                             ``id`` is the billing key: customerIdentifier, or the licence's trailing id
GET  /_local/buyers, /_local/buyers/{id}     the buyers (without tokens)
POST /_local/buyers/{id}/activate            ``{at?}``: the agreement starts (a second one after an end re-subscribes)
POST /_local/buyers/{id}/end                 ``{at?}``: the agreement ends; usage is taken for one more hour
POST /_local/buyers/{id}/suspend, /resume    AWS suspends the buyer's account, and no longer
POST /_local/buyers/{id}/entitlements        ``{entitlements: [...]}`` replaces them (upgrade, renewal)
POST /_local/buyers/{id}/token               → ``{token}``: a new registration token, valid for 4 hours (tokenMinutes)
POST /_local/settings                        ``{identicalResend?: "Success"|"DuplicateRecord", emptyPages?: bool,
                                             callsPerSecond?: number, tokenMinutes?: number, usageAfterEnd?: "Success"|
                                             "InvalidLicenseException"}`` → all settings
POST /_local/faults                          one fault (see ``marketplace_local.faults``): ``{kind, times?, ...}``
GET, DELETE /_local/faults                   the armed faults; DELETE disarms all, those at random too
POST /_local/random-faults                   faults at random (see ``marketplace_local.random_faults``): ``{seed, rates:
                                             {kind: 0..1}, operations?, error?, seconds?}``, counting calls from 1
GET /_local/random-faults                    the same, with ``calls`` counted so far
GET  /_local/log?after=&limit=               ``{calls: [...], next}``: every call of AWS's interface, oldest first
GET  /_local/log/accepted?after=&limit=      ``{accepted: [{seq, productCode, buyer, identity, region, dimension, hour,
                                             timestamp, quantity, meteringRecordId, at}], next}``: what will be billed
GET  /_local/summary                         ``{calls, records, accepted, duplicates, identical, rejected, unprocessed,
                                             otherRegion, billedTwice}``; records = accepted + duplicates + rejected +
                                             unprocessed, see ``marketplace_local.call_log``
GET  /_local/health                          ``{status: "ok", now}``
GET  /                                       the log as a page for people
===========================================  ==========================================================================
"""
