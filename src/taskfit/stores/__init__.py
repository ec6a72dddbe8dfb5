"""Where records, keys, kept responses, review cases, their messages and labels are kept."""
