"""Where the corpus lies, and with which fonts it is drawn.

Not here: what the templates show (texts.py and its neighbours), and writing them (make_templates.py).
"""

import json
from importlib.resources import files
from pathlib import Path

from pdfme_dagster_tests.golden.expanding import list_expanding_themes
from pdfme_dagster_tests.golden.fields import Inputs, Theme
from pdfme_dagster_tests.golden.figures import list_figure_themes
from pdfme_dagster_tests.golden.pages import list_page_themes
from pdfme_dagster_tests.golden.tables import list_table_themes
from pdfme_dagster_tests.golden.texts import list_text_themes

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
INPUTS = HERE / "inputs"
REFERENCES = HERE / "references.json"
FALLBACK = "Roboto"


def list_themes() -> list[Theme]:
    """Return every theme, in the order of the modules."""
    return [
        *list_text_themes(),
        *list_expanding_themes(),
        *list_table_themes(),
        *list_figure_themes(),
        *list_page_themes(),
    ]


def list_names() -> list[str]:
    """Return the names of the written templates that have inputs, ours included."""
    return sorted(path.stem for path in INPUTS.glob("*.json"))


def find_template(name: str) -> Path:
    """Return the file of a template; several inputs of one template differ after ``--``."""
    return TEMPLATES / f"{name.partition('--')[0]}.json"


def find_inputs(name: str) -> Path:
    """Return the file of a template's inputs."""
    return INPUTS / f"{name}.json"


def read_inputs(name: str) -> Inputs:
    """Return a template's inputs."""
    inputs: Inputs = json.loads(find_inputs(name).read_text(encoding="utf-8"))
    return inputs


def list_fonts() -> dict[str, Path]:
    """Return the fonts that the corpus names, from the package that we ship with."""
    folder = Path(str(files("font_roboto"))) / "files"
    styles = {
        "Roboto": "Regular",
        "Roboto-Bold": "Bold",
        "Roboto-Italic": "Italic",
        "Roboto-BoldItalic": "BoldItalic",
    }
    return {name: folder / f"Roboto-{style}.ttf" for name, style in styles.items()}
