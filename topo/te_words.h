/* SPDX-License-Identifier: Apache-2.0 */
/* te_words: what traffic engineering says to people. */
#ifndef TOPO_TE_WORDS_H
#define TOPO_TE_WORDS_H

#include "topo/te_plan.h"

/* "kvm1-kvm2", in the direction of the arc; the edge's own name where several join
 * these two; a NIC: "red of kvm1, out". Returns buf. */
const char *te_arc_name(const struct net *, uint32_t arc, char *buf, size_t size);
/* "kvm1-kvm3-kvm2" */
const char *te_path_name(const struct net *, uint32_t src, const struct place_path *, char *buf, size_t size);

/* "2 Gbit/s", "812 Mbit/s": three digits. Returns buf. */
const char *te_rate(double mbps, char buf[24]);

/* What changed from one placement to the next, both complete and with the same
 * demands: "kvm1-kvm2 93 % -> 71 %: 4 pairs moved over kvm3". before may be null. Returns
 * how many moved; when none did: "12 pairs have their paths". */
size_t te_say_change(const struct net *, const struct te_plan *, const struct placement *before,
		     const struct placement *after, char *buf, size_t size);
/* Pairs with a path that is not one of before's, or one less; pairs that are new do not count. */
size_t te_n_changed(const struct placement *before, const struct placement *after);
/* The same paths in the same slots? */
bool te_same(const struct placement *, const struct placement *);

#endif
