"""One file per revision. A revision never imports schema.py: it says what the tables were on its day."""
