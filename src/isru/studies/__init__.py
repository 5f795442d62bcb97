"""What several chapters share: tasks, arms, timed steps, comparisons paired by seed.

Not here: what one chapter alone needs, and verdicts.

Nothing of one chapter alone.
"""
