# What the demonstrations share: telling what happens, nodes and people of their own, waiting, cleaning up.
# Sourced by them, with the folder of the programs, if one was given, as "$1".
set -euo pipefail
[ $# -eq 0 ] || PATH="$(cd "$1" && pwd):$PATH"
export NO_COLOR=1
unset LIAISON_HOME LIAISON_PASSPHRASE_FILE

work=$(mktemp -d "${TMPDIR:-/tmp}/liaison-demo.XXXXXX")
nodes=()
finish() {
  local status=$?
  for pid in "${nodes[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  if [ $status -ne 0 ]; then
    printf '\nThe demonstration failed (status %d). Last lines of the nodes:\n' $status >&2
    tail -n 5 "$work"/*.log >&2 || true
    printf 'Everything is kept in %s\n' "$work" >&2
  elif [ -n "${DEMO_KEEP:-}" ]; then
    printf 'Kept in %s\n' "$work"
  else
    rm -rf "$work"
  fi
}
trap finish EXIT

# --- telling what happens -------------------------------------------------------------------------------------
account=()
clock() { local now=${EPOCHREALTIME/[.,]/}; printf '%s' "$now"; }
since() { printf '%d.%03d s' $((($(clock) - $1) / 1000000)) $((($(clock) - $1) / 1000 % 1000)); }
step() { printf '\n== %s\n' "$*"; }
say() { printf '   $ %s\n' "$*"; }
held() { account+=("$(printf '%-62s %s' "$1" "${2:-}")"); printf '   held: %s %s\n' "$1" "${2:+($2)}"; }
fail() { printf '   FAILED: %s\n' "$*" >&2; exit 1; }
give_account() {
  step 'Account'
  printf '   %s\n' "${account[@]}"
  printf '   %-62s %s\n' 'all of it' "$(since "$began")"
}
quiet() { "$@" >>"$work/commands.log" 2>&1; }

# --- nodes and people ---------------------------------------------------------------------------------------------
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 20000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { printf '%s' "$port"; return; }
  done
}
passphrase="$work/passphrase"
(umask 077; head -c 18 /dev/urandom | base64 >"$passphrase")
node() { local home=$1; shift; liaisonctl --home "$work/$home" --passphrase-file "$passphrase" "$@"; }
as() { local who=$1; shift; liaison --home "$work/$who" --passphrase-file "$passphrase" "$@"; }
# Starts a country's node, and waits until it answers.
declare -A running
start_node() {
  local tries
  liaisond run --home "$work/$1" --passphrase-file "$passphrase" 2>>"$work/$1.log" &
  nodes+=($!)
  running[$1]=$!
  for tries in $(seq 60); do node "$1" status >/dev/null 2>&1 && return; sleep 0.25; done
  fail "the node of $1 did not start"
}
# What an administrator of $1 does with the card of $2, with the fingerprint that $2's administrator reads out over the telephone.
introduce() {
  local heard
  heard=$(node "$2" card show --json | grep -o '"fingerprint":"[^"]*"' | cut -d'"' -f4)
  quiet node "$1" peer add "$work/$2.card"
  if node "$1" peer verify "$2" --fingerprint "babab-babab-babab-babab-babab-babab-babab-babab" \
    >>"$work/commands.log" 2>&1; then fail 'a wrong fingerprint was taken'; fi
  quiet node "$1" peer verify "$2" --fingerprint "$heard"
  quiet node "$1" peer activate "$2"
}
# Waits for a link between two nodes.
linked() {
  local tries
  for tries in $(seq 40); do node "$1" peer test "$2" >>"$work/commands.log" 2>&1 && return; sleep 0.25; done
  fail "$1 has no link to $2"
}

# Enrols somebody at the node that the demonstration's tables name.
enrol() {
  local who=$1 c=${of[$1]} invitation
  say "liaisonctl member invite $who@$c --name '${person[$who]}' --discipline ${discipline[$who]}; liaison join INVITATION"
  invitation=$(node "$c" member invite "$who@$c" --name "${person[$who]}" --discipline "${discipline[$who]}" \
    2>>"$work/commands.log")
  quiet as "$who" join "$invitation"
  if quiet liaison --home "$work/thief" --passphrase-file "$passphrase" join "$invitation"; then
    fail 'an invitation was usable twice'
  fi
  rm -rf "$work/thief"
}

# Waits until a room shows a person all of some texts; at most 40 tries.
sees() {
  local who=$1 room=$2 tries text missing
  shift 2
  for tries in $(seq 40); do
    as "$who" show "$room" >"$work/shown.txt" 2>>"$work/commands.log" || true
    missing=
    for text in "$@"; do grep -qF -- "$text" "$work/shown.txt" || missing=$text; done
    [ -n "$missing" ] || return 0
    sleep 0.25
  done
  fail "$who does not see: $missing"
}
# The identifier of the room in which a text stands, for a person; at most 20 seconds.
room_with() {
  local who=$1 text=$2 room tries
  for tries in $(seq 40); do
    as "$who" inbox --json >"$work/inbox.json" 2>>"$work/commands.log" || true
    room=$(grep -F -- "$text" "$work/inbox.json" | grep -o '"room":"[0-9a-f]*"' | head -n 1 | cut -d'"' -f4 || true)
    [ -z "$room" ] || { printf '%s' "$room"; return 0; }
    sleep 0.25
  done
  return 1
}

for program in liaisond liaisonctl liaison; do
  command -v "$program" >/dev/null || fail "$program is not installed"
done
began=$(clock)
