"""What the chapter `characters` alone needs: its study, its figures, its tables."""
