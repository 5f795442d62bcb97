"""Products of a matrix with one vector, at the speed of reading the matrix.

The only functions here whose sums are reassociated (and whose products may be fused with the
sums): the order of a sum of n terms changes its rounding by at most n half units, and nothing
about infinities or NaN.
"""

from __future__ import annotations

import numba

from isru.kernels.compiling import wide_vectors

_SUMS = {"reassoc", "contract"}


@numba.njit(nogil=True, fastmath=_SUMS)
def add_product(h, matrix, start, z):
    """Put start plus h times the matrix into z; shapes (K,), (K, N), (N,), (N,).

    By rows, four at a time, since z is then read and written once for four of them.
    """
    wide_vectors()
    for j in range(len(z)):
        z[j] = start[j]
    whole = len(h) - len(h) % 4
    for k in range(0, whole, 4):
        h_0, h_1, h_2, h_3 = h[k], h[k + 1], h[k + 2], h[k + 3]
        row_0, row_1, row_2, row_3 = matrix[k], matrix[k + 1], matrix[k + 2], matrix[k + 3]
        for j in range(len(z)):
            z[j] += h_0 * row_0[j] + h_1 * row_1[j] + h_2 * row_2[j] + h_3 * row_3[j]
    for k in range(whole, len(h)):
        factor, row = h[k], matrix[k]
        for j in range(len(z)):
            z[j] += factor * row[j]


@numba.njit(nogil=True, fastmath=_SUMS)
def product_transposed(matrix, dz, dh):
    """Put the matrix times dz into dh; shapes (K, N), (N,), (K,). Four rows share the loads."""
    wide_vectors()
    zero = dh.dtype.type(0)
    whole = len(dh) - len(dh) % 4
    for k in range(0, whole, 4):
        row_0, row_1, row_2, row_3 = matrix[k], matrix[k + 1], matrix[k + 2], matrix[k + 3]
        sum_0 = sum_1 = sum_2 = sum_3 = zero
        for j in range(len(dz)):
            sum_0 += row_0[j] * dz[j]
            sum_1 += row_1[j] * dz[j]
            sum_2 += row_2[j] * dz[j]
            sum_3 += row_3[j] * dz[j]
        dh[k], dh[k + 1], dh[k + 2], dh[k + 3] = sum_0, sum_1, sum_2, sum_3
    for k in range(whole, len(dh)):
        row, total = matrix[k], zero
        for j in range(len(dz)):
            total += row[j] * dz[j]
        dh[k] = total
