"""Sound of a score: its notes in time, the instruments of a soundfont, the room, the level."""
