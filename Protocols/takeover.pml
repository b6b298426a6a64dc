/* How the commits of a room come to stand (rooms.md, "What makes a commit stand" and "Takeover"), for spin.
 *
 *   spin -a takeover.pml && cc -O2 -DSAFETY -DNOREDUCE -o pan pan.c && ./pan -m100000
 *
 * Config/build/model runs it in the sizes that `make test` checks, and `make model` in larger ones.
 *
 * It has every message that was ever sent in a set that only grows, and lets every node take any of them at any time, or
 * never, or again: so links lose, repeat, delay and reorder, nodes crash and come back at any moment with what they had
 * written, and every partition is there. A node is what it keeps on disk. A term is (number, orderer); here each number
 * belongs to whoever begins it. Property: whoever applies a commit of an epoch applies the same one.
 *
 * NODES   nodes that take part in epoch 0 (2 to 5); a commit may bring in one more, or remove the first hub
 * EPOCHS  epochs that end
 * TERMS   terms of an epoch, 0 among them
 * RESTORES how many times a node starts again from a backup of an earlier moment
 *
 * What must fail, so that it is known to be able to:
 * HUB_ALONE   a commit stands as soon as its hub has it
 * FRESH       a takeover orders a commit of its own, whatever its promises name
 * MINORITY    half of the nodes are enough for a takeover
 * FORGETFUL   a node that was restored goes on as if nothing had been forgotten
 */
#ifndef NODES
#define NODES 3
#endif
#ifndef EPOCHS
#define EPOCHS 2
#endif
#ifndef TERMS
#define TERMS 3
#endif
#ifndef RESTORES
#define RESTORES 0
#endif

#define ALL (NODES + 1)            /* the last one is not there in epoch 0 */
#define NOBODY 15
#define KEEP 1                     /* a commit that changes nobody's node */
#define MOVE 2                     /* one that names node 1 as the hub */
#define ADD 3                      /* one that brings in the last node */
#define REMOVE 4                   /* one that removes the first hub's node, and names node 1 as the hub */
#ifndef COMMITS
#define COMMITS 2                  /* how many of these there are to choose from, */
#endif
#ifndef FIRST
#define FIRST KEEP                 /* and which is the first of them */
#endif

#define BIT(n) (1 << (n))
#define HAS(set, n) (((set) >> (n)) & 1)
#define SIZE(set) (HAS(set, 0) + HAS(set, 1) + HAS(set, 2) + HAS(set, 3) + HAS(set, 4) + HAS(set, 5))
#define AT(e, t) ((e) * TERMS + (t))

/* What a commit needs, its hub's among them, and what a takeover needs: they always meet. */
#ifdef HUB_ALONE
#define STANDS(e, votes) (SIZE(votes) >= 1)
#else
#define STANDS(e, votes) (SIZE(votes) * 2 >= SIZE(roster[e]))
#endif
#ifdef MINORITY
#define TAKES_OVER(e, promises) (SIZE(promises) * 2 >= SIZE(roster[e]))
#else
#define TAKES_OVER(e, promises) (SIZE(promises) * 2 > SIZE(roster[e]))
#endif

/* What the commits that stand say of an epoch: the same for all who are in it, which is what is proven. */
byte roster[EPOCHS + 1];
byte hub[EPOCHS + 1];
byte stood[EPOCHS];                /* the commit that somebody applied, 0 before */

/* What was sent. */
byte orderer[EPOCHS * TERMS];      /* who began the term */
byte promises[EPOCHS * TERMS];     /* who promised it */
byte named[EPOCHS * TERMS];        /* the highest term + 1 in which one of them had voted, 0 for none */
byte proposal[EPOCHS * TERMS];     /* the commit proposed in the term, 0 for none */
byte votes[EPOCHS * TERMS];

/* What nodes have on disk. */
byte epoch[ALL];
byte promised[ALL];                /* the term, in the epoch it is in */
byte voted[ALL];                   /* the highest term + 1 in which it has voted there, 0 for none */
byte silent[ALL];                  /* the first epoch in which it takes part again after a restore */
byte restores;

#define TAKES_PART(n, e) (epoch[n] == e && HAS(roster[e], n) && e >= silent[n])

#define MAY_PROPOSE(n, e, at) (promised[n] > 0 && orderer[at] == n && proposal[at] == 0 && TAKES_OVER(e, promises[at]))

