"""The one trainer: stacks of members, their batches and noise, optimisers, checkpoints."""
