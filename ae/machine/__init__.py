"""The machine at work: its threads, what it is, what a run used of it."""
