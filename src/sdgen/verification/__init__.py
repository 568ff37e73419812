"""Is it true? A plan against the target it was written to: constraints by SQL, distributions against the plan's own."""
