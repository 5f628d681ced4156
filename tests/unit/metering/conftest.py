"""Before the handlers are imported: Powertools reads the metrics' namespace when it is made."""

import os

os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "YawlMarketplaceMetering/test")
