"""Humdrum kern, read into MusicXML."""
