"""Readers: MusicXML, MIDI, ABC and Humdrum kern, each brought to one tree and one grid."""
