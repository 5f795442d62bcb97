"""What the chapter `lstm` alone needs: its study, its figures, its tables."""
