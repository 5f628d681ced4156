"""A function of the hourly workflow is killed (SIGKILL) amidst its work: what it had begun is billed once all the same.

Where a test needs a moment between two effects, the request that comes next is held: at Marketplace, or on its way to
DynamoDB. What is still held when its sender dies was never sent.
"""

import pytest

from ledger import tables
from local.fault_proxy import ProxyFault
from local.replay.buyers import Buyer
from tests.local.stage.accounts import billed_all, times, use
from tests.local.stage.acting import Acting, wait_until
from tests.local.stage.workers import kill

pytestmark = [pytest.mark.local, pytest.mark.timeout(120)]

#: minutes after which an attempt of which nothing is heard is given up, and a little
GIVEN_UP = 2.5


def hold(acting: Acting, operation: str, buyer: Buyer | None = None, *, after: int = 0) -> ProxyFault:
    """The next such request on the metering records, or the one after so many, waits until it is let go."""
    return acting.stage.dynamodb_faults.arm(
        "slow",
        operation=operation,
        table=acting.stage.table_name(tables.METERING_RECORDS),
        containing=buyer.customer_identifier if buyer else "",
        after=after,
    )


def let_go(acting: Acting, held: ProxyFault) -> None:
    """Who has sent it is dead: it goes no further."""
    acting.stage.dynamodb_faults.disarm(held)
    wait_until(lambda: any(met.kind == "slow" for met in acting.stage.dynamodb_faults.log), "the request is over")
    assert [met.passed_on for met in acting.stage.dynamodb_faults.log if met.kind == "slow"] == [False]


@pytest.fixture(autouse=True)
def _fresh_log(acting: Acting) -> None:
    acting.stage.dynamodb_faults.log.clear()


def states(acting: Acting, *buyers: Buyer) -> list[str]:
    """Of each buyer's only record, sorted."""
    own = {buyer.customer_identifier for buyer in buyers}
    items = acting.stage.items(tables.METERING_RECORDS)
    return sorted(item["state"] for item in items if item["customerIdentifier"] in own)


def test_the_submitter_dies_while_marketplace_works(acting: Acting) -> None:
    (buyer,) = acting.arrive(1)
    use(acting, buyer)
    acting.close_hour()
    before = len(acting.calls())
    acting.stage.marketplace.arm("slow", seconds=1)
    arn = acting.start_run()
    wait_until(lambda: not acting.stage.marketplace.faults(), "the call has reached Marketplace")
    kill(acting, "submit-batch")
    assert acting.billed(buyer) == {}
    acting.pass_minutes(GIVEN_UP)
    assert acting.end_run(arn)["status"] == "SUCCEEDED"
    # what Marketplace had begun it does, before or after the call that asks for the answer that nobody heard
    wait_until(lambda: len(acting.calls()) == before + 2, "both calls are over")
    first, second = (
        {(r["dimension"], r["timestamp"], r["quantity"]) for r in call["results"]} for call in acting.calls()[before:]
    )
    assert first == second
    billed_all(acting, times(1, buyer), buyer)
    assert set(acting.verdicts(buyer).values()) == {"billed"}


def test_the_submitter_dies_between_the_answer_and_its_note(acting: Acting) -> None:
    (buyer,) = acting.arrive(1)
    use(acting, buyer)
    acting.close_hour()
    before = len(acting.calls())
    # the first is the attempt
    settling = hold(acting, "UpdateItem", buyer, after=1)
    arn = acting.start_run()
    wait_until(lambda: settling.met == 1, "the verdicts are on their way")
    billed = acting.billed(buyer)
    assert len(billed) == 5
    kill(acting, "submit-batch")
    let_go(acting, settling)
    assert set(acting.verdicts(buyer).values()) == {"pending"}
    acting.pass_minutes(GIVEN_UP)
    assert acting.end_run(arn)["status"] == "SUCCEEDED"
    assert len(acting.calls()) == before + 2
    assert acting.billed(buyer) == billed
    billed_all(acting, times(1, buyer), buyer)
    assert set(acting.verdicts(buyer).values()) == {"billed"}


def test_the_submitter_dies_between_its_attempt_and_the_call(acting: Acting) -> None:
    pair = acting.arrive(3)[::2]
    use(acting, *pair)
    acting.close_hour()
    before = len(acting.calls())
    # two license buyers share a call: one attempt is stored when it dies at the other's
    attempt = hold(acting, "UpdateItem", after=1)
    arn = acting.start_run()
    wait_until(lambda: attempt.met == 1, "the second attempt is on its way")
    kill(acting, "submit-batch")
    let_go(acting, attempt)
    assert acting.billed(*pair) == {}
    acting.pass_minutes(GIVEN_UP)
    assert acting.end_run(arn)["status"] == "SUCCEEDED"
    assert len(acting.calls()) - before in (1, 2)
    billed_all(acting, times(1, *pair), *pair)


def test_the_sealer_dies_amidst_a_page(acting: Acting) -> None:
    buyers = acting.arrive(4)
    use(acting, *buyers)
    acting.close_hour()
    sealing = hold(acting, "TransactWriteItems", after=2)
    arn = acting.start_run()
    wait_until(lambda: sealing.met == 1, "two hours are sealed, the third is on its way")
    assert states(acting, *buyers) == ["open", "open", "sealed", "sealed"]
    kill(acting, "seal-hours")
    let_go(acting, sealing)
    assert acting.end_run(arn)["status"] == "SUCCEEDED"
    billed_all(acting, times(1, *buyers), *buyers)


def test_two_runs_and_a_final_metering_at_once(acting: Acting) -> None:
    pair = acting.arrive(2)
    leaver, stays = pair
    acting.pass_minutes(60 * (1 - acting.now % 3600 / 3600) + 20)
    use(acting, *pair)
    acting.leave(leaver)
    wait_until(lambda: bool(acting.final_meterings(leaver)), "final metering is under way")
    acting.stage.marketplace.arm("slow", times=3, seconds=0.4)
    # past the leaver's last quarter of an hour and the minute of the hourly run
    acting.pass_minutes(51)
    runs = [acting.start_run(), acting.start_run()]
    ended = [acting.end_run(arn) for arn in runs]
    assert [run["status"] for run in ended] == ["SUCCEEDED", "SUCCEEDED"], ended

    def cancelled() -> bool:
        # what another has under way is tried again a minute later
        acting.pass_minutes(1 / 60)
        return bool(acting.get(leaver)["subscriptionStatus"] == "cancelled")

    wait_until(cancelled, "the leaver is metered to the end")
    acting.stage.meter()
    billed_all(acting, times(1, leaver, stays), leaver, stays)
    assert {verdict for buyer in pair for verdict in acting.verdicts(buyer).values()} == {"billed"}
