"""What the chapter `published-evidence` alone needs: its study, its figures, its tables."""
