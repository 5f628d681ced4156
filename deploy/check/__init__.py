"""``make check STAGE=``: whatever is known to fail a deployment or lose money, told before it does. It only reads.

One file for each thing that is looked at: rules over what AWS answered, which are pure, and the asking of it.

    account.py       whose account it is, whose product it is, whether the Region is on and bootstrapped
    quotas.py        what the account must have room for
    topics.py        the topics of Marketplace's notices
    catalog.py       the product and its public offers, asked for
    listing.py       the product and its public offers, held against the stage file
    fulfilment.py    where the listing sends buyers, and what answers there
    deployed.py      stacks, schedules, dead letters: only where the stage is deployed
    routes.py        whether notices and alarms reach anybody
"""
