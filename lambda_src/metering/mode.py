"""The stage's ``meteringMode``: whose usage is sent. Pure.

A line that the mode does not allow is held: it stays pending, so that another mode may still send it, until Marketplace
no longer takes it. Then it ends ``not_sent``.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mode:
    """name: ``off``, ``dry-run``, ``test-buyers`` or ``live``. test_buyers: whom ``test-buyers`` sends for."""

    name: str
    test_buyers: frozenset[str] = frozenset()

    def sends(self, customer_identifier: str) -> bool:
        """Whether this customer's lines go to Marketplace."""
        return self.name == "live" or (self.name == "test-buyers" and customer_identifier in self.test_buyers)

    def plans(self, customer_identifier: str) -> bool:
        """Whether this customer's lines are planned: what is sent, and in ``dry-run`` what would be."""
        return self.name == "dry-run" or self.sends(customer_identifier)
