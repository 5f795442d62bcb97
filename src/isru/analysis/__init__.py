"""Exact mathematics that several chapters share: derivations and best approximations.

Not here: measurements, and what one chapter alone derives.

No measurements.
"""
