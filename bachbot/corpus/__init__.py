"""Find, standardize, group and store Bach's chorales. `store` needs numpy alone."""
