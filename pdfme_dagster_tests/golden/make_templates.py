"""Writes the corpus: templates, inputs and, with ``--references``, what pdfme draws of them.

Not here: what the templates show.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from pdfme_dagster_tests.golden import corpus
from pdfme_dagster_tests.golden.references import describe_pdf, write_references
from pdfme_dagster_tests.golden.statements import list_statement_inputs
from pdfme_dagster_tests.oracle import MISSING, Job, find_oracle


def list_files() -> dict[Path, str]:
    """Return what every generated file holds, by its path."""
    contents: dict[Path, Any] = {}
    for theme in corpus.list_themes():
        contents[corpus.find_template(theme.name)] = theme.template
        contents[corpus.find_inputs(theme.name)] = theme.inputs
    for name, inputs in list_statement_inputs().items():
        contents[corpus.find_inputs(name)] = inputs
    return {path: json.dumps(each, indent=1, ensure_ascii=False) + "\n" for path, each in contents.items()}


def list_jobs() -> dict[str, Job]:
    """Return pdfme's jobs by name, with the fonts that we ship."""
    return {
        name: Job(
            template=corpus.find_template(name),
            inputs=corpus.find_inputs(name),
            fonts=corpus.list_fonts(),
            fallback=corpus.FALLBACK,
        )
        for name in corpus.list_names()
    }


def refresh_references() -> None:
    """Let pdfme draw the corpus and write what came out."""
    oracle = find_oracle()
    if oracle is None:
        raise SystemExit(MISSING)
    jobs = list_jobs()
    drawn = zip(jobs, oracle.render(list(jobs.values())), strict=True)
    write_references(corpus.REFERENCES, {name: describe_pdf(content) for name, content in drawn})


def main() -> None:
    """Write the files that the arguments ask for."""
    parser = argparse.ArgumentParser(description="Write the corpus of templates.")
    parser.add_argument("--references", action="store_true", help="also let pdfme draw it (node is needed)")
    wanted = parser.parse_args()
    for folder in (corpus.TEMPLATES, corpus.INPUTS):
        folder.mkdir(exist_ok=True)
    for path, content in list_files().items():
        path.write_text(content, encoding="utf-8")
    if wanted.references:
        refresh_references()


if __name__ == "__main__":
    main()
