"""Write golden.json anew: ``python tests/golden/regenerate.py``, by hand.

Run it only when the music is meant to change, and say in the commit why it does. It needs bachbot
importable, and the prepared corpus in ``BACHBOT_CACHE`` (``bachbot corpus prepare`` writes it).
"""

import json
import sys
import tempfile
from pathlib import Path

from golden_adapter import prepared_corpus
from golden_cases import CASES, EXPLAINED, GOLDEN, Runner, corpus_entries


def main() -> int:
    """Run every case, write the digests, and name the entries that changed."""
    corpus = prepared_corpus()
    if corpus is None:
        sys.stderr.write(
            "there is no prepared corpus in BACHBOT_CACHE: set it and run "
            "'python -m bachbot corpus prepare' first\n"
        )
        return 1
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(Path(folder))
        golden = {
            "cases": {name: runner.entry(name) for name in CASES},
            "explain": {EXPLAINED: runner.explanation()},
            "corpus": corpus_entries(corpus),
        }
    before = json.loads(GOLDEN.read_text("utf-8")) if GOLDEN.is_file() else {}
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n", "utf-8")
    changed = [
        name
        for group, entries in golden.items()
        for name, entry in entries.items()
        if before.get(group, {}).get(name) != entry
    ]
    sys.stdout.write(f"{GOLDEN}: {', '.join(changed) + ' changed' if changed else 'unchanged'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
