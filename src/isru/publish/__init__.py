"""Publishing: what papermill and jupyter-book do not do."""

from isru.publish.parameters import settle_parameters

__all__ = ["settle_parameters"]
