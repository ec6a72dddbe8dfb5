"""Dialects: bytes and JSON to values and back; pure functions."""
