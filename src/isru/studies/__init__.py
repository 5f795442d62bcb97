"""What several chapters share: tasks, arms, timed steps, comparisons paired by seed.

Nothing of one chapter alone.
"""
