"""The store of a listening test's answers: SQLite or PostgreSQL."""
