#!/usr/bin/env bash
# Builds the release binary and prints how fast the emulator is with so many seeded applications (10,000 unless said
# otherwise): seeding, start-up, memory, list pages of every sort, reads, durable writes. With ACCREDIT_BINARY another
# binary is measured than the one built. The server has one processor to itself where
# `taskset` can give it one. Works in a temporary directory that is removed at the end; its disk is the disk measured.
set -euo pipefail
count=${1:-10000}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/accredit-emulator.XXXXXX")
server=
trap 'if [[ -n $server ]]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi; rm -rf "$work"' EXIT

cd "$root"
CARGO_INCREMENTAL=0 cargo build --release --quiet --bin accredit --example emulator_load
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/release
binary=${ACCREDIT_BINARY:-$target/accredit}
pin=()
if command -v taskset >/dev/null && [[ $(nproc) -gt 1 ]]; then pin=(taskset -c 0); fi

start() { # prints the milliseconds until it serves
  local begun now
  rm -f "$work/ready"
  begun=$(date +%s%N)
  "${pin[@]}" "$binary" emulate --file "$work/tenant" --ready-file "$work/ready" "$@" >/dev/null 2>"$work/errors" &
  server=$!
  until [[ -e $work/ready ]]; do
    kill -0 "$server" 2>/dev/null || { cat "$work/errors" >&2; exit 1; }
    sleep 0.01
  done
  now=$(date +%s%N)
  echo "$1 until it serves: $(((now - begun) / 1000000)) ms, $(memory)"
}
memory() { awk '/VmRSS/ { printf "%.0f MB resident", $2 / 1024 } /VmHWM/ { printf " (at most %.0f)", $2 / 1024 }' <(tac "/proc/$server/status"); }
stop() { kill "$server"; wait "$server" || true; server=; }

echo "$(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg); $count applications"
start --seed "$count"
stop
echo "file: $(du -m "$work/tenant" | cut -f1) MB"
start --page-size 100
# shellcheck disable=SC1090
source "$work/ready"
"$target/examples/emulator_load" "$ACCREDIT_EMULATOR" "$AZURE_TENANT_ID" "$AZURE_CLIENT_ID" "$AZURE_CLIENT_SECRET" "$server"
echo "after the load: $(memory), file $(du -m "$work/tenant" | cut -f1) MB"
stop
start --page-size 100
