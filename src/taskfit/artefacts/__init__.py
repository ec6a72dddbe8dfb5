"""What was fitted, as files: JSON with a manifest, read strictly. Knows nothing of how it was fitted."""
