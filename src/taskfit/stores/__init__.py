"""Where records and keys are kept."""
