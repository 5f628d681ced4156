"""AWS Marketplace as this system sees it: the client, identities, deadlines, faults, dimensions."""
