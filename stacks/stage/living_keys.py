"""The keys of a stage file for what the app and the buyer see while a subscription lives: ``[access]``,
``[usagePage]``."""

from buyer.access_terms import AccessRules
from buyer.usage_page.settings import PageSettings
from stacks.stage.compound_kinds import Table, Texts
from stacks.stage.kinds import Key, OneOf, Whole

_ACCESS = Table(
    make=AccessRules,
    remedy="write it as a table: staleAfterHours, whenStale, cacheSeconds",
    keys={
        "staleAfterHours": Key(
            Whole(1, 720),
            "For so long the app may go by what was known last: while a contract's newer facts are missing, and while"
            " the API cannot be reached.",
            default=AccessRules.stale_after_hours,
        ),
        "whenStale": Key(
            OneOf(("refuse", "allow")),
            "What then: `refuse` may lock out a buyer who pays, `allow` may let in one who does not.",
            default=AccessRules.when_stale,
        ),
        "cacheSeconds": Key(
            Whole(0, 3600),
            "For so long an app may use an answer again before it asks anew; a revoked access lasts as long.",
            default=AccessRules.cache_seconds,
        ),
    },
)

_USAGE_PAGE = Table(
    make=PageSettings,
    remedy="write it as a table: linkHours, embedIn, history",
    keys={
        "linkHours": Key(
            Whole(1, 168),
            "For so long a link works. Short, because whoever has the link sees the usage.",
            default=PageSettings.link_hours,
        ),
        "embedIn": Key(
            Texts(
                pattern=r"https://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?",
                remedy='list origins, for example ["https://app.your-company.com"], or leave it out',
                values="list of origins",
                at_most=5,
            ),
            "Origins of your app that may show the page in a frame. Left out: nobody may.",
            default=(),
        ),
        "history": Key(
            Whole(0, 12),
            "Months before the running one that the page shows. Each costs a buyer that is busy in every hour some 90"
            " read units a view.",
            default=PageSettings.history,
        ),
    },
)

LIVING_KEYS = {
    "access": Key(
        _ACCESS, "How the API answers whether a customer [may use the product](access.md).", default=AccessRules()
    ),
    "usagePage": Key(
        _USAGE_PAGE, "A page on which a buyer sees [its usage](buyers-page.md). Left out: there is none.", default=None
    ),
}
