"""Pin what the browser's modules are compiled to, of the present code and the published models."""

from isru import paths
from isru.files import write_atomically
from isru.records import to_json
from isru_book.browser import PINS, forecasters, pins, some_windows

networks = forecasters(paths.results() / "models")
held = pins(networks, some_windows().inputs)
write_atomically(paths.root() / "book" / PINS, to_json(held))
