"""The errors that the command line shows as sentences, without a traceback."""

from isru.errors import CompendiumError, DamagedFile, in_words

__all__ = ["CompendiumError", "DamagedFile", "in_words"]
