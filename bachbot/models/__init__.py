"""Model definitions in torch, one file a kind, and the registry that builds them."""
