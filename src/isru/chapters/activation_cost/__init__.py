"""What the chapter `activation-cost` alone needs: its study, its figures, its tables."""
