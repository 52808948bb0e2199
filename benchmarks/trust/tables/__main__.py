"""Random tables as people have them: read rightly, guessed and said so, refused, or wrong.

    python -m benchmarks.trust.tables --files 2000

Each file is made from its number and the seed: a layout, a way to write times and numbers, lines
above and below, an encoding and a format. What is read of it is compared with what was written.

Reads:   the code of this project, in its current state
Writes:  the counts, the reasons of refusals and each wrong file to standard output; exit code 1 if
         a file was read wrongly without a note that says so
"""

import argparse
import re
import sys
import tempfile
import warnings
from collections import Counter, defaultdict
from pathlib import Path
from random import Random

from benchmarks.scratch import markdown
from benchmarks.trust.tables.making import make_table
from benchmarks.trust.tables.oracle import VERDICTS, Judged, first_lines, judge
from rnnlab.core.errors import InputError, exit_code
from rnnlab.core.stage import make_parser

EXAMPLES = 3


def main(arguments: argparse.Namespace) -> None:
    warnings.simplefilter("ignore")
    counts: Counter[str] = Counter()
    by_layout: dict[str, Counter[str]] = defaultdict(Counter)
    reasons: dict[str, list[str]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.first, arguments.first + arguments.files):
            made = make_table(Random(f"{arguments.seed} {number}"), Path(folder))
            try:
                judged = judge(made)
            except AssertionError as error:
                judged = Judged("wrong", str(error))
            counts[judged.verdict] += 1
            by_layout[made.kind.partition(",")[0]][judged.verdict] += 1
            if judged.verdict == "wrong":
                print(f"{number} is wrong: {made.kind}\n{judged.why}\n{first_lines(made.path)}\n")
            elif judged.verdict != "read":
                reason = f"{judged.verdict}: {_reason(judged.why, made.path)}"
                reasons[reason].append(f"{number} {made.kind}")
    rows = [[each, *(str(by_layout[each][verdict]) for verdict in VERDICTS)] for each in by_layout]
    rows = [*sorted(rows), ["all", *(str(counts[verdict]) for verdict in VERDICTS)]]
    print(markdown(["layout", *VERDICTS], rows))
    for reason, files in sorted(reasons.items(), key=lambda each: -len(each[1])):
        print(f"\n{len(files)} {reason}")
        print("\n".join(f"    {each}" for each in files[:EXAMPLES]))
    if counts["wrong"]:
        raise InputError(f"{counts['wrong']} files were read wrongly in silence")


def _reason(why: str, path: Path) -> str:
    """A message without what differs from file to file."""
    why = why.replace(f"{path}: ", "")
    return re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "…", why)[:160]


if __name__ == "__main__":
    parser = make_parser(__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="number of the first file")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.exit(exit_code(lambda: main(given)))
