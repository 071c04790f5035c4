"""PDFs in memory between render and store: what many of them have in common, like a background, only once.

Not here: what is in a PDF, or where it goes.
"""

from dataclasses import dataclass, field

from pdfme_dagster.domain.statement import RenderedPdf

# What stands between the dictionary of a stream and its bytes, and ends each stream: cut there, fonts and
# backgrounds are pieces of their own, whichever way the PDF was written.
_CUT = b"stream\n"
# Shorter ones are hardly ever the same, and looking costs.
_SHARED_BYTES = 1 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPdf:
    """One PDF in pieces, which may be other PDFs' too."""

    pieces: tuple[bytes, ...]
    pages: int
    template: str
    template_digest: str

    def join(self) -> bytes:
        """Return the PDF's bytes, exactly as they were rendered."""
        return _CUT.join(self.pieces)


@dataclass(frozen=True, slots=True)
class PdfKeeper:
    """Keeps the PDFs of one batch."""

    _shared: dict[bytes, bytes] = field(default_factory=dict)

    def keep(self, pdf: RenderedPdf) -> KeptPdf:
        """Return a PDF without bytes that another one has been kept with."""
        return KeptPdf(
            pieces=tuple(map(self._share, pdf.content.split(_CUT))),
            pages=pdf.pages,
            template=pdf.template,
            template_digest=pdf.template_digest,
        )

    def _share(self, piece: bytes) -> bytes:
        return piece if len(piece) < _SHARED_BYTES else self._shared.setdefault(piece, piece)
