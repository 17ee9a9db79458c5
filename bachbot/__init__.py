"""bachbot: composes and harmonises chorales as Bach might have."""

__version__ = "0.1.0"
