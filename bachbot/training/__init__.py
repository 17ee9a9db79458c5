"""Training: data, objectives, the training loop with its saved state, and hyperparameter search.

Training itself needs only torch, numpy, safetensors and the prepared corpus file; plots need
matplotlib, and the search needs optuna.
"""
