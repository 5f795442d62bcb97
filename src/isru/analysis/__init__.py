"""Exact mathematics that several chapters share: derivations and best approximations.

No measurements.
"""
