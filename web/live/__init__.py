"""Page contexts from the database."""
