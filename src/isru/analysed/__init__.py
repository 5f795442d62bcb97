"""Vector loops on cores that are not at hand: compiled for each, and held against its ports.

Not here: what is timed on a machine (`isru.bench`), and instructions counted one by one as they
run (`isru.emulator`).

`isru.analysed.table` says what a loop takes; `kernels` holds the loops' C, `cores` the cores,
`assembly` finds the loop that a compiler made, and `osaca` asks OSACA, a program of others, which
ports each instruction needs.
"""
