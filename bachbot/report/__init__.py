"""The whole evaluation as one report: sections, their cache, figures and documents."""
