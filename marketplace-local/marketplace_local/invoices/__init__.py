"""What AWS bills the buyers of a product: invoices, credit memos and the seller's data feeds."""
