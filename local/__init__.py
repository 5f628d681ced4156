"""The developer's own machine as AWS: the local cloud, the in-memory DynamoDB, and ``make run`` over both."""
