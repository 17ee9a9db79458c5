"""Music theory on the grid: rules of part-writing, chords, keys, numerals, cadences. numpy only."""
