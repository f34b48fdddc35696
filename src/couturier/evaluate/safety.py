"""The safety filter's rates by profile, from the audit that drawing's own checkers left."""

from pathlib import Path

from couturier.evaluate.records import FilterRate
from couturier.evaluate.statistics import measure_rate
from couturier.generate.records import BLOCK, PASS, REVIEW, read_audit


def measure_filter(looks_dir: Path) -> tuple[FilterRate, ...]:
    """Measure how often the filter stops the catalogue's photographs; () where nobody asked it."""
    audit = read_audit(looks_dir)
    if audit is None:
        return ()
    rates = []
    for profile, verdicts in audit.catalogue.items():
        passed, review, blocked = (verdicts.get(word, 0) for word in (PASS, REVIEW, BLOCK))
        rates.append(
            FilterRate(
                profile=profile,
                alarms=measure_rate(review + blocked, passed + review + blocked),
                blocked=blocked,
                looks=audit.looks.get(profile, {}),
            )
        )
    return tuple(rates)
