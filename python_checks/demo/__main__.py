"""Command line: `python -m data_health.demo [folder]` writes the seeds (default `seeds/demo`)."""

import sys
from pathlib import Path

from data_health.demo.clinic import write_demo

if __name__ == "__main__":
    for path in write_demo(Path(sys.argv[1] if len(sys.argv) > 1 else "seeds/demo")):
        print(f"{path}: {path.stat().st_size:,} bytes")
