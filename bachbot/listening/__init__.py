"""The listening test: paired trials, the store of answers, and what they show."""
