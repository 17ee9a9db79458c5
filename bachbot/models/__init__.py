"""The networks in torch, and the stepper that runs any causal one of them."""
