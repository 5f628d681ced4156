"""What every function needs: settings, metric names, the logger, the clock."""
