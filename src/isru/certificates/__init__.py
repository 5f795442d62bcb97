"""Certificates: what a look at every float32 input of an activation found, made and read.

Not here: what an activation promises, which its own file says.
"""

from isru.certificates.reading import load_certificates

__all__ = ["load_certificates"]
