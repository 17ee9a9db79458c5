"""Export of a listening test: pairs of clips, and a folder that works without a server."""
