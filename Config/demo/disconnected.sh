#!/usr/bin/env bash
# Three countries of which two never have a link: what they have for one another goes through the third, then by hand,
# when one of them is off the net altogether. Halfway the hub of their room is killed for good.
# usage: disconnected.sh [BINDIR]     BINDIR holds liaisond, liaisonctl and liaison; the default is what PATH finds
# Exit status 0 only where every step held. DEMO_KEEP=1 keeps the homes, and says where.
. "$(dirname "$0")/kit.sh"

declare -A name=([xa]=Averland [xb]=Brenova [xg]=Galdan) code=([xa]=XA [xb]=XB [xg]=XG) port
countries=(xa xb xg)
declare -A person=([ana]="Ana Arden" [boris]="Boris Brandt" [bela]="Bela Boros" [goran]="Goran Galic")
declare -A of=([ana]=xa [boris]=xb [bela]=xb [goran]=xg)
declare -A discipline=([ana]=cyber [boris]=security [bela]=physical [goran]=security)

# Every message of the room: who wrote it, its identifier and its text.
writers=() messages=() texts=()
# Writes into the room.
writes() {
  local who=$1 text="$2 $RANDOM$RANDOM"
  say "liaison send ROOM -m '$2' --tlp AMBER     # $who"
  messages+=("$(as "$who" send "$room" -m "$text" --tlp AMBER 2>>"$work/commands.log")")
  writers+=("$who")
  texts+=("$text")
}
# A courier takes one medium from a node to another, and another one back. The first of all of them is then put in again.
trips=0
carry() {
  local from=$1 to=$2 file
  file="$work/$from-$to.$((trips += 1))"
  local exported imported
  exported=$(node "$from" bundle export "$to" -o "$file" 2>>"$work/commands.log")
  say "liaisonctl bundle export $to -o $(basename "$file")     # $from: $exported"
  imported=$(node "$to" bundle import "$file" 2>>"$work/commands.log")
  printf '     imported: %s\n' "$imported"
  [ -e "$work/$from-$to.first" ] || cp "$file" "$work/$from-$to.first"
  quiet node "$to" bundle import "$work/$from-$to.first"
}
courier() { carry "$1" "$2"; carry "$2" "$1"; }
# What a person's machine does while a courier is on the way.
looks() { local who; for who in "$@"; do quiet as "$who" inbox || true; done; }

printf 'Liaison: a demonstration of countries without a link, in %s\n' "$work"

step 'Three nodes; Averland and Galdan cannot reach each other'
for c in "${countries[@]}"; do
  port[$c]=$(free_port)
  advertised="127.0.0.1:${port[$c]}"
  # Nobody listens there: it stands for an address that the other country cannot reach.
  [ "$c" = xb ] || advertised=127.0.0.1:1
  say "liaisond init --handle $c --country ${code[$c]} --name ${name[$c]} --listen 127.0.0.1:${port[$c]} --advertise $advertised"
  quiet liaisond init --home "$work/$c" --handle "$c" --country "${code[$c]}" --name "${name[$c]}" \
    --listen "127.0.0.1:${port[$c]}" --advertise "$advertised" --passphrase-file "$passphrase"
  start_node "$c"
  node "$c" card export -o "$work/$c.card" 2>>"$work/commands.log"
done
for c in "${countries[@]}"; do
  for p in "${countries[@]}"; do
    [ "$c" = "$p" ] || introduce "$c" "$p"
  done
done
linked xa xb
linked xg xb
if quiet node xa peer test xg; then fail 'there is a link that never should be'; fi
for c in xa xg; do quiet node "$c" card renew --advertise "127.0.0.1:${port[$c]}"; done
held 'links of xb with both; none between xa and xg' "$(since "$began")"

step 'A way round: Brenova carries what the two have for each other'
t=$(clock)
say 'liaisonctl peer policy set xg --via xb     # xa; and xg likewise'
quiet node xa peer policy set xg --via xb
quiet node xg peer policy set xa --via xb
for who in ana boris bela goran; do enrol "$who"; done
for tries in $(seq 80); do
  node xa queue show xg 2>>"$work/commands.log" | grep -q '^link  *by xb' && break
  sleep 0.25
done
node xa queue show xg | grep '^link' || true
node xa queue show xg | grep -q '^link  *by xb' || fail 'there is no way round'
title="GRANITE planning $RANDOM"
say "liaison room create '$title' boris@xb goran@xg     # ana"
room=$(as ana room create "$title" boris@xb goran@xg)
for who in boris goran; do
  for tries in $(seq 40); do as "$who" room list 2>/dev/null | grep -qF "$title" && break; sleep 0.25; done
done
writes ana 'First over the way round'
writes goran 'Read in Galdan'
writes boris 'Read in Brenova'
for who in ana boris goran; do sees "$who" "$room" "${texts[@]}"; done
held 'a room of three countries across the missing link' "$(since "$t")"

