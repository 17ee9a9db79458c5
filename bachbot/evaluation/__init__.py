"""Measures of models and of music.

Each measure is a module or a package that states its conventions, computes its metrics with pure
functions, and has one entry, `measure`, which validates its input and returns a frozen dataclass
with a ``to_json`` method.
"""
