#!/usr/bin/env bash
# Three countries, four professionals, every step of the tour, with the installed programs only.
# usage: run.sh [BINDIR]     BINDIR holds liaisond, liaisonctl and liaison; the default is what PATH finds
# Exit status 0 only where every step held. DEMO_KEEP=1 keeps the homes, and says where.
. "$(dirname "$0")/kit.sh"

declare -A name=([xa]=Averland [xb]=Brenova [xg]=Galdan) code=([xa]=XA [xb]=XB [xg]=XG) port
countries=(xa xb xg)
declare -A person=([ana]="Ana Arden" [boris]="Boris Brandt" [bela]="Bela Boros" [goran]="Goran Galic")
declare -A of=([ana]=xa [boris]=xb [bela]=xb [goran]=xg)
declare -A discipline=([ana]=cyber [boris]=security [bela]=physical [goran]=security)
people=(ana boris bela goran)

printf 'Liaison: a demonstration of three countries, in %s\n' "$work"

step 'Each country makes a node of its own and starts it'
for c in "${countries[@]}"; do
  port[$c]=$(free_port)
  say "liaisond init --handle $c --country ${code[$c]} --name ${name[$c]} --listen 127.0.0.1:${port[$c]}"
  quiet liaisond init --home "$work/$c" --handle "$c" --country "${code[$c]}" --name "${name[$c]}" \
    --listen "127.0.0.1:${port[$c]}" --passphrase-file "$passphrase"
  start_node "$c"
done
held 'three nodes run, each in a home of its own' "$(since "$began")"

step 'They exchange cards, compare fingerprints and activate one another'
t=$(clock)
for c in "${countries[@]}"; do
  say "liaisonctl card export -o $c.card"
  node "$c" card export -o "$work/$c.card" 2>>"$work/commands.log"
done
for c in "${countries[@]}"; do
  for p in "${countries[@]}"; do
    [ "$c" != "$p" ] || continue
    introduce "$c" "$p"
  done
done
say "liaisonctl peer add xb.card; liaisonctl peer verify xb --fingerprint WORDS; liaisonctl peer activate xb"
for c in "${countries[@]}"; do
  for p in "${countries[@]}"; do
    [ "$c" != "$p" ] || continue
    linked "$c" "$p"
  done
done
node xa peer list
held 'cards verified, a wrong fingerprint refused, three links stand' "$(since "$t")"

step 'Four professionals enrol'
t=$(clock)
for who in "${people[@]}"; do enrol "$who"; done
as ana contacts boris@xb
held 'four people enrolled; no invitation works twice' "$(since "$t")"

step 'A message across a border, and one inside a country'
t=$(clock)
across="The gate report is ready $RANDOM$RANDOM"
say "liaison send boris@xb -m '...' --tlp AMBER"
message=$(as ana send boris@xb -m "$across" --tlp AMBER --precedence priority)
room=$(room_with boris "$across") || fail 'the message did not cross the border'
say "liaison acknowledge $message"
quiet as boris acknowledge "$message"
for tries in $(seq 40); do
  as ana status "$message" >"$work/status.txt" 2>>"$work/commands.log"
  grep -q 'acknowledged 20' "$work/status.txt" && break
  sleep 0.25
done
cat "$work/status.txt"
grep -q 'acknowledged 20' "$work/status.txt" || fail 'the acknowledgement did not come back'
held 'a message crossed a border and was acknowledged by a person' "$(since "$t")"
t=$(clock)
inside="Shift change at nine $RANDOM$RANDOM"
quiet as boris send bela@xb -m "$inside" --tlp GREEN
room_with bela "$inside" >/dev/null || fail 'the message did not arrive inside the country'
held 'a message inside one country' "$(since "$t")"

