#!/usr/bin/env bash
# Builds the release binary and prints how fast it is: one table, medians of 20 runs after one that is not counted.
# Runs from anywhere; works in a temporary directory that is removed at the end. Needs cargo and python3.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/accredit-speed.XXXXXX")
trap 'rm -rf "$work"' EXIT

cd "$root"
CARGO_INCREMENTAL=0 cargo build --release --quiet
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')

python3 - "$target/release/accredit" "$root/manifests" "$work" <<'PYTHON'
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

binary, manifests, work = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
RUNS = 20
environment = {name: value for name, value in os.environ.items() if not name.startswith(("ACCREDIT_", "AZURE_"))}
environment["NO_COLOR"] = "1"


def output(*arguments, within, extra=None):
    done = subprocess.run(
        [binary, *arguments], cwd=within, env=environment | (extra or {}), capture_output=True, text=True
    )
    if done.returncode != 0:
        sys.exit(f"`accredit {' '.join(arguments)}` failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def milliseconds(command, within=work, extra=None):
    """Run by run, the time from before the process is started until after it has ended."""
    times = []
    for _ in range(RUNS + 1):
        start = time.perf_counter()
        subprocess.run(
            command, cwd=within, env=environment | (extra or {}), check=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        times.append((time.perf_counter() - start) * 1000)
    return times[1:]


def one_application(name):
    directory = work / name
    (directory / "manifests").mkdir(parents=True)
    shutil.copy(manifests / "exo-automation.yaml", directory / "manifests")
    return directory


def settled(plan, within, extra=None):
    if "No changes." not in output(*plan, within=within, extra=extra):
        sys.exit("the plan that is to be measured should say `No changes.` and does not")


rows = []
true = shutil.which("true")
rows.append(("baseline: true", milliseconds([true]), None))
rows.append(("accredit --help", milliseconds([binary, "--help"]), 20))
rows.append(("accredit validate, all manifests", milliseconds([binary, "validate", str(manifests)]), None))

# The embedded tenant starts with the command and is read from its file.
embedded = one_application("embedded")
output("apply", "--emulator", "--auto-approve", "manifests", within=embedded)
plan = ["plan", "--emulator", "manifests"]
settled(plan, embedded)
rows.append(("accredit plan, embedded tenant", milliseconds([binary, *plan], embedded), 100))

# A tenant that another process serves.
served = one_application("served")
server = subprocess.Popen(
    [binary, "emulate"], cwd=served, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
)
try:
    said = {}
    while "AZURE_CLIENT_SECRET" not in said:
        line = server.stdout.readline()
        if not line:
            sys.exit("`accredit emulate` ended before it served")
        name, _, value = line.strip().partition("=")
        said[name] = value
    operator = {name: said[name] for name in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")}
    at = f"--emulator={said['ACCREDIT_EMULATOR']}"
    output("apply", at, "--auto-approve", "manifests", within=served, extra=operator)
    plan = ["plan", at, "manifests"]
    settled(plan, served, operator)
    rows.append(("accredit plan, served tenant", milliseconds([binary, *plan], served, operator), 100))
finally:
    server.terminate()
    server.wait()

baseline = statistics.median(rows[0][1])
print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; milliseconds over {RUNS} runs, process start included")
print(f"{'what':<34} {'median':>8} {'fastest':>8} {'to true':>8}  target")
for what, times, target in rows:
    median = statistics.median(times)
    verdict = "" if target is None else f"< {target}: {'met' if median < target else 'MISSED'}"
    print(f"{what:<34} {median:>8.1f} {min(times):>8.1f} {median / baseline:>7.1f}x  {verdict}".rstrip())

size = Path(binary).stat().st_size
print(f"\nrelease binary: {size / 1e6:.1f} MB", end="")
if strip := shutil.which("strip"):
    stripped = work / "stripped"
    subprocess.run([strip, "-o", stripped, binary], check=True)
    print(f", stripped {stripped.stat().st_size / 1e6:.1f} MB", end="")
print()
PYTHON
