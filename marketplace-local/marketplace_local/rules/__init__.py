"""What AWS Marketplace accepts, as pure functions. Each names its rule by the id of its row in ``RULES.md``.

A function whose rule is broken raises ServiceError with AWS's error class, which is all that its docstring names, and
with the rule's id.
"""
