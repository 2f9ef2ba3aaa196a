# SPDX-License-Identifier: Apache-2.0
"""Compare forward passes of this project and its peers in interleaved rounds.

    python scripts/bench.py OUT.json ROUNDS CORES NAME=COMMAND ...

Each command is a process that answers the name of a case with milliseconds, as
cmd/benchforward, cmd/benchinteger, peer_torch.py and peer_runtimes.py do, or with "-"
where it lacks the network. In a round every process runs every case in its turn, so that
whatever else the machine does falls on all of them alike: the ratios count, not the digits.
A turn lasts at least TURN_MS milliseconds and two runs, of which the median without the
first counts. During the first, the caches hold the data of the process before it, whose
threads may still wait for work. The ratios refer to the first NAME, or to the one called
OTHER in a NAME of the form "SELF / OTHER". Behind the rounds each case runs in a process of
its own, whose largest resident memory is printed.

CORES is the number of cores that all of them may use, 0 for all. With other work
on the machine 1 is fair and more is not: PyTorch's threads wait for one another
after every operation, and wait long for one that is not scheduled.
"""

import json
import os
import pathlib
import re
import shlex
import statistics
import subprocess
import sys

# A case is a network, then a batch of ready pictures, or the files of so many pictures, which
# are decoded, resized, run, and answered with their classes.
CASES = ["B1-224/batch1", "B1-224/batch8", "Seg-B0-704x960/batch1", "B1-224/jpeg32", "Seg-B0-704x960/jpeg8"]

TURN_MS = 100


def start(command):
    return subprocess.Popen(["env", *shlex.split(command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def turn(process, case):
    """The milliseconds of a process's runs of a case in one turn: none where it lacks the
    case, None where the process has ended."""
    ms = []
    while sum(ms) < TURN_MS or len(ms) < 2:
        print(case, file=process.stdin, flush=True)
        answer = process.stdout.readline().strip()
        if not answer:
            return None
        if answer == "-":
            return []
        ms.append(float(answer))
    return ms


def quartiles(ms):
    """The bounds of the middle half."""
    if len(ms) < 2:
        return [ms[0], ms[0]]
    first, _, third = statistics.quantiles(ms, n=4, method="inclusive")
    return [first, third]


def peak_mb(command, case):
    """The largest resident memory of a process of its own that runs a case, plus that of
    each process that it has started then, in MB. Pages that several of them share count for
    each. None where the system does not say it or the
    peer lacks the case."""
    process = start(command)
    print(case, file=process.stdin, flush=True)
    answer = process.stdout.readline().strip()
    peak = resident(process.pid) if answer not in ("", "-") else None
    process.stdin.close()
    process.wait()
    return peak


def resident(pid):
    folder = pathlib.Path(f"/proc/{pid}")
    try:
        found = re.search(r"VmHWM:\s*(\d+) kB", (folder / "status").read_text(encoding="utf-8"))
        children = (folder / f"task/{pid}/children").read_text(encoding="utf-8").split()
    except OSError:
        return None
    return int(found[1]) / 1000 + sum(resident(child) or 0 for child in children) if found else None


def main(out, rounds, cores, *peers):
    if int(cores):  # inherited by what is started
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(cores)])
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    commands, others = {}, {}
    for peer in peers:
        name, command = peer.split("=", 1)
        name, _, other = name.partition(" / ")
        commands[name], others[name] = command, other
    reference = next(iter(commands))
    for name, other in others.items():
        if other not in ("", *commands):
            sys.exit(f"bench.py: {name} refers to {other}, which is no peer")
    processes = {name: start(command) for name, command in commands.items()}
    times = {(case, name): [] for case in CASES for name in processes}
    load = []
    for _ in range(int(rounds)):
        load.append(os.getloadavg()[0])
        for case in CASES:
            for name, process in processes.items():
                ms = turn(process, case)
                if ms is None:
                    sys.exit(f"bench.py: {name} ended at {case}")
                if len(ms) > 1:
                    times[case, name].append(statistics.median(ms[1:]))
    rows = []
    for (case, name), ms in times.items():
        if not ms:
            continue
        base = times[case, others[name] or reference]
        rows.append(
            {
                "case": case,
                "peer": name,
                "reference": others[name] or reference,
                "rounds": len(ms),
                "min_ms": min(ms),
                "median_ms": statistics.median(ms),
                "quartiles_ms": quartiles(ms),
                "min_ratio": min(ms) / min(base) if base else None,
                "median_ratio": statistics.median(a / b for a, b in zip(ms, base)) if base else None,
            }
        )
    for process in processes.values():
        process.stdin.close()
        process.wait()
    for row in rows:
        row["peak_mb"] = peak_mb(commands[row["peer"]], row["case"])
    path = pathlib.Path(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cores": cores, "load": load, "rows": rows}, indent=1) + "\n", encoding="utf-8")
    print(f"{len(load)} rounds, cores: {cores} of {os.cpu_count()}, load average {min(load):.1f} to {max(load):.1f}\n")
    print(f"| case | | min ms | median ms | middle half, ms | ratio: min | median of rounds | to | peak MB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for r in rows:
        ratios = " | ".join("" if r[k] is None else f"{r[k]:.2f}" for k in ("min_ratio", "median_ratio"))
        peak = "" if r["peak_mb"] is None else f"{r['peak_mb']:.0f}"
        print(f"| {r['case']} | {r['peer']} | {r['min_ms']:.1f} | {r['median_ms']:.1f} | {r['quartiles_ms'][0]:.1f} to {r['quartiles_ms'][1]:.1f} | {ratios} | {r['reference']} | {peak} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
