"""The HTTP API: routes, callers of other accounts, a domain, a firewall."""
