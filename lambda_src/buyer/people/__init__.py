"""Mails at the moments of a buyer's life that need a person: to the vendor's people, and to the buyer."""
