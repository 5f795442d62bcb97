"""Publishing: what papermill and jupyter-book do not do.

Not here: anything that computes a result.
"""

from isru.publish.parameters import settle_parameters

__all__ = ["settle_parameters"]
