"""Readers of MusicXML, MIDI, ABC and Humdrum kern; each returns a MusicXML tree."""
