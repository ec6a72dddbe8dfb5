"""Upstreams. connection.py alone knows the HTTP client."""
