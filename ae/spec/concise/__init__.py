"""The concise way in which a spec is written down, and what it stands for."""
