"""Engraved pages: SVG, PNG and PDF by verovio."""
