"""What is shown of hours that are not sealed yet is what sealing would decide now."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buyer.usage_page.summary import running_month
from ledger.balance import Balance
from ledger.metering_record import MeteringRecord
from ledger.subscriber import HeldEntitlement, Subscriber
from marketplace.dimensions import Dimension
from marketplace.products import Product
from marketplace.tiers import Tier
from metering.seal.seal_rules import seal_dimension
from runtime.clock import from_iso

MONTH = "2026-11"
START = int(from_iso("2026-11-15T08:00:00Z"))
BUYER = Subscriber(
    customer_identifier="l-1",
    integration="license",
    status="active",
    entitlements=(HeldEntitlement("basic", None, "1"),),
)
PLAIN = Subscriber(customer_identifier="l-1", integration="license", status="active")

units = st.decimals(0, 10_000, places=3)


def product(dimension: Dimension, allowance: Decimal | None) -> Product:
    tiers = () if allowance is None else (Tier("basic", {dimension.name: allowance}),)
    model = "subscription" if allowance is None else "contract-with-consumption"
    return Product(
        code="p", integration="license", pricing_model=model, dimensions={dimension.name: dimension}, tiers=tiers
    )


def open_hour(hour: int, counted: dict[str, Decimal]) -> MeteringRecord:
    return MeteringRecord(
        customer_identifier="l-1",
        hour=hour,
        state="open",
        version=1,
        counted={("d", period): each for period, each in counted.items()},
    )


@given(
    counted=st.dictionaries(st.sampled_from([MONTH, "2026-10"]), units, min_size=1),
    used=units,
    share=st.integers(0, 99),
    allowance=st.none() | st.just(Decimal(-1)) | units,
    scale=st.sampled_from([10, 1000]),
    decimals=st.sampled_from([0, 3]),
)
def test_one_open_hour_is_shown_as_sealing_would_seal_it(
    counted: dict[str, Decimal], used: Decimal, share: int, allowance: Decimal | None, scale: int, decimals: int
) -> None:
    dimension = Dimension(name="d", unit="unit", scale=scale, decimals=decimals)
    # What is left over never fills the smallest quantity that is billed.
    left = Decimal(share) / 100 * scale * Decimal(1).scaleb(-decimals)
    taken = {} if allowance is None else {("d", MONTH): used}
    shown = running_month(
        MONTH,
        [open_hour(START, counted)],
        PLAIN if allowance is None else BUYER,
        product(dimension, allowance),
        Balance(customer_identifier="l-1", remainder={"d": left}, used=taken),
        START + 60.0,
    ).uses[0]
    sealed = seal_dimension(
        dimension,
        counted,
        allowance=allowance,
        used={period: each for (_, period), each in taken.items()},
        remainder=left,
    )
    assert shown.included == sum(sealed.included.values())
    assert shown.billable == sealed.quantity
    assert shown.recorded == counted.get(MONTH, 0)


def test_two_open_hours_share_the_allowance() -> None:
    dimension = Dimension(name="d", unit="unit")
    hours = [open_hour(START, {MONTH: Decimal(6)}), open_hour(START + 3600, {MONTH: Decimal(6)})]
    shown = running_month(
        MONTH, hours, BUYER, product(dimension, Decimal(10)), Balance(customer_identifier="l-1"), START + 60.0
    ).uses[0]
    assert (shown.recorded, shown.included, shown.billable) == (12, 10, 2)


@pytest.mark.parametrize("period", ["contract"])
def test_an_allowance_of_a_whole_contract_is_no_months(period: str) -> None:
    dimension = Dimension(name="d", unit="unit")
    sold = product(dimension, Decimal(10))
    whole = Product(**{**vars(sold), "allowance_period": period})
    shown = running_month(MONTH, [], BUYER, whole, Balance(customer_identifier="l-1"), START + 60.0).uses[0]
    assert (shown.allowance, shown.percent) == (None, None)


def test_a_dimension_that_the_stage_has_no_more_is_shown_by_its_name() -> None:
    dimension = Dimension(name="other", unit="unit")
    month = running_month(
        MONTH,
        [open_hour(START, {MONTH: Decimal(6)})],
        PLAIN,
        product(dimension, None),
        Balance(customer_identifier="l-1"),
        START + 60.0,
    )
    assert [(use.dimension.name, use.recorded) for use in month.uses] == [("other", 0), ("d", 6)]
