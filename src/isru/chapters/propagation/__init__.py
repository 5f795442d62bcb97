"""What the chapter `propagation` alone needs: its study, its figures, its tables."""
