"""`couturier doctor`: what will run here."""

import json
import sys

from couturier import pipeline
from couturier.cli.options import Json
from couturier.cli.tables import print_facts

NAME = "doctor"


def command(as_json: Json = False) -> None:
    """Say what this machine has: device, precision, versions, disk, and the bases it can load."""
    facts = pipeline.doctor()
    if as_json:
        sys.stdout.write(json.dumps(facts, ensure_ascii=False) + "\n")
    else:
        print_facts(facts)
