"""A buyer arrives: Marketplace's form POST, the registration page, and what is stored about the buyer."""
