"""What the chapter `frontier` alone needs: its study, its figures, its tables."""
