"""The lookahead network in NumPy: its weights, its encoder, and one token at a time."""
