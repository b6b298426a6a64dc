#!/usr/bin/env bash
# Resident memory of a node and of a professional's client: idle, and while a document crosses a border.
# usage: memory.sh BINDIR [MIB]     BINDIR holds the three programs; the document has MIB MiB, 1024 where not said
# A table on standard output, in KiB: what is resident now, the most that ever was, and the part of it that no other
# process and no file shares. Exit status 0 only if the document arrived with the same SHA-256.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,5s/^# //p' "$0" >&2; exit 64; }
PATH="$(cd "$1" && pwd):$PATH" size=${2:-1024}
export NO_COLOR=1
unset LIAISON_HOME LIAISON_PASSPHRASE_FILE
work=$(mktemp -d "${TMPDIR:-/tmp}/liaison-memory.XXXXXX")
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
cd "$work"

value() { sed -n "s/^$2:[[:space:]]*\([0-9]*\) kB/\1/p" "/proc/$1/status" 2>/dev/null || true; }
row() { printf '%-34s %10s %10s %10s\n' "$@"; }
node_row() { local pid=$2; row "$1" "$(value "$pid" VmRSS)" "$(value "$pid" VmHWM)" "$(value "$pid" RssAnon)"; }
# Runs a command and gives a row of the most that it held.
client_row() {
  local label=$1 pid peak=0 own=0 now
  shift
  "$@" >"$work/out" 2>"$work/err" &
  pid=$!
  while now=$(value "$pid" VmHWM) && [ -n "$now" ]; do
    peak=$now
    now=$(value "$pid" RssAnon)
    [ "${now:-0}" -le "$own" ] || own=$now
    sleep 0.05
  done
  wait "$pid" || { cat "$work/err" >&2; exit 1; }
  row "$label" - "$peak" "$own"
}
# The peak of a process from here on.
forget() { echo 5 >"/proc/$1/clear_refs" 2>/dev/null || true; }

declare -A node
for c in xa xb; do
  liaisond init --home $c --handle $c --country "${c^^}" --name $c --listen 127.0.0.1:$((20000 + RANDOM % 20000)) \
    --no-passphrase 2>/dev/null
  liaisond run --home $c 2>$c.log &
  node[$c]=$! pids+=($!)
done
for c in xa xb; do
  for _ in $(seq 100); do liaisonctl --home $c status >/dev/null 2>&1 && break; sleep 0.1; done
  liaisonctl --home $c card export -o $c.card
done
sleep 2
row 'KiB' resident peak private
node_row 'liaisond, idle' "${node[xa]}"
for pair in 'xa xb' 'xb xa'; do
  read -r c p <<<"$pair"
  heard=$(liaisonctl --home $p card show --json | grep -o '"fingerprint":"[^"]*"' | cut -d'"' -f4)
  { liaisonctl --home $c peer add $p.card; liaisonctl --home $c peer verify $p --fingerprint "$heard"
    liaisonctl --home $c peer activate $p; } 2>/dev/null
done
for _ in $(seq 100); do liaisonctl --home xa peer test xb >/dev/null 2>&1 && break; sleep 0.1; done
for who in ana@xa boris@xb; do
  liaison --home "${who%@*}" join --no-passphrase >/dev/null 2>&1 \
    "$(liaisonctl --home "${who#*@}" member invite "$who" --name "${who%@*}" --discipline cyber 2>/dev/null)"
done
client_row 'liaison send' liaison --home ana send boris@xb -m 'before' --tlp GREEN
node_row 'liaisond, a link and a room' "${node[xa]}"

for mib in 64 "$size"; do
  head -c $((mib << 20)) /dev/urandom >document
  for c in xa xb; do forget "${node[$c]}"; done
  client_row "liaison share, $mib MiB" liaison --home ana share boris@xb document --tlp GREEN --title "of $mib MiB"
  node_row "  its liaisond, from then on" "${node[xa]}"
  for _ in $(seq 100); do
    found=$(liaison --home boris documents ana@xa --json 2>/dev/null | grep "\"of $mib MiB\"" || true)
    [ -z "$found" ] || break
    sleep 0.1
  done
  name=$(grep -o '"document":"[^"]*"' <<<"$found" | cut -d'"' -f4)
  client_row "liaison fetch, $mib MiB" liaison --home boris fetch "$name" -o copy --force
  node_row "  its liaisond, from then on" "${node[xb]}"
  node_row "  the sender's liaisond" "${node[xa]}"
  [ "$(sha256sum <document)" = "$(sha256sum <copy)" ] || { echo 'the document arrived damaged' >&2; exit 1; }
  rm document copy
done
