# SPDX-License-Identifier: Apache-2.0
"""Compare forward passes of this project and its peers in interleaved rounds.

    python scripts/bench_peers.py OUT.json ROUNDS NAME=COMMAND ...

Each command is a process that answers the name of a case with milliseconds, as
internal/benchforward and peer_torch.py do. In a round every process runs every
case once, one after the other, so that whatever else the machine does falls on
all of them alike: the ratios count, not the digits. The last NAME is what the
ratios refer to.
"""

import json
import pathlib
import shlex
import statistics
import subprocess
import sys

CASES = ["B1-224/batch1", "B1-224/batch8", "Seg-B0-704x960/batch1"]


def main(out, rounds, *peers):
    processes = {}
    for peer in peers:
        name, command = peer.split("=", 1)
        processes[name] = subprocess.Popen(
            ["env", *shlex.split(command)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    reference = list(processes)[-1]
    times = {(case, name): [] for case in CASES for name in processes}
    for _ in range(int(rounds)):
        for case in CASES:
            for name, process in processes.items():
                print(case, file=process.stdin, flush=True)
                answer = process.stdout.readline().strip()
                if not answer:
                    sys.exit(f"bench_peers: {name} ended at {case}")
                if answer != "-":
                    times[case, name].append(float(answer))
    rows = []
    for (case, name), ms in times.items():
        if not ms:
            continue
        base = times[case, reference]
        rows.append(
            {
                "case": case,
                "peer": name,
                "rounds": len(ms),
                "min_ms": min(ms),
                "median_ms": statistics.median(ms),
                "min_ratio": min(ms) / min(base) if base else None,
                "median_ratio": statistics.median(a / b for a, b in zip(ms, base)) if base else None,
            }
        )
    for process in processes.values():
        process.stdin.close()
        process.wait()
    path = pathlib.Path(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"reference": reference, "rows": rows}, indent=1) + "\n", encoding="utf-8")
    print(f"| case | | min ms | median ms | of {reference}: min | median of rounds |")
    print("| --- | --- | --- | --- | --- | --- |")
    for r in rows:
        ratios = " | ".join("" if r[k] is None else f"{r[k]:.2f}" for k in ("min_ratio", "median_ratio"))
        print(f"| {r['case']} | {r['peer']} | {r['min_ms']:.1f} | {r['median_ms']:.1f} | {ratios} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
