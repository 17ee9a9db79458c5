"""Storage of a listening test's answers in SQLite or PostgreSQL."""
