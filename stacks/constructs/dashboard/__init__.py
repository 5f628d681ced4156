"""The dashboard of a stage, laid out by question: a module for each, in the order in which a person asks them.

``money``: is money flowing. ``late``: is it late. ``lost``: is something lost. ``affected``: who is affected.
``well``: is the system well. ``engines``: the YAWL engines, where the stage has any. Each returns rows of panels, and
``dashboard`` puts them below each other. Metrics are those of ``runtime.metric_names`` and of AWS.
"""
