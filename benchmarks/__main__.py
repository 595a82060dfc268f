"""`make bench`: what the gateway costs, beside its references in the same run.

Scenarios are measured one after another; each prints its tables and its goals, reached or missed.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
import traceback
from pathlib import Path

from benchmarks.machine import load_average, machine, now, sentence
from benchmarks.report import Ran, as_json, section, write_page
from benchmarks.scenarios import SCENARIOS, Scenario, named


def main() -> None:
    """Measure, print as it comes, keep what was asked to be kept."""
    asked = _parser().parse_args()
    if asked.list:
        print(_listed())
        return
    _allow_many_files()
    here, runs, failed = machine(), list[Ran](), list[str]()
    print(f"{sentence(here)}; load generator on the same cores\n", flush=True)
    for one in [named(name) for name in asked.scenario] or SCENARIOS:
        sizes = _sizes(one, asked)
        print(f"## {one.name}: {one.measures}\n", flush=True)
        before, began_s = load_average(), time.perf_counter()
        try:
            outcome = one.run(**sizes)
        except Exception:  # the others are measured all the same; the end says which failed
            failed.append(one.name)
            traceback.print_exc()
            continue
        command = _command(one, asked)
        runs.append(Ran(one.name, one.measures, command, now(), before, time.perf_counter() - began_s, here, outcome))
        print(section(runs[-1]), flush=True)
        if asked.json:  # after each, so that an end before the end loses little
            asked.json.write_text(as_json(runs), encoding="utf-8")
        if asked.write:
            write_page(asked.write, runs[-1:])
    if failed:
        sys.exit(f"not measured: {', '.join(failed)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [one.name for one in SCENARIOS]
    parser.add_argument(
        "--scenario", action="append", default=[], choices=names, metavar="NAME", help="this one alone; again for more"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small sizes: everything in under two minutes on a quiet machine"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures as JSON")
    parser.add_argument(
        "--write", type=Path, metavar="PAGE", help="write the tables into the generated blocks of a page"
    )
    parser.add_argument("--list", action="store_true", help="what there is to measure")
    for one in SCENARIOS:
        for name, size in one.sizes.items():
            parser.add_argument(
                f"--{name.replace('_', '-')}",
                type=type(size.full),
                metavar="N",
                help=f"{one.name}: {size.full:,} ({size.quick:,} with --quick)",
            )
    return parser


def _sizes(one: Scenario, asked: argparse.Namespace) -> dict[str, float]:
    """What was asked for, else what the scenario says."""
    given = {name: getattr(asked, name) for name in one.sizes}
    return {
        name: given[name] if given[name] is not None else (size.quick if asked.quick else size.full)
        for name, size in one.sizes.items()
    }


def _command(one: Scenario, asked: argparse.Namespace) -> str:
    """How to measure this scenario again."""
    words = ["make bench", f"SCENARIO={one.name}", *(["QUICK=1"] if asked.quick else [])]
    own = [
        f"--{name.replace('_', '-')} {getattr(asked, name)}" for name in one.sizes if getattr(asked, name) is not None
    ]
    return " ".join([*words, *([f'BENCH_ARGS="{" ".join(own)}"'] if own else [])])


def _listed() -> str:
    rows = ["| scenario | measures | goal | beside, in the same run | sizes (quick) |", "|---|---|---|---|---|"]
    for one in SCENARIOS:
        sizes = ", ".join(
            f"{name.replace('_', ' ')} {size.full:,} ({size.quick:,})" for name, size in one.sizes.items()
        )
        rows.append(f"| {one.name} | {one.measures} | {one.goal} | {one.reference} | {sizes} |")
    return "\n".join(rows)


def _allow_many_files() -> None:
    """A thousand clients are a thousand sockets on either side."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    main()
