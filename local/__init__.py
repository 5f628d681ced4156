"""What runs on the developer's own machine: the local cloud, the local Marketplace and the one command over both."""
