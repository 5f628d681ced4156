"""Whether a form was posted by our own page, as far as the browser says. Pure.

A session is what lets a post write, and no other site knows a buyer's. But another site could post a session of its own
in a buyer's browser, and lead the buyer into the app with somebody else's purchase.
"""

from urllib.parse import urlsplit

from runtime.api_error import ApiError

#: Fetch Metadata (W3C): our own page, or the buyer itself, who reloads it.
_OURS = ("same-origin", "none")


def refuse_other_sites(sec_fetch_site: str | None, origin: str | None, host: str | None) -> None:
    """Raises ApiError cross_site where the headers of these names say that another site posted.

    A page with ``Referrer-Policy: no-referrer`` posts ``Origin: null`` (Fetch, "append a request Origin header"), so
    that older browsers, without Fetch Metadata, say nothing; programs say nothing either.
    """
    if sec_fetch_site:
        ours = sec_fetch_site.strip().lower() in _OURS
    else:
        ours = not origin or origin == "null" or urlsplit(origin).netloc == (host or "")
    if not ours:
        raise ApiError(403, "cross_site", "This request came from another website, and was not taken.")
