"""The lookahead network in NumPy: its config, folded weights, encoder, datastore and stepper."""
