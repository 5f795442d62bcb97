"""What the chapter `processors` alone needs: the rule that predicts, and what it is held against.

Not here: how a kernel is timed, compiled or emulated (`isru.bench`, `isru.emulator`).
"""
