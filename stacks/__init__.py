"""The deployment: a stack wires constructs, a construct is small and knows no stage.

To add a function: one ``functions.add`` in ``door_functions``, ``hourly_functions`` or ``final_functions``: handler,
settings class, what it reads and updates (example: ``settle-hours``). A new setting gets its value in
``function_settings``. To add a dimension: its section in ``stages/product.toml`` (``docs/deploy.md``); no code changes.
To add an alarm: see ``stacks.constructs.alarms``.
"""

from stacks.node import use_pinned_node

# ``aws_cdk`` starts Node as soon as it is imported.
use_pinned_node()
