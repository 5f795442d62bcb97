"""Data: the figures of the original study, and the sets that the experiments use."""
