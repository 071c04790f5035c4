"""Pictures of pages: the right page, the right size, never too large."""

import datetime as dt
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from pdfme_dagster.errors import ConfigurationError
from pdfme_dagster.rendering.details import Details
from pdfme_dagster.rendering.font_choice import FontChoice
from pdfme_dagster.rendering.preview import draw_preview
from pdfme_dagster.rendering.template_renderer import make_renderer
from pdfme_dagster.templates.library import RenderOptions
from pdfme_dagster_tests.rendering.designs import make_design, make_field


@pytest.fixture(scope="module")
def two_pages() -> bytes:
    """A PDF whose second page alone has something on it."""
    design = make_design([], [make_field("a", content="seen", readOnly=True)])
    details = Details(created=dt.date(2025, 1, 31))
    return make_renderer([design], FontChoice(), RenderOptions()).render_inputs([{}], details).content


@pytest.mark.parametrize(("page", "darkest"), [(1, 255), (2, 0)])
def test_the_page_that_is_asked_for_is_drawn(two_pages: bytes, page: int, darkest: int) -> None:
    with Image.open(BytesIO(draw_preview(two_pages, page=page))) as picture:
        assert picture.format == "PNG"
        assert picture.size == (394, 394)
        assert picture.convert("L").getextrema()[0] == pytest.approx(darkest, abs=60)


def test_a_picture_has_its_resolution_and_the_same_bytes_every_time(two_pages: bytes) -> None:
    content = draw_preview(two_pages, page=2, dpi=50)
    assert content == draw_preview(two_pages, page=2, dpi=50)
    with Image.open(BytesIO(content)) as picture:
        assert picture.size == (197, 197)
        assert picture.info["dpi"] == pytest.approx((50, 50), abs=0.1)


@pytest.mark.parametrize("page", [-1, 0, 3])
def test_a_page_that_is_not_there_is_told(two_pages: bytes, page: int) -> None:
    with pytest.raises(ConfigurationError, match=f"page {page} is not there: the document has 2"):
        draw_preview(two_pages, page=page)


@pytest.mark.parametrize("dpi", [-100, 9, 1201])
def test_odd_resolutions_are_refused(two_pages: bytes, dpi: int) -> None:
    with pytest.raises(ConfigurationError, match=f"{dpi} dpi is not from 10 to 1200"):
        draw_preview(two_pages, dpi=dpi)


def test_a_huge_page_is_refused_before_it_is_drawn() -> None:
    poster = make_design([]).base
    assert not isinstance(poster, bytes)
    huge = poster.model_copy(update={"width": 10_000, "height": 10_000})
    design = replace(make_design([]), base=huge)
    content = make_renderer([design], FontChoice(), RenderOptions()).render_inputs([{}], Details()).content
    with pytest.raises(ConfigurationError, match="pixels, more than 100,000,000; choose fewer dpi"):
        draw_preview(content, dpi=300)
