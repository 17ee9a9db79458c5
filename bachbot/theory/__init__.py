"""Music theory on the grid: cadences. numpy only."""
