"""CloudTrail's event history of BatchMeterUsage calls, and LookupEvents over it."""
