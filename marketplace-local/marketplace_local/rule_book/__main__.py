"""Prints ``docs/local-marketplace.md``."""

from marketplace_local.rule_book.page import markdown

print(markdown(), end="")
