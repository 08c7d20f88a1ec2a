/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of two steps. The id of a group is a hash of what it does: a group is never
 * changed, and the same one serves whoever wants the same.
 *
 * When neither port lives a frame is sent all the same. It may well arrive: a switch that stood still, or whose
 * cables were all plugged in again, has frames to send before the BFD of its own ports is up, for the two ends of a
 * session do not come up together (RFC 5880, 6.8.7: a probe a second until then). It goes back where it came from,
 * if that is the detour, for that port has just shown life; else by the path. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/steer.h"
#include "apps/tag.h"
#include "topo/arena.h"

struct steer_groups {
	struct group { uint32_t id; struct leaves leaves; } *groups;
	size_t n, max;
	uint32_t *cells;                /* open addressing by id: index + 1, 0 = empty */
	size_t mask;
	bool collide;
	uint32_t alive;                 /* the group that always lives; 0 = not yet wanted */
};

struct steer_groups *steer_groups_new(void)
{
	struct steer_groups *g = xheap_alloc(sizeof *g);
	g->mask = 63;
	g->cells = xheap_alloc((g->mask + 1) * sizeof *g->cells);
	return g;
}

void steer_groups_free(struct steer_groups *g)
{
	free(g->groups);
	free(g->cells);
	free(g);
}

static void put_address(struct build *b, enum field v4, enum field v6, bool is_v6, const uint8_t *bytes)
{
	act_set_bytes(b, is_v6 ? v6 : v4, bytes);
}

/* What came by a tunnel still says where from and where to, and IPv4 goes before IPv6. */
void steer_act(struct build *b, const struct leave *leave)
{
	if (leave->vlan) {
		tag_put(b, leave->vlan);
	} else {
		act_set_u(b, FIELD_TUN_ID, leave->vni);
		if (leave->is_relay) {
			act_set_u(b, FIELD_TUN_SRC, 0);
			act_set_u(b, FIELD_TUN_DST, 0);
		}
		if (leave->has_src)
			put_address(b, FIELD_TUN_SRC, FIELD_TUN_IPV6_SRC, leave->is_v6, leave->src);
		put_address(b, FIELD_TUN_DST, FIELD_TUN_IPV6_DST, leave->is_v6, leave->dst);
	}
	if (leave->is_back)
		act_output_in_port(b);
	else
		act_output(b, leave->ofport);
}

enum { FORM = 3 };                      /* another one for groups of other buckets: those of an older weft stay as they are */

static bool is_same(const struct leave *a, const struct leave *b)
{
	return a->ofport == b->ofport && a->watch == b->watch && a->vlan == b->vlan && a->vni == b->vni
		&& a->is_back == b->is_back && a->is_v6 == b->is_v6 && a->has_src == b->has_src
		&& a->is_relay == b->is_relay && !memcmp(a->dst, b->dst, 16) && !memcmp(a->src, b->src, 16);
}

/* Of the fields, for the bytes between them are anybody's. */
static uint64_t hash_of(const struct leaves *leaves)
{
	uint8_t bytes[1 + 2 * (16 + 32)];
	memset(bytes, 0, sizeof bytes);
	bytes[sizeof bytes - 1] = FORM;
	for (unsigned i = 0; i < 2; i++) {
		const struct leave *leave = &leaves->at[i];
		uint8_t *p = bytes + i * 48;
		const uint32_t words[4] = {
			leave->ofport, leave->watch, leave->vlan ? leave->vlan : leave->vni,
			(uint32_t) (leave->vlan != 0) | (uint32_t) leave->is_back << 1 | (uint32_t) leave->is_v6 << 2
				| (uint32_t) leave->has_src << 3 | (uint32_t) leave->is_relay << 4,
		};
		for (unsigned w = 0; w < 4; w++)
			for (unsigned k = 0; k < 4; k++)
				*p++ = (uint8_t) (words[w] >> 8 * k);
		memcpy(p, leave->dst, 16);
		memcpy(p + 16, leave->src, 16);
	}
	return net_hash(bytes, sizeof bytes);
}

static uint32_t *cell_of(struct steer_groups *g, uint32_t id)
{
	size_t i = id & g->mask;
	while (g->cells[i] && g->groups[g->cells[i] - 1].id != id)
		i = (i + 1) & g->mask;
	return &g->cells[i];
}

static void remember(struct steer_groups *g, uint32_t id, const struct leaves *leaves)
{
	if (g->n == g->max) {
		g->max = g->max ? 2 * g->max : 32;
		g->groups = xheap_realloc(g->groups, g->max * sizeof *g->groups);
	}
	g->groups[g->n++] = (struct group) { id, *leaves };
	*cell_of(g, id) = (uint32_t) g->n;
	if (g->n * 2 <= g->mask)
		return;
	g->mask = g->mask * 2 + 1;
	free(g->cells);
	g->cells = xheap_alloc((g->mask + 1) * sizeof *g->cells);
	for (size_t i = 0; i < g->n; i++)
		*cell_of(g, g->groups[i].id) = (uint32_t) i + 1;
}

/* Without leaves it is the one that always lives, and nothing is sent to it. */
static void build(struct out *out, uint32_t id, const struct leaves *leaves, uint32_t alive)
{
	build_group(out->build, id, leaves->n ? GROUP_FF : GROUP_INDIRECT);
	if (!leaves->n) {
		build_bucket(out->build, 0, 0);
		return;
	}
	for (unsigned i = 0; i < 2; i++) {
		build_bucket(out->build, 0, leaves->at[i].watch);
		steer_act(out->build, &leaves->at[i]);
	}
	build_bucket_watching(out->build, alive);
	steer_act(out->build, &leaves->at[leaves->at[1].is_back]);
}

static void add(struct steer_groups *g, uint32_t id, const struct leaves *leaves, struct out *out, uint32_t sw)
{
	remember(g, id, leaves);
	if (!out)
		return;
	build(out, id, leaves, g->alive);
	out_want(out, sw);
}

uint32_t steer_group(struct steer_groups *g, struct out *out, uint32_t sw, const struct leaves *leaves)
{
	if (!g->alive) {
		const struct leaves none = { .n = 0 };
		g->alive = rule_group_id(hash_of(&none));
		add(g, g->alive, &none, out, sw);
	}
	for (uint64_t hash = hash_of(leaves);; hash++) {
		uint32_t id = rule_group_id(hash);
		const uint32_t *cell = cell_of(g, id);
		const struct leaves *known = *cell ? &g->groups[*cell - 1].leaves : NULL;
		if (known && is_same(&known->at[0], &leaves->at[0]) && is_same(&known->at[1], &leaves->at[1]))
			return id;
		g->collide |= known != NULL;
		if (known)
			continue;
		add(g, id, leaves, out, sw);
		return id;
	}
}

bool steer_groups_collide(const struct steer_groups *g) { return g->collide; }

void steer_groups_go(const struct steer_groups *before, struct steer_groups *now, struct out *out, uint32_t sw)
{
	for (size_t i = 0; i < before->n; i++) {
		if (*cell_of(now, before->groups[i].id))
			continue;
		build(out, before->groups[i].id, &before->groups[i].leaves, before->alive);
		out_unwant(out, sw);
	}
}
