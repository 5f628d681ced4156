"""Whether a notice of another product means that a product code of the stage is wrong.

EventBridge delivers the events of all of a seller's products, so such a notice alone means nothing.
"""

from collections.abc import Collection

from ledger.subscribers import Subscribers
from marketplace.notice import Notice


def misnamed(notice: Notice, codes: Collection[str]) -> str | None:
    """Why the notice itself shows that one of the stage's product codes is wrong; None if it does not. Pure."""
    if notice.source == "sns":
        return "it came by the topic of a productCode of this stage and names another one"
    if notice.product_id in codes:
        return "a productCode of this stage is the product's id, and not its code"
    return None


def doubt(notice: Notice, codes: Collection[str], subscribers: Subscribers) -> str | None:
    """Why people should look at the stage's product codes; None if the notice simply is another product's.

    While no subscriber is active every notice may be another product's, and people should know before the first buyer
    is lost.
    """
    found = misnamed(notice, codes)
    if found is not None:
        return found
    if notice.license_id is not None and subscribers.get(notice.license_id) is not None:
        return "its licence is one of this stage's subscribers"
    active, _ = subscribers.page_with_status("active", None, 1)
    return None if active else "no subscriber of this stage is active, so perhaps every notice names another product"
