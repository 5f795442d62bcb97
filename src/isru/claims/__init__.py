"""Claims and their verdicts: ``book/claims.yml`` and a run's values in, one word a claim out.

Not here: how a value came about; it is read from a run.

The words, the first that applies: *not testable here* (the hardware is absent), *not measured
yet* (the run holds no such metric), *inconclusive*, *refuted* or *worse*, *depends on ...*,
*confirmed*, *equivalent*, *non-inferior*, *confirmed but negligible*. `isru.claims.rules` says
what each one takes.
"""

from isru.claims.beside import TwoVerdicts, verdicts_beside
from isru.claims.catalogue import Claim, Condition, load_claims
from isru.claims.findings import Finding
from isru.claims.plainly import plainly, rule_in_words, what_to_do
from isru.claims.verdicts import Verdict, read_run_values, read_runs, verdicts

__all__ = [
    "Claim",
    "Condition",
    "Finding",
    "TwoVerdicts",
    "Verdict",
    "load_claims",
    "plainly",
    "read_run_values",
    "read_runs",
    "rule_in_words",
    "verdicts",
    "verdicts_beside",
    "what_to_do",
]