step 'A room of four, in three countries'
t=$(clock)
title="AMBER BRIDGE planning $RANDOM"
say "liaison room create '$title' boris@xb bela@xb goran@xg"
room=$(as ana room create "$title" boris@xb bela@xb goran@xg)
texts=()
for who in "${people[@]}"; do
  for tries in $(seq 40); do as "$who" room list 2>/dev/null | grep -qF "$title" && break; sleep 0.25; done
  text="From ${person[$who]}: present $RANDOM$RANDOM"
  quiet as "$who" send "$room" -m "$text" --tlp AMBER
  texts+=("$text")
done
for who in "${people[@]}"; do
  sees "$who" "$room" "${texts[@]}"
done
as goran show "$room"
held 'everybody in the room reads everybody' "$(since "$t")"

step 'A document of 25 MiB'
t=$(clock)
marker="LIAISON-DEMO-MARKER-$RANDOM$RANDOM$RANDOM"
{ printf '%s\n' "$marker"; head -c $((25 * 1024 * 1024 - ${#marker} - 1)) /dev/urandom; } >"$work/plan.bin"
say "liaison share ROOM plan.bin --title 'Site plan' --tlp AMBER"
document=$(as ana share "$room" "$work/plan.bin" --title 'Site plan' --tlp AMBER)
held 'shared: encrypted, chunked, on the own node' "$(since "$t")"
t=$(clock)
for tries in $(seq 40); do as goran documents "$room" 2>/dev/null | grep -qF 'Site plan' && break; sleep 0.25; done
say "liaison fetch $document -o fetched.bin"
quiet as goran fetch "$document" -o "$work/fetched.bin"
sum=$(sha256sum "$work/plan.bin" | cut -d' ' -f1)
[ "$sum" = "$(sha256sum "$work/fetched.bin" | cut -d' ' -f1)" ] || fail 'the document arrived changed'
held "fetched in another country, SHA-256 ${sum:0:16}… the same" "$(since "$t")"

step 'One member is removed and reads nothing that follows'
t=$(clock)
say "liaison room remove ROOM goran@xg"
quiet as ana room remove "$room" goran@xg
after="Only for those who stayed $RANDOM$RANDOM"
quiet as ana send "$room" -m "$after" --tlp RED
for who in boris bela; do sees "$who" "$room" "$after"; done
sleep 1
quiet as goran inbox
if as goran show "$room" 2>&1 | grep -qF "$after"; then fail 'the removed member reads on'; fi
if as goran send "$room" -m 'still here?' --tlp GREEN >>"$work/commands.log" 2>&1; then
  fail 'the removed member could still send'
fi
held 'the removed member neither reads nor sends; the others do' "$(since "$t")"

step 'A peer is suspended'
t=$(clock)
say 'liaisonctl peer suspend xg'
quiet node xa peer suspend xg
for tries in $(seq 40); do node xg peer test xa >"$work/test.txt" 2>&1 || break; sleep 0.25; done
if node xg peer test xa >"$work/test.txt" 2>&1; then fail 'the suspended peer still has its link'; fi
cat "$work/test.txt"
node xa peer list
quiet node xb peer test xa || fail 'another link suffered'
held 'its link is refused; the other links stand' "$(since "$t")"

step 'What the nodes know'
t=$(clock)
sources=("$work/xa" "$work/xb" "$work/xg" "$work/xa.log" "$work/xb.log" "$work/xg.log")
for text in "$across" "$inside" "$after" "$title" "$marker" 'Site plan' "${texts[@]}"; do
  if found=$(grep -rlaF -- "$text" "${sources[@]}"); then fail "plaintext in $found"; fi
done
files=$(find "${sources[@]}" -type f | wc -l)
size=$(du -cm "${sources[@]}" | tail -n 1 | cut -f1)
grep -rlaF -- 'ana@xa' "$work/xa" >/dev/null || fail 'the search finds nothing at all'
held "no text, title or document in $files files, $size MiB, of the nodes" "$(since "$t")"
for c in "${countries[@]}"; do node "$c" trust log --verify >>"$work/commands.log" 2>&1 || fail "the trust log of $c"; done
held 'the trust logs verify'

give_account
