"""What a buyer used, is included and will be billed: one summary, as a page behind a link, as JSON and as CSV."""
