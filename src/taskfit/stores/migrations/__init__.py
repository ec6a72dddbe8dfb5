"""The steps from one schema to the next. Run by migrate.py; there is no alembic.ini."""
