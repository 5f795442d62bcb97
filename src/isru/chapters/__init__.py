"""What one chapter alone needs, a folder each. No chapter imports another."""
