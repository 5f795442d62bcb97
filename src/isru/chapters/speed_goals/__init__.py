"""What the chapter `speed-goals` alone needs: its study, its figures, its tables."""
