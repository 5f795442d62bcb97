"""What the chapter `isru` alone needs: its study, its figures, its tables."""
