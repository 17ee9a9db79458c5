"""MIDI files, read into MusicXML."""
