"""Settle lines: store how each one ended, from Marketplace's answers or at its deadline."""
