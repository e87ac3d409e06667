"""Validates logs by the JSON schema of SARIF. Usage: validate_sarif.py SCHEMA LOG...

Prints what is wrong, a line for each fault, and exits with 1 when there is any.
"""

import json
import sys

from jsonschema import Draft7Validator, FormatChecker


def main():
    schema_path, *paths = sys.argv[1:]
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    Draft7Validator.check_schema(schema)
    formats = FormatChecker()
    for name in ("uri", "uri-reference"):
        if name not in formats.checkers:
            sys.exit(f"the validator cannot check the format {name}: run tests/peers/venv.sh sarif")
    validator = Draft7Validator(schema, format_checker=formats)
    faults = 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            log = json.load(file)
        for error in validator.iter_errors(log):
            print(f"{path}: {error.json_path}: {error.message}")
            faults += 1
    print(f"{len(paths)} logs, {faults} faults")
    sys.exit(1 if faults else 0)


main()
