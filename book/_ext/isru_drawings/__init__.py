"""The files of a figure beside its SVG; apart from the extension, so that it starts quickly."""
