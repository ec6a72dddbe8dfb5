"""Which model first."""
