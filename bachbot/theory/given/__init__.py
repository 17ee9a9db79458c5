"""Harmony that a user gives: chords as text, figures of a bass, and how phrases end."""
