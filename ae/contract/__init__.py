"""Whether a model keeps the contract by which one trainer trains many seeds."""
