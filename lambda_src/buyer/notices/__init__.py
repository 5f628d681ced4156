"""AWS Marketplace's notices: which a stage applies, to which customers, and what each changes."""
