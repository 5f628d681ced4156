"""What AWS Marketplace accepts and what it answers, as pure functions; each names the source of its rule.

Sources: "botocore model" is the documentation inside botocore 1.44.5's service models (``meteringmarketplace``
2016-01-14, ``marketplace-entitlement`` 2017-01-11), which AWS's API references are made of; "user guide" is the AWS
Marketplace Seller Guide; "AWS skill" is AWS's own agent skill ``aws-marketplace-metering``. Where AWS says nothing,
the stricter reading is taken and the docstring says "undocumented".
"""
