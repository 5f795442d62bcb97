"""Source notebooks for the tests of the pipeline."""

import nbformat

CHECK = "from isru.publish import settle_parameters\nsettle_parameters({name!r}, globals())"


def write_notebook(
    root, name, body, *, parameters=None, kind="tolerance", needs=(), measures=False
):
    """Write a source notebook; ``body`` is a list of code cells or ("figure", code) pairs."""
    new = nbformat.v4
    cells = [new.new_markdown_cell("# A title\n\nAn answer.", id="title")]
    imports = "from isru.recorded import read_values\nfrom isru.records import Record"
    start = f"{imports}\nrecord = Record({name!r})"
    cells.append(new.new_code_cell(start, id="imports"))
    if parameters:
        tags = {"tags": ["parameters"]}
        cells.append(new.new_code_cell(parameters, id="parameters", metadata=tags))
        cells.append(new.new_code_cell(CHECK.format(name=name), id="check-parameters"))
    for number, code in enumerate(body):
        cells.append(new.new_code_cell(code, id=f"cell-{number}"))
    metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
        "isru": {
            "kind": kind,
            "needs": list(needs),
            "measures": measures,
            "budget_minutes": {"smoke": 1, "quick": 1, "full": 1},
        },
    }
    notebook = new.new_notebook(cells=cells, metadata=metadata)
    path = root / "notebooks" / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path
