"""What the chapter `accuracy` alone needs: its tasks, their training, its tables and figures.

Not here: how octaves are computed and judged; that is `isru.studies.octaves`.
"""
