"""Is the model of `fiscal advise` right? Its p95 of each queue against what workers do."""

import json

from benchmarks.results import Result
from benchmarks.stage import SELENIUM, Stage

SHARE, LEAST = 0.20, 250.0  # allowed: a fifth of what was measured, or so many ms


def advise(place: Stage) -> list[Result]:
    """Returns a result per topology and queue, and prints the table of docs/evidence/advise.md."""
    results = []
    print("| topology | queue | runs | p95 measured | p95 model | difference | allowed | |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for topology in ("one", "two", "three"):
        command = ["python", "-m", "benchmarks.advise_inside", topology]
        printed = place.run(command, "--shm-size=64m", image=SELENIUM, memory="1g")
        for queue, found in json.loads(printed.splitlines()[-1]).items():
            measured, model = 1000 * found["measured"], 1000 * found["model"]
            what = f"model of waits, p95 of `{queue}`, topology {topology}: off by / allowed"
            allowed = max(SHARE * measured, LEAST)
            result = Result(what, abs(model - measured), allowed, "ms", most=1.0)
            print(
                f"| {topology} | {queue} | {found['runs']} | {measured:.0f} ms | {model:.0f} ms |"
                f" {result.ours:.0f} ms | {allowed:.0f} ms |"
                f" {'within' if result.meets_goal else '**outside**'} |",
                flush=True,
            )
            results.append(result)
    return results
