"""The designs that ours is compared with, rebuilt from their descriptions: as small as they are, and no worse."""
