"""The one error that the command line shows as a sentence, without a traceback."""


class CompendiumError(Exception):
    """Something that the user can put right; the message says how."""
