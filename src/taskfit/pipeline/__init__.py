"""The walk, a file per step."""
