"""Templates in the format of pdfme: read, checked and made ready to draw."""
