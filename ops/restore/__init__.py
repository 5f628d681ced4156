"""After tables were restored from a backup: nothing that Marketplace has by then is billed a second time."""
