"""Prints ``docs/local-marketplace.md``."""

from local.marketplace.rule_book.page import markdown

print(markdown(), end="")
