"""A listening test made: pairs chosen, clips written, a folder that runs offline."""
