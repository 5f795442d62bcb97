"""What the chapter `convolutions` alone needs: its study, its figures, its tables."""
