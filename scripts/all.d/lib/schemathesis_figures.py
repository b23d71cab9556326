"""Says in one line what a run of Schemathesis has checked, by its report.

usage: schemathesis_figures.py REPORT VERSION
"""

import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    report = json.load(file)
operations, cases = report["operations"], report["test_cases"]
print(
    f"scripts/all.d/schemathesis: {operations['tested']} of {operations['selected']} operations, "
    f"{cases['generated']} requests in {report['running_time']:.0f} s with seed {report['seed']}, Schemathesis {sys.argv[2]}: "
    f"{cases['unique_failures']} kinds of failures, {cases['errored']} errors"
)
if operations["tested"] != operations["total"]:
    sys.exit("not every operation was asked for")
