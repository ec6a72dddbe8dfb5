"""Model cards and their prices."""
