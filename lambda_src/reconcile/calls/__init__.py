"""Ledger and CloudTrail: what was sent, hour by hour, and what became of lines that may have been billed."""
