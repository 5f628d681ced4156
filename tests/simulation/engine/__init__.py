"""Episodes in which a YAWL engine, and not an app, is what reports: its log, its announcements, and their traps."""
