"""What the chapter `exp-free` alone needs: its study, its figures, its tables."""
