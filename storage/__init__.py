"""SQLAlchemy base, engine, session and alembic migrations."""
