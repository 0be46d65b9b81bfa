"""Energy of a federated training by client and round: the stage's, shared by processor time.

All clients of a simulation run on one machine with one meter. What it read for the stage is divided in
proportion to the CPU seconds that each client's answers claim; the server has what is left, so that the parts
sum to the whole. A client's seconds are its own claim. Memory and accelerators are shared by the same key,
which is a convention: nothing measures them apart.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..findings import Findings

__all__ = ["measure"]

_ENDS = ("kwh", "low", "high")


def measure(reading: Mapping[str, Any], effort: Mapping[str, Any], names: Sequence[str]) -> Findings:
    """Divide a stage's reading among the server and the clients.

    Args:
        reading: of the stage, as `Reading.to_json` tells it.
        effort: processor time by round, as `Effort.to_json` tells it.
        names: of the clients, by number.

    Returns:
        `kwh` of the stage with its ends `low` and `high`, the meter's `method` and whether it is `estimated`,
        `cpu_seconds`, the `server`'s part, the `clients`' by name, and for each of the `rounds` both; answers
        that were `silent` about their time, which is the server's where clients run in its process, and
        missing elsewhere.
    """
    if reading.get("kwh") is None:
        return Findings(missing={"": f"The meter has no reading of the stage: {_why(reading)}."})
    rounds = [one for one in effort["rounds"] if one["round"]]
    own = sum(one["server"] for one in effort["rounds"])
    mine = [_spent(effort["rounds"], client) for client in range(len(names))]
    claimed = sum(mine)
    total = max(own + claimed, reading["cpu_seconds"]) if effort["shared"] else own + claimed
    if total == 0:
        return Findings(missing={"": "No processor time was told, so nothing says whose energy it was."})
    per_second = reading["kwh"] / total
    found = {key: reading[key] for key in _ENDS if key in reading} | {
        "method": reading["method"],
        "estimated": reading["estimated"],
        "cpu_seconds": total,
        "server": (total - claimed) * per_second,
        "clients": {name: seconds * per_second for name, seconds in zip(names, mine, strict=True)},
        "rounds": [
            {
                "round": one["round"],
                "server": one["server"] * per_second,
                "clients": sum(one["clients"].values()) * per_second,
            }
            for one in rounds
        ],
        "silent": sum(one["silent"] for one in effort["rounds"]),
    }
    return Findings(values=found)


def _spent(rounds: Sequence[Mapping[str, Any]], client: int) -> float:
    """CPU seconds of one client in all rounds."""
    return sum(one["clients"].get(str(client), 0.0) for one in rounds)


def _why(reading: Mapping[str, Any]) -> str:
    return "; ".join(reading.get("flags", ())) or "nobody measured it"
