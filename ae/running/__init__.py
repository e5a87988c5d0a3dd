"""From a spec to its record: trains its stacks, measures, draws, writes; several specs at once."""
