/* SPDX-License-Identifier: Apache-2.0 */
/* Steering in general: finding, joining, comparing. */
#include "topo/steer.h"

#include <stdlib.h>
#include <string.h>

#include "topo/steer_private.h"

void steer_free(struct steer *steer)
{
	if (steer && !steer->n_shares--)
		arena_free(steer->arena);
}

struct steer *steer_share(const struct steer *shared)
{
	struct steer *steer = (struct steer *) shared;
	steer->n_shares++;
	return steer;
}

/* --- order ------------------------------------------------------------------------- */

static int compare(const uint32_t *a, const uint32_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

static int by_switches(const void *a_, const void *b_)
{
	const struct steer_pair *a = a_, *b = b_;
	return compare((const uint32_t[]) { a->from, a->network, a->to },
		       (const uint32_t[]) { b->from, b->network, b->to }, 3);
}

static int by_port(const void *a_, const void *b_)
{
	const struct steer_transit *a = a_, *b = b_;
	return compare((const uint32_t[]) { a->sw, a->edge, a->end, a->label },
		       (const uint32_t[]) { b->sw, b->edge, b->end, b->label }, 4);
}

void steer_sort(struct steer *steer)
{
	qsort(steer->pairs, steer->n_pairs, sizeof *steer->pairs, by_switches);
	qsort(steer->transits, steer->n_transits, sizeof *steer->transits, by_port);
}

const struct steer_pair *steer_find(const struct steer *steer, uint32_t network, uint32_t from, uint32_t to)
{
	const struct steer_pair key = { .network = network, .from = from, .to = to };
	return bsearch(&key, steer->pairs, steer->n_pairs, sizeof key, by_switches);
}

/* The switch is the first thing that both sort by; `at` is where it is. */
static size_t first_of(const void *base, size_t n, size_t size, size_t at, uint32_t sw)
{
	size_t low = 0;
	while (low < n) {
		size_t middle = low + (n - low) / 2;
		if (*(const uint32_t *) ((const uint8_t *) base + middle * size + at) < sw)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

const struct steer_pair *steer_pairs_of(const struct steer *steer, uint32_t sw, size_t *ret_n)
{
	size_t at = offsetof(struct steer_pair, from), size = sizeof(struct steer_pair);
	size_t i = first_of(steer->pairs, steer->n_pairs, size, at, sw);
	*ret_n = first_of(steer->pairs, steer->n_pairs, size, at, sw + 1) - i;
	return &steer->pairs[i];
}

const struct steer_transit *steer_transits_of(const struct steer *steer, uint32_t sw, size_t *ret_n)
{
	size_t at = offsetof(struct steer_transit, sw), size = sizeof(struct steer_transit);
	size_t i = first_of(steer->transits, steer->n_transits, size, at, sw);
	*ret_n = first_of(steer->transits, steer->n_transits, size, at, sw + 1) - i;
	return &steer->transits[i];
}

/* --- two of them ---------------------------------------------------------------------- */

void steer_copy_pair(struct arena *arena, struct steer_pair *to, const struct steer_pair *from)
{
	*to = *from;
	to->choices = arena_new_array(arena, struct steer_choice, from->n_choices);
	memcpy(to->choices, from->choices, from->n_choices * sizeof *from->choices);
}

struct steer *steer_join(const struct steer *a, const struct steer *b)
{
	struct arena *arena = arena_new();
	struct steer *steer = arena_new_array(arena, struct steer, 1);
	size_t n = (a ? a->n_transits : 0) + (b ? b->n_transits : 0);
	*steer = (struct steer) {
		.arena = arena, .pairs = arena_new_array(arena, struct steer_pair, a ? a->n_pairs : 0),
		.transits = arena_new_array(arena, struct steer_transit, n),
		.n_unlabelled = a ? a->n_unlabelled : 0,
	};
	for (size_t i = 0; a && i < a->n_pairs; i++)
		steer_copy_pair(arena, &steer->pairs[steer->n_pairs++], &a->pairs[i]);
	for (size_t i = 0, k = 0; (a && i < a->n_transits) || (b && k < b->n_transits);) {
		int order = !a || i == a->n_transits ? 1 : !b || k == b->n_transits ? -1
			: by_port(&a->transits[i], &b->transits[k]);
		steer->transits[steer->n_transits++] = order <= 0 ? a->transits[i] : b->transits[k];
		i += order <= 0;
		k += order >= 0;
	}
	return steer;
}

static bool choices_equal(const struct steer_choice *a, const struct steer_choice *b)
{
	if (a->n_steps != b->n_steps)
		return false;
	for (unsigned i = 0; i < a->n_steps; i++)
		if (a->steps[i].edge != b->steps[i].edge || a->steps[i].end != b->steps[i].end
		    || a->steps[i].label != b->steps[i].label)
			return false;
	return true;
}

static bool pairs_equal(const struct steer_pair *a, const struct steer_pair *b)
{
	if (by_switches(a, b) || a->n_choices != b->n_choices || a->n_slots != b->n_slots
	    || memcmp(a->slots, b->slots, a->n_slots))
		return false;
	for (uint32_t i = 0; i < a->n_choices; i++)
		if (!choices_equal(&a->choices[i], &b->choices[i]))
			return false;
	return true;
}

static bool transits_equal(const struct steer_transit *a, const struct steer_transit *b)
{
	return !by_port(a, b) && a->network == b->network && a->key == b->key && a->is_detour == b->is_detour
		&& choices_equal(&a->choice, &b->choice);
}

bool steer_equal(const struct steer *a, const struct steer *b)
{
	if (a->n_pairs != b->n_pairs || a->n_transits != b->n_transits)
		return false;
	for (size_t i = 0; i < a->n_pairs; i++)
		if (!pairs_equal(&a->pairs[i], &b->pairs[i]))
			return false;
	for (size_t i = 0; i < a->n_transits; i++)
		if (!transits_equal(&a->transits[i], &b->transits[i]))
			return false;
	return true;
}

struct steer_pair_change *steer_pairs_changed(const struct steer *before, const struct steer *now, uint32_t sw,
					      size_t *ret_n)
{
	size_t n_a, n_b, n = 0;
	const struct steer_pair *a = steer_pairs_of(before, sw, &n_a), *b = steer_pairs_of(now, sw, &n_b);
	struct steer_pair_change *changes = xheap_alloc((n_a + n_b) * sizeof *changes);
	for (size_t i = 0, k = 0; i < n_a || k < n_b;) {
		int order = i == n_a ? 1 : k == n_b ? -1 : by_switches(&a[i], &b[k]);
		changes[n] = (struct steer_pair_change) { order <= 0 ? &a[i] : NULL, order >= 0 ? &b[k] : NULL };
		i += order <= 0;
		k += order >= 0;
		n += order || !pairs_equal(changes[n].before, changes[n].now);
	}
	*ret_n = n;
	return changes;
}

struct steer_transit_change *steer_transits_changed(const struct steer *before, const struct steer *now, uint32_t sw,
						    size_t *ret_n)
{
	size_t n_a, n_b, n = 0;
	const struct steer_transit *a = steer_transits_of(before, sw, &n_a), *b = steer_transits_of(now, sw, &n_b);
	struct steer_transit_change *changes = xheap_alloc((n_a + n_b) * sizeof *changes);
	for (size_t i = 0, k = 0; i < n_a || k < n_b;) {
		int order = i == n_a ? 1 : k == n_b ? -1 : by_port(&a[i], &b[k]);
		changes[n] = (struct steer_transit_change) { order <= 0 ? &a[i] : NULL, order >= 0 ? &b[k] : NULL };
		i += order <= 0;
		k += order >= 0;
		n += order || !transits_equal(changes[n].before, changes[n].now);
	}
	*ret_n = n;
	return changes;
}
