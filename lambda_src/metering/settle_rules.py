"""What Marketplace's answer means for a line. Pure.

Source: botocore model, ``UsageRecordResult.Status``, which has exactly three values.
"""

SUCCESS = "Success"
NOT_SUBSCRIBED = "CustomerNotSubscribed"
DUPLICATE = "DuplicateRecord"


def verdict_of(status: str, *, unanswered_others: bool) -> str | None:
    """The verdict for a status; None for one the model does not know: the line then counts as not answered.

    DuplicateRecord: another quantity is on file for this hour, a ``conflict``; unless another attempt of ours is
    unanswered, which may have put our own there (identical resends are answered so by one reading of the
    documentation): then it is ``presumed_on_file``, and reconciliation looks.
    """
    if status == DUPLICATE:
        return "presumed_on_file" if unanswered_others else "conflict"
    return {SUCCESS: "billed", NOT_SUBSCRIBED: "not_subscribed"}.get(status)


def detail_of(verdict: str, advised_since: str | None) -> str | None:
    """What people should know beside a verdict. A buyer whose account AWS suspects of closure, compromise or fraud is
    answered as not subscribed (UsageRecordResult: "or the account is suspended").

    advised_since: since when an advisory has been open for the buyer; None if there is none.
    """
    if verdict != "not_subscribed" or advised_since is None:
        return None
    return f"AWS Marketplace has had an advisory open for this buyer since {advised_since}"
