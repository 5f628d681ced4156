"""docs/costs.md: what a stage costs a month, from its templates, measured units and AWS's prices."""
