"""Whether an answer is good enough."""
