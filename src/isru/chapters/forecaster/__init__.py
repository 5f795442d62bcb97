"""What the chapter `forecaster` alone needs: its study, its figures, its tables."""
