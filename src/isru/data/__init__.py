"""Data: the figures of the original study, and the sets that the experiments use.

Not here: what is learned from the data, and files that a run makes.
"""
