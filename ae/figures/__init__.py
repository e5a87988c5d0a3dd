"""What is drawn from trained runs: one file per family, arrays first, ink second."""
