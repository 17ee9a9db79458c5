"""Measures of models and music, one module a measure. numpy only."""
