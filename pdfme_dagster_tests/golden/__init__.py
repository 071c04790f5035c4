"""The corpus: invented templates, one theme each, with inputs and with what pdfme draws of them.

Not here: our renderer; ../rendering/test_against_pdfme.py holds it against the corpus.

``python -m pdfme_dagster_tests.golden.make_templates`` writes templates/ and inputs/; with ``--references``
also references.json, for which pdfme must be installed (../oracle).
"""
