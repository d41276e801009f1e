"""What one would write in a hurry: the same figures of a JSON log by a plain loop."""

import json
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path

windows: Counter[tuple[str, str]] = Counter()
durations: dict[str, list[float]] = {"all": [], "hit": [], "generated": []}
with Path(sys.argv[1]).open(encoding="utf-8") as lines:
    for line in lines:
        event = json.loads(line)
        if event["event"] != "image_request":
            continue
        minute = datetime.fromisoformat(event["ts"]).strftime("%H:%M")
        windows[minute, "requests"] += 1
        windows[minute, event["cache"]] += 1
        windows[minute, "errors"] += event["status"] >= 500
        durations["all"].append(event["duration_ms"])
        if event["cache"] == "hit":
            durations["hit"].append(event["duration_ms"])
        if event["generation_time_ms"] is not None:
            durations["generated"].append(event["duration_ms"])
for name, values in durations.items():
    values.sort()
    quantiles = [values[int(len(values) * share)] for share in (0.5, 0.95, 0.99)]
    sys.stdout.write(f"{name}: {len(values)} {quantiles}\n")
sys.stdout.write(f"{len(windows)} counts\n")
