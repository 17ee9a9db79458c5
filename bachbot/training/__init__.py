"""Training: data in lanes, the loop, its saved state, and the search for sizes.

Needs torch, numpy and safetensors alone, and the one prepared corpus file; figures want
matplotlib and the search optuna.
"""
