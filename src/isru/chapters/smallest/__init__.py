"""What the chapter `smallest` alone needs: its study, its figures, its tables."""
