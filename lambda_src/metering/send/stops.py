"""Products whose lines rest after a fault of the whole product, where a stage sells several: those of others go on."""

from dataclasses import dataclass, field

from ledger.run_tally import RunTally
from marketplace.products import Products
from runtime import telemetry

#: Seconds for which a copy of the submitter sends nothing more of a product. Final metering asks again every minute.
REST = 50.0

logger = telemetry.logger("metering")


@dataclass(frozen=True)
class Stops:
    """What this copy knows of stopped products, and where the run's report learns of them."""

    products: Products
    tally: RunTally
    _until: dict[str, float] = field(default_factory=dict)

    @property
    def ends_the_run(self) -> bool:
        """Whether a fault of a product stops the run: there is no other product whose lines could be sent."""
        return len(self.products) == 1

    def rests(self, product_code: str, now: float) -> bool:
        """Whether nothing of this product is sent now."""
        return now < self._until.get(product_code, 0.0)

    def stop(self, run: str, product_code: str, reason: str, now: float) -> None:
        """Let a product's lines rest, and note it for the run's report, which fails the run and names the product."""
        self._until[product_code] = now + REST
        self.tally.stopped(run, product_code, reason, now)
        product = self.products.of(product_code)
        logger.error("product stopped", product=product.named if product else product_code, reason=reason)
