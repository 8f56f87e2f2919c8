"""Makes the table of benchmarks/server.yml, from its results as JSON on stdin, into the file named, and prints it.

Where there were several numbers of clients, it draws the rate beside it.
"""

import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path

from plot import plot


def middle(results, value):
    """The median of the rounds; where there was nothing to measure, None."""
    found = [value(result) for result in results]
    return statistics.median(found) if found and None not in found else None


def cpu_ms(result):
    """What the server's processes computed for each request that went well."""
    used = sum(unit["cpu_s"] - result["before"][name]["cpu_s"] for name, unit in result["after"].items())
    return used * 1000 / result["load"]["count"] if result["load"]["count"] else None


def memory_mib(result):
    return sum(unit["memory_mib"] for unit in result["after"].values())


def shown(*values, digits=3):
    """Numbers to so many digits that count, as one cell."""
    return " / ".join("-" if value is None else f"{float(f'{value:.{digits}g}'):g}" for value in values)


def ratio(one, other):
    return f"**{one / other:.2f}**" if one and other else "-"


given = json.load(sys.stdin)
by_work = defaultdict(lambda: defaultdict(list))
for result in given["results"]:
    by_work[result["work"]][result["by"]].append(result)

lines = [
    f"{given['machine']}. Rounds: {max(len(of) for by in by_work.values() for of in by.values())}, of which the medians; lab / old page.",
    "",
    "| work, clients | a second | ratio | p50, ms | p95, ms | CPU of a request, ms | memory, MiB | failed |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
]
for work, by in by_work.items():
    if "lab" not in by:
        continue
    pair = [by["lab"], by["seed"]]
    rates = [middle(results, lambda result: result["load"]["per_second"]) for results in pair]
    cells = [
        shown(*rates),
        ratio(*rates),
        *(
            shown(*(middle(results, lambda result, key=key: result["load"][key]) for results in pair))
            for key in ("p50_ms", "p95_ms")
        ),
        shown(*(middle(results, cpu_ms) for results in pair)),
        shown(*(max(map(memory_mib, results)) for results in pair)),
        " / ".join(str(sum(result["load"]["failed"] for result in results)) for results in pair),
    ]
    lines.append(f"| {work} | {' | '.join(cells)} |")

files = {work: by for work, by in by_work.items() if work.startswith(("put", "get"))}
if files:
    lines += [
        "",
        "| a file of | MB/s through the lab | by its links | by boto3 alone | through the lab / boto3 | by its links / boto3 |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
for work, by in files.items():
    name = work.replace("put", "upload").replace("get", "download")
    size = int(work.partition(":")[2].split()[0])
    *lab, store = (
        size * middle(of, lambda result: result["load"]["per_second"])
        for of in (by_work[name]["lab"], by_work[name]["links"], by["seed"])
    )
    cells = [*map(shown, (*lab, store)), *(ratio(speed, store) for speed in lab)]
    lines.append(f"| {name.split(':')[0]}, {size} MB | {' | '.join(cells)} |")

for result in given["results"]:
    if result["load"]["failed"]:
        lines += ["", f"{result['work']} by {result['by']}: {result['load']['first_failure']}"]

path = Path(sys.argv[1])
path.write_text("\n".join(lines) + "\n")
rates = defaultdict(dict)
for work, by in by_work.items():
    if work.startswith("log_metric "):
        for name, results in by.items():
            rates[name][int(work.partition(" x")[2])] = middle(results, lambda result: result["load"]["per_second"])
if max(map(len, rates.values()), default=0) > 1:
    titles = {"lab": "the lab, TLS and log-in", "seed": "the old page's line, neither"}
    lines_drawn = {titles[name]: points for name, points in rates.items()}
    plot(path.with_suffix(".svg"), lines_drawn, "programs that log at once", "values a second")
print("\n".join(lines))
