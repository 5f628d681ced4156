"""Ledger and AWS Marketplace's own books: usage by day, invoices by month."""
