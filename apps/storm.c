/* SPDX-License-Identifier: Apache-2.0 */
/* storm: broadcast, multicast and unknown unicast beyond a port's limit, and what is beyond
 * its rate, are dropped by meters of the switch (section 5.7), whether weftd is there or not.
 *
 * Broadcast and multicast are known by their destination and meet their limit early,
 * before anybody looks them up. That a destination is unknown shows in l2_dst only:
 * there rows of l2 stand between those of hosts and that of the network, one for each port
 * with a limit, and use a meter of this app. Rates hold in the rows of ingress that let a
 * port in, with a meter of this app too. docs/explanation/storms.md. */
#include "apps/storm.h"

#include <stdlib.h>

#include "apps/acl.h"
#include "apps/apps.h"

enum row { ROW_BROADCAST, ROW_MULTICAST, ROW_REST, ROW_MISS, N_ROWS };

static const struct app_row rows[N_ROWS] = {
	[ROW_BROADCAST] = { "broadcast", TABLE_STORM, 300, "network, in_port, eth_dst ff:ff:ff:ff:ff:ff",
		"through the meter of its limit: go on" },
	[ROW_MULTICAST] = { "multicast", TABLE_STORM, 200, "network, in_port, eth_dst a group address",
		"through the meter of its limit: go on" },
	[ROW_REST] = { "one-host", TABLE_STORM, 100, "network, in_port", "to one host: go on" },
	[ROW_MISS] = { "no-limit", TABLE_STORM, 0, "anything", "drop: no frame comes here without a limit" },
};

static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t group_bit[6] = { 0x01, 0, 0, 0, 0, 0 };

enum {
	/* Less than this many parts of a second's worth makes TCP slow, far more lets it exceed its rate for long. */
	BURST_PARTS = 4,
	MIN_BURST = 300,                /* kbit: 25 full frames of 1500 bytes */
	MAX_BURST = 1000000,            /* Open vSwitch 3.1 counts bits in 32 bits */
};

uint32_t storm_burst(uint32_t kbps)
{
	uint32_t burst = kbps / BURST_PARTS;
	return burst < MIN_BURST ? MIN_BURST : burst > MAX_BURST ? MAX_BURST : burst;
}

enum table storm_before(const struct view_use *use, enum table next)
{
	return use->limits[STORM_BROADCAST] || use->limits[STORM_MULTICAST] ? TABLE_STORM : next;
}

/* Without a meter the row stands all the same: what it says of a frame must not fall to
 * a row of another kind. */
static void begin(struct out *out, enum row row, const struct storm_meter *m)
{
	out_row(out, &rows[row], m->use->object);
	match_u(out->build, FIELD_NETWORK, m->use->id);
	match_u(out->build, FIELD_IN_PORT, m->ofport);
	if (row == ROW_BROADCAST)
		match_bytes(out->build, FIELD_ETH_DST, everybody, NULL);
	else if (row == ROW_MULTICAST)
		match_bytes(out->build, FIELD_ETH_DST, group_bit, group_bit);
	if (m->id)
		act_meter(out->build, m->id);
}

static void compile_groups(const struct scene *scene, struct out *out, uint32_t sw, const struct storm_meter *own[N_LIMITS],
			   uint32_t ofport, const struct view_use *use)
{
	static const enum row order[] = { ROW_BROADCAST, ROW_MULTICAST, ROW_REST };
	enum table next = acl_judges(scene, sw, use->network) ? TABLE_CONNTRACK : TABLE_L2_SRC;
	const struct storm_meter none = { .ofport = ofport, .use = use };
	for (size_t i = 0; i < 3; i++) {
		const struct storm_meter *m = order[i] == ROW_REST ? NULL : own[i];
		begin(out, order[i], m ? m : &none);
		act_goto(out->build, next);
		out_want(out, sw);
	}
}

static void compile_meter(struct out *out, uint32_t sw, const struct storm_meter *m)
{
	uint32_t limit = m->use->limits[m->kind];
	if (!m->id)
		return;
	if (m->kind == LIMIT_RATE)
		build_meter(out->build, m->id, false, limit, storm_burst(limit));
	else
		build_meter(out->build, m->id, true, limit, limit);
	out_want(out, sw);
}

static void compile(const struct scene *scene, uint32_t sw, struct out *out)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	size_t n, next;
	if (!vs || !vs->n_limited)
		return;
	struct storm_meter *meters = storm_meters(vs, &n, NULL);
	for (size_t i = 0; i < n; i = next) {
		const struct storm_meter *own[N_LIMITS] = { NULL };
		for (next = i; next < n && meters[next].use == meters[i].use; next++) {
			own[meters[next].kind] = &meters[next];
			compile_meter(out, sw, &meters[next]);
		}
		if (storm_before(meters[i].use, TABLE_L2_SRC) == TABLE_STORM)
			compile_groups(scene, out, sw, own, meters[i].ofport, meters[i].use);
	}
	free(meters);
	out_row(out, &rows[ROW_MISS], vs->object);
	out_want(out, sw);
}

/* A port that only went up or down keeps its rows. */
static bool patch(const struct scene *scene, const struct fact *fact, struct out *out)
{
	const struct view_switch *vs = view_switch(scene->view, fact->sw);
	(void) out;
	return fact->kind == FACT_PORT
		&& (!fact->uses_changed || (vs && !vs->n_limited && !fact->port_replaced));
}

static int by_id(const void *id, const void *meter)
{
	uint32_t a = *(const uint32_t *) id, b = (*(const struct storm_meter *const *) meter)->id;
	return a < b ? -1 : a > b;
}

static void tell(const struct scene *scene, uint32_t sw, const struct storm_meter *m, uint64_t n_dropped,
		 struct reply *reply)
{
	const struct view_storm *storm = &m->use->storms[m->kind];
	struct fact fact = {
		.kind = m->kind == LIMIT_RATE ? FACT_RATE : FACT_STORM, .sw = sw, .ofport = m->ofport, .network = m->use->id, .storm = (uint8_t) m->kind,
		.n_dropped = n_dropped, .old_sw = NET_NONE, .time_ms = scene->now_ms,
	};
	if (!storm->known || storm->seen != n_dropped)
		reply->fact(reply->ctx, &fact);
	fact.kind = m->kind == LIMIT_RATE ? FACT_RATE_OVER : FACT_STORM_OVER;
	if (view_storm_is_over(storm, scene->now_ms))
		reply->fact(reply->ctx, &fact);
}

static void metered(const struct scene *scene, uint32_t sw, const struct app_meter *told, size_t n_told,
		    struct reply *reply)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	const struct storm_meter **order;
	size_t n;
	if (!vs || !vs->n_limited)
		return;
	struct storm_meter *meters = storm_meters(vs, &n, &order);
	for (size_t i = 0; i < n_told; i++) {
		const struct storm_meter **found = bsearch(&told[i].id, order, n, sizeof *order, by_id);
		if (found)
			tell(scene, sw, *found, told[i].n_dropped, reply);
	}
	free(order);
	free(meters);
}

const struct app app_storm = {
	.name = "storm",
	.help = "limits of broadcast, multicast and unknown unicast per port, and its rate",
	.rows = rows,
	.n_rows = N_ROWS,
	.tables = TABLE_BIT(STORM),
	.reads = FACT_BIT(NET) | FACT_BIT(PORT) | FACT_BIT(PORT_GONE),
	.compile = compile,
	.patch = patch,
	.metered = metered,
};
