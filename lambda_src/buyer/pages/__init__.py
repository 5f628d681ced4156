"""What every page for buyers shares: layout, style, languages and the vendor's branding. A page has no script."""
