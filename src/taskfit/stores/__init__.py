"""Where records, keys and kept responses are kept."""
