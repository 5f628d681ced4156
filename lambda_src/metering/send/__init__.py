"""Send the lines of sealed hours to BatchMeterUsage: planned into batches, paced, and each attempt stored first."""
