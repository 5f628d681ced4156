"""Final metering: the last hours of a cancelled customer are sealed and sent within Marketplace's hour of grace."""
