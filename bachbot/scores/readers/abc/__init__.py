"""ABC notation, read into MusicXML."""
