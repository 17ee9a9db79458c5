"""A listening test: pairs of clips, the website and storage of answers, and their analysis."""
