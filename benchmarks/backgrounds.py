"""Templates with a heavy background, always the same. Not here: what is measured with them (month_end.py)."""

import base64
import io
import json
from pathlib import Path
from random import Random

from PIL import Image

from pdfme_dagster.templates.library import BUILT_IN_TEMPLATE

_SEED = 20250921
_WIDTH = 480  # pixels of three bytes that nothing compresses


def write_background_templates(folder: Path, *, kib: int) -> Path:
    """Fill a folder as TEMPLATES_DIR: the built-in template over a picture of so many KiB, on every page."""
    template = json.loads(BUILT_IN_TEMPLATE.read_text("utf-8"))
    picture = {
        "name": "background",
        "type": "image",
        "position": {"x": 0, "y": 0},
        "width": template["basePdf"]["width"],
        "height": template["basePdf"]["height"],
        "opacity": 0.1,
        "readOnly": True,
        "content": f"data:image/png;base64,{base64.b64encode(_draw_noise(kib)).decode()}",
    }
    template["basePdf"]["staticSchema"].insert(0, picture)
    (folder / "background.json").write_text(json.dumps(template), "utf-8")
    (folder / "templates.yaml").write_text("default: background.json\n", "utf-8")
    return folder


def _draw_noise(kib: int) -> bytes:
    height = max(1, (kib << 10) // (3 * _WIDTH))
    noise = Random(_SEED).randbytes(3 * _WIDTH * height)
    written = io.BytesIO()
    Image.frombytes("RGB", (_WIDTH, height), noise).save(written, "PNG")
    return written.getvalue()
