"""``python -m yawl_metering_agent`` is the command ``yawl-metering-agent``."""

from yawl_metering_agent.command import main

raise SystemExit(main())
