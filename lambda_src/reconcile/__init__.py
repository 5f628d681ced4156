"""Compares the ledger with three other books: CloudTrail's log of calls, the seller's usage feed, and invoices."""
