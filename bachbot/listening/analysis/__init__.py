"""Statistics of a listening test: exclusions, proportions, mixed models, power and charts."""
