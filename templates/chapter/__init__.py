"""What the chapter `new-chapter` alone needs: its study, its figures, its tables."""
