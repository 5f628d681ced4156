"""The notices' table: notices that changed nothing, for people to read, and notices that wait for their subscriber.

An item lives for 90 days; one that says whose an agreement is lives for ever, one of a hand-over for a day. Items hold
identifiers and times, never personal data.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ledger.item_update import ItemUpdate
from ledger.reading import every_page
from ledger.tables import SCHEMA, WAITING_NOTICES_INDEX
from runtime import clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

KEPT_SECONDS = 90 * 86400
#: The key of an item about an agreement begins with this; no notice's id contains a #.
AGREEMENT = "agreement#"
#: The key of an item about a moment that people were told of begins with this.
TOLD = "told#"
#: The key of an item about a redeemed hand-over begins with this.
HANDOVER = "handover#"


class Notices:
    """Notices by id. Keeping one again changes nothing: notices are delivered at least once."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def keep(
        self,
        notice_id: str,
        *,
        reason: str,
        at: float,
        content: Mapping[str, Any],
        now: float,
        detail: str | None = None,
    ) -> bool:
        """Keep a notice of that event time (epoch seconds) for people; False if it was kept already.

        content: its message without personal data. detail: a sentence that says more than the reason does.
        """
        item = {"reason": reason, "at": clock.iso(at), "content": dict(content)}
        return self._put(notice_id, item | ({"detail": detail} if detail else {}), now)

    def wait(self, notice_id: str, waits_for: str, *, reason: str, notice: Mapping[str, Any], now: float) -> bool:
        """Keep a notice until a subscriber is bound to what it waits for; False if it was kept already."""
        return self._put(
            notice_id, {"reason": reason, WAITING_NOTICES_INDEX.hash.name: waits_for, "notice": dict(notice)}, now
        )

    def waiting(self, waits_for: str) -> Iterable[Mapping[str, Any]]:
        """The items that wait for something: ``noticeId`` and ``notice``. The index is eventually consistent."""
        return every_page(
            self._table.query,
            IndexName=WAITING_NOTICES_INDEX.name,
            KeyConditionExpression=f"{WAITING_NOTICES_INDEX.hash.name} = :what",
            ExpressionAttributeValues={":what": waits_for},
        )

    def is_another_products(self, agreement_id: str) -> bool:
        """True if a licence of this agreement was seen to be another product's."""
        return "Item" in self._table.get_item(Key={"noticeId": f"{AGREEMENT}{agreement_id}"})

    def another_products(self, agreement_id: str, now: float) -> None:
        """Note that an agreement is another product's: its own events do not say so, and may come years later."""
        self._put(f"{AGREEMENT}{agreement_id}", {"reason": "wrong_product"}, now, for_ever=True)

    def applied(self, notice_id: str, now: float) -> None:
        """Note that a waiting notice found its subscriber: it no longer waits, and stays until its 90 days are over."""
        change = ItemUpdate(self._table.name, {"noticeId": notice_id}).set({"appliedAt": clock.iso(int(now))})
        change.remove(WAITING_NOTICES_INDEX.hash.name).when(change.exists("noticeId"))
        self._table.update_item(**change.request())

    def use_up(self, handover_id: str, *, until: float, now: float) -> bool:
        """Note that a hand-over (``buyer.handover``) was redeemed; False if it was before. until: epoch seconds, from
        which it is refused anyway."""
        return self._put(f"{HANDOVER}{handover_id}", {}, now, kept=max(0, int(until - now)) + 86400)

    def is_told(self, once: str) -> bool:
        """Whether people were told of this moment (``buyer.people``)."""
        return "Item" in self._table.get_item(Key={"noticeId": f"{TOLD}{once}"}, ConsistentRead=True)

    def told(self, once: str, now: float) -> None:
        """Note that people were told of this moment."""
        self._put(f"{TOLD}{once}", {}, now)

    def _put(
        self, notice_id: str, item: Mapping[str, Any], now: float, *, for_ever: bool = False, kept: int = KEPT_SECONDS
    ) -> bool:
        try:
            self._table.put_item(
                Item={
                    **item,
                    "noticeId": notice_id,
                    "schema": SCHEMA,
                    "createdAt": clock.iso(int(now)),
                    **({} if for_ever else {"expiresAt": int(now) + kept}),
                },
                ConditionExpression="attribute_not_exists(noticeId)",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True
