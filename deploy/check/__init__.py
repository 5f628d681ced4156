"""``make check STAGE=``: finds what would fail a deployment or lose money before it does. It only reads.

One file for each thing that it looks at: pure rules over AWS's answers, and the calls that fetch these.

    account.py       whose account it is, whose product it is, whether the Region is on and bootstrapped
    quotas.py        the account's capacity
    topics.py        the topics of Marketplace's notices
    catalog.py       the product and its public offers, from the Catalog API
    listing.py       the product and its public offers, held against the stage file
    fulfilment.py    where the listing sends buyers, and what answers there
    deployed.py      stacks, schedules, dead letters: only where the stage is deployed
    routes.py        whether notices and alarms reach anybody
"""
