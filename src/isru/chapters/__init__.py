"""What one chapter alone needs, a folder each. No chapter imports another.

Not here: what a second chapter needs; that goes to `isru.studies` or `isru.analysis`.
"""
