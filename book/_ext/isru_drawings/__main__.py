"""``python -m isru_drawings CACHE``: convert the figures that JSON on the standard input names."""

import json
import sys
from pathlib import Path

from isru_drawings.exports import convert

if __name__ == "__main__":
    for file, about in json.load(sys.stdin):
        convert(Path(file), about, Path(sys.argv[1]))