byte n, e, t, v;

inline any(variable, limit) {
  variable = 0;
  do
  :: variable + 1 < limit -> variable++
  :: break
  od
}

inline vote(who, where, term) {
  promised[who] = term;
  voted[who] = term + 1;
  votes[AT(where, term)] = votes[AT(where, term)] | BIT(who)
}

init {
  d_step {
    roster[0] = BIT(NODES) - 1;
    for (n : 0 .. EPOCHS * TERMS - 1) { orderer[n] = NOBODY }
    n = 0
  }
  do
  :: atomic {
       any(n, ALL);
       e = epoch[n];
       if
       /* The hub takes a device's commit: one in an epoch. */
       :: e < EPOCHS && TAKES_PART(n, e) && hub[e] == n && promised[n] == 0 && proposal[AT(e, 0)] == 0 ->
          any(v, COMMITS);
          proposal[AT(e, 0)] = v + FIRST;
          vote(n, e, 0)
       /* A node begins a term, and promises it. */
       :: e < EPOCHS && TAKES_PART(n, e) ->
          any(t, TERMS);
          if
          :: t > promised[n] && orderer[AT(e, t)] == NOBODY ->
             orderer[AT(e, t)] = n;
             promised[n] = t;
             promises[AT(e, t)] = BIT(n);
             named[AT(e, t)] = voted[n]
          :: else
          fi
       /* Another promises it, and names the term in which it voted last. */
       :: e < EPOCHS && TAKES_PART(n, e) ->
          any(t, TERMS);
          if
          :: t > promised[n] && orderer[AT(e, t)] != NOBODY ->
             promised[n] = t;
             promises[AT(e, t)] = promises[AT(e, t)] | BIT(n);
             if
             :: voted[n] > named[AT(e, t)] && proposal[AT(e, t)] == 0 -> named[AT(e, t)] = voted[n]
             :: else
             fi
          :: else
          fi
       /* With enough promises it proposes: what the highest vote was for, or, where nobody voted, a commit of its own. */
       :: e < EPOCHS && TAKES_PART(n, e) && MAY_PROPOSE(n, e, AT(e, promised[n])) ->
          t = promised[n];
          any(v, COMMITS);
          v = v + FIRST;
#ifndef FRESH
          if
          :: named[AT(e, t)] > 0 -> v = proposal[AT(e, named[AT(e, t)] - 1)]
          :: else
          fi;
#endif
          proposal[AT(e, t)] = v;
          vote(n, e, t)
       /* A node votes, unless it has promised a higher term. */
       :: e < EPOCHS && TAKES_PART(n, e) ->
          any(t, TERMS);
          if
          :: t >= promised[n] && proposal[AT(e, t)] != 0 -> vote(n, e, t)
          :: else
          fi
       /* Whoever sees enough votes of a term applies its commit, once; also a node that the commit brings in. */
       :: e < EPOCHS && (HAS(roster[e], n) || (stood[e] == ADD && n == NODES)) ->
          any(t, TERMS);
          if
          :: proposal[AT(e, t)] != 0 && STANDS(e, votes[AT(e, t)]) ->
             v = proposal[AT(e, t)];
             assert(stood[e] == 0 || stood[e] == v);
             if
             :: stood[e] == 0 ->
                stood[e] = v;
                roster[e + 1] = roster[e];
                hub[e + 1] = hub[e];
                if
                :: v == MOVE -> hub[e + 1] = 1
                :: v == ADD -> roster[e + 1] = roster[e] | BIT(NODES)
                :: v == REMOVE -> roster[e + 1] = roster[e] & ~BIT(0); hub[e + 1] = 1
                :: else
                fi
             :: else
             fi;
             epoch[n] = e + 1;
             promised[n] = 0;
             voted[n] = 0
          :: else
          fi
#if RESTORES
       /* A node starts again from a backup: what it promised and voted since is forgotten. It takes part again in epochs
        * that began afterwards. */
       :: restores < RESTORES && HAS(roster[0], n) ->
          restores++;
#ifndef FORGETFUL
          silent[n] = e + 1;
#endif
          any(t, e + 1);
          epoch[n] = t;
          promised[n] = 0;
          voted[n] = 0
#endif
       :: else -> skip
       fi;
       n = 0; e = 0; t = 0; v = 0
     }
  od
}
