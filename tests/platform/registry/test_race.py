"""Eight processes publish versions of one model at once: eight versions, none lost, numbers without gaps."""

import json
import subprocess
import sys

from assay.platform.registry import Registry

# Forked from one process that has imported everything, so that all eight really start at the same moment.
WORKERS = """
import json, os, sys
from assay.platform.exceptions import VersionTakenError
from assay.platform.registry import Registry, Version, identity_of

url, words = sys.argv[1], json.loads(sys.argv[2])
start, go = os.pipe()

def publish(word):
    registry, digests = Registry(url), {"model": word}
    while True:
        number, exists = registry.next_version("adult", identity_of(digests))
        try:
            return registry.register(Version(name="adult", number=number, digests=digests)).number
        except VersionTakenError:
            pass

children = []
for mine in words:
    if (child := os.fork()) == 0:
        os.close(go)
        os.read(start, 1)
        numbers = [publish(word) for word in mine]
        os.write(1, (json.dumps(numbers) + chr(10)).encode())
        os._exit(0)
    children.append(child)
os.close(go)
sys.exit(any(os.waitpid(child, 0)[1] for child in children))
"""


def race(url: str, words: list[list[str]]) -> list[list[int]]:
    """Numbers that each process got for its words; closing a pipe lets all go at once."""
    command = [sys.executable, "-c", WORKERS, url, json.dumps(words)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=120)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_eight_processes_get_eight_versions_numbered_one_to_eight(url):
    numbers = race(url, [[str(index)] for index in range(8)])
    assert sorted(numbers) == [[number] for number in range(1, 9)]
    versions = Registry(url).versions("adult")
    assert [version.number for version in versions] == list(range(1, 9))
    assert {version.digests["model"] for version in versions} == {str(word) for word in range(8)}


def test_many_versions_from_eight_processes_leave_no_gap(url):
    numbers = race(url, [[f"{index} {turn}" for turn in range(4)] for index in range(8)])
    assert sorted(number for mine in numbers for number in mine) == list(range(1, 33))
    assert all(mine == sorted(mine) for mine in numbers)


def test_eight_processes_with_the_same_version_share_one(url):
    assert race(url, [["same"]] * 8) == [[1]] * 8
    assert len(Registry(url).versions("adult")) == 1
