"""What the chapter `neighbours` alone needs: its study, its figures, its tables."""