step 'Galdan goes off the net and lives by bundles'
t=$(clock)
for c in xa xb; do
  say "liaisonctl peer policy set xg --way hand     # $c; and xg likewise"
  quiet node "$c" peer policy set xg --way hand
  quiet node xg peer policy set "$c" --way hand
done
if quiet node xg peer test xb; then fail 'there is a link still'; fi
for c in xa xb; do courier "$c" xg; done
writes ana 'Sent by hand from Averland'
writes boris 'Sent by hand from Brenova'
writes goran 'Sent by hand from Galdan'
for c in xa xb; do courier "$c" xg; courier "$c" xg; done
for who in ana boris goran; do sees "$who" "$room" "${texts[@]}"; done
held 'three countries talk, one of them by bundles only' "$(since "$t")"

step 'The hub is killed for good'
t=$(clock)
say "kill -9 ${running[xa]}     # the node of Averland, and its disk with it"
kill -9 "${running[xa]}"
wait "${running[xa]}" 2>/dev/null || true
mv "$work/xa" "$work/xa.gone"
ended=${#messages[@]}
writes boris 'Averland is gone'
writes goran 'We stay in touch'
looks boris goran
courier xb xg
for who in boris goran; do sees "$who" "$room" "${texts[@]}"; done
held 'messages flow without the hub' "$(since "$t")"

step 'More than half of the nodes, one by hand, have another node order the room'
t=$(clock)
# Without this the nodes would take an hour to believe it.
say 'liaisonctl peer suspend xa     # xb and xg'
for c in xb xg; do quiet node "$c" peer suspend xa; done
say 'liaison room takeover ROOM     # boris'
quiet as boris room takeover "$room" || true
for tries in 1 2 3 4; do
  courier xb xg
  looks boris goran
  as goran room list --json | tr '}' '\n' | grep -F "$title" | grep -q '"hub":"xb"' && break
done
for who in boris goran; do
  as "$who" room list --json | tr '}' '\n' | grep -F "$title" | grep -q '"hub":"xb"' || fail "for $who nobody took the room over"
done
as goran show "$room" | grep 'orders this room' || fail 'goran is not told who orders the room'
say 'liaison room add ROOM bela@xb     # boris'
quiet as boris room add "$room" bela@xb || true
for tries in 1 2 3 4; do
  looks boris bela
  as bela room list 2>>"$work/commands.log" | grep -qF "${room:0:8}" && break
  courier xb xg
done
joined=${#messages[@]}
writes bela 'Here since the takeover'
writes boris 'Welcome'
looks boris bela goran
courier xb xg
looks goran
courier xb xg
for who in boris goran; do sees "$who" "$room" "${texts[@]}"; done
sees bela "$room" "${texts[@]:$joined}"
held 'the room goes on under another hub, and takes somebody in' "$(since "$t")"

step 'Every message once, every receipt verified'
t=$(clock)
for who in ana boris bela goran; do
  # Ana's machine read what came before its node was lost, and can still show it.
  as "$who" show "$room" >"$work/$who.txt" 2>>"$work/commands.log" || true
done
arrivals=0
for i in "${!texts[@]}"; do
  for who in ana boris bela goran; do
    [ "$who" != ana ] || [ "$i" -lt "$ended" ] || continue
    [ "$who" != bela ] || [ "$i" -ge "$joined" ] || continue
    times=$(grep -cF -- "${texts[$i]}" "$work/$who.txt" || true)
    [ "$times" = 1 ] || fail "$who has '${texts[$i]}' $times times"
    arrivals=$((arrivals + 1))
  done
done
held "${#texts[@]} messages, each once with everybody: $arrivals in all"
receipts=0
for i in "${!messages[@]}"; do
  who=${writers[$i]}
  [ "$who" != ana ] || continue
  quiet as "$who" receipt "${messages[$i]}" -o "$work/receipt.$i"
  for c in xb xg xa; do
    [ "$c" != "${of[$who]}" ] || continue
    [ "$c" != xa ] || [ "$i" -lt "$ended" ] || continue
    liaison receipt verify "$work/receipt.$i" --card "$work/$c.card" >"$work/verified.txt" 2>&1 ||
      { cat "$work/verified.txt" >&2; fail "the receipt of $c for ${messages[$i]} does not verify"; }
    receipts=$((receipts + 1))
  done
done
cat "$work/verified.txt"
held "$receipts receipts verified with nothing but a card" "$(since "$t")"

step 'What the carrier and the media know'
t=$(clock)
files=("$work"/x?-x?.* "$work/xb" "$work/xg" "$work/xa.gone" "$work"/x?.log)
for text in "${texts[@]}" "$title"; do
  if found=$(grep -rlaF -- "$text" "${files[@]}"); then fail "plaintext in $found"; fi
done
held "no text and no title on $trips media and three nodes" "$(since "$t")"
for c in xb xg; do node "$c" trust log --verify >>"$work/commands.log" 2>&1 || fail "the trust log of $c"; done

give_account
