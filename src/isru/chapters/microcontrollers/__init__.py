"""What the chapter `microcontrollers` alone needs: its study, its figures, its tables."""
