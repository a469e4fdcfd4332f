"""
One step of the state machine: the bound machine against a bare dict and the stock machine.

    python -m benchmarks.trigger
"""

import time
from collections.abc import Callable
from pathlib import Path

from transitions import Machine

from engine.core.workflow.machine import FlowMachine
from engine.services.library import load_flows

STEPS = 20_000
ROUNDS = 7


def main() -> None:
    """Print microseconds a step and the ratios, the best of several rounds in one run."""
    workflow = load_flows(Path("workflows"))["three_tier"]
    bound, stock = FlowMachine(workflow), FlowMachine(workflow, Machine)
    steps = [(arrow.source, arrow.event, arrow.target) for arrow in sorted(bound.arrows, key=str)]
    table = {step: step[2] or step[0] for step in steps}
    costs = {
        "dict": _best(lambda s, e, t: table[(s, e, t)], steps),
        "bound": _best(bound.step, steps),
        "stock": _best(stock.step, steps),
    }
    print(", ".join(f"{name} {cost * 1e6:.2f} µs" for name, cost in costs.items()))
    print(f"bound/dict {costs['bound'] / costs['dict']:.1f}, stock/bound {costs['stock'] / costs['bound']:.1f}")


def _best(step: Callable[[str, str, str | None], str], steps: list[tuple[str, str, str | None]]) -> float:
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for number in range(STEPS):
            step(*steps[number % len(steps)])
        took.append((time.perf_counter() - began) / STEPS)
    return min(took)


if __name__ == "__main__":
    main()
