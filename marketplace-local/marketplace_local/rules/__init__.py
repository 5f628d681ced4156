"""What AWS Marketplace accepts, as pure functions. Each names its rule by the id of its row in ``RULES.md``."""
