"""What the last release was: names that no later one may change, and the templates that it deployed.

``python -m tests.releases.record`` (``make record``) writes both anew, as part of a release.
"""
