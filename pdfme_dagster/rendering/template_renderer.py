"""Renderers made of templates, fonts and options: what the pipeline, the command line and checks share.

Not here: which statement gets which template (statements.py, templates/library.py).
"""

from collections.abc import Sequence
from dataclasses import replace

from pdfme_dagster.rendering.fields import Brush
from pdfme_dagster.rendering.font_choice import FontChoice
from pdfme_dagster.rendering.preparing import prepare_template
from pdfme_dagster.rendering.renderer import Renderer
from pdfme_dagster.templates.library import RenderOptions
from pdfme_dagster.templates.schema import Template


def make_renderer(
    templates: Sequence[Template], fonts: FontChoice, options: RenderOptions, *, keep_texts: bool = False
) -> Renderer:
    """Get templates ready that a document's pages take turns in; TemplateError lists what is wrong.

    With ``keep_texts`` expressions take values as texts; pdfme takes what looks like a number for one.
    """
    brush = replace(make_brush(fonts, options), keep_texts=keep_texts)
    drawables = [prepare_template(each, brush, optimise=options.optimise_base_pdf) for each in templates]
    return Renderer(drawables, pdf_a=options.pdf_a)


def make_brush(fonts: FontChoice, options: RenderOptions) -> Brush:
    """Return what draws fields as the options say."""
    return Brush(
        book=fonts.make_book(options.missing_glyph or "box"),
        language=options.language,
        overflow=options.overflow,
        pdf_a=options.pdf_a,
        refuse_missing=options.missing_glyph in (None, "error"),
    )
