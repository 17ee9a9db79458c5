"""Preference tuning: a trained network learns which of two versions of a piece is better.

`pairs` are what is learned from, `steps` the loss, `guards` what must not be lost, `run` a run.
"""
