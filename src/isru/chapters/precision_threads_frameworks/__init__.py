"""What the chapter `precision-threads-frameworks` alone needs: its studies and figures."""
