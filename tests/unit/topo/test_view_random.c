/* SPDX-License-Identifier: Apache-2.0 */
/* view: random stories, held against a model that is slow and plain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/topo/view_world.h"

enum { N_SW = 3, N_NAMES = 8, N_OFPORTS = 6, N_MACS = 12, N_IDS = 3, STEPS = 20000 };

static const char *const names[N_NAMES] = { "r1", "r2", "g1", "g2", "up", "trunk", "off", "other" };

struct model_host {
	bool there, unconfirmed, recovered;
	uint32_t sw, ofport;
	uint64_t seen;
};

struct model {
	const struct net *net;
	const char *ports[N_SW][N_OFPORTS];     /* name, or null */
	struct model_host hosts[N_IDS][N_MACS];
	uint32_t ids[N_IDS];
	uint64_t now;
};

static bool model_use(const struct model *m, uint32_t sw, uint32_t ofport, uint32_t network_id,
		      struct net_use *ret_use)
{
	static struct net_use uses[NET_MAX_USES];
	const char *switches[N_SW] = { "a", "b", "c" };
	bool disabled = false;
	if (ofport >= N_OFPORTS || !m->ports[sw][ofport])
		return false;
	if (m->net->n_switches && net_switch_by_name(m->net, switches[sw]) == NET_NONE)
		return false;
	size_t n = net_uses(m->net, switches[sw], m->ports[sw][ofport], false, uses, NET_MAX_USES, &disabled);
	for (size_t i = 0; i < n && !disabled; i++) {
		if (uses[i].conflict || m->net->networks[uses[i].network].id != network_id)
			continue;
		*ret_use = uses[i];
		return true;
	}
	return false;
}

static bool model_place(const struct model *m, uint32_t sw, uint32_t ofport, uint32_t network_id)
{
	struct net_use use;
	return model_use(m, sw, ofport, network_id, &use) && !use.is_uplink;
}

/* After a change of ports or file: who has no place goes. Returns how many. */
static size_t model_sweep(struct model *m)
{
	size_t n = 0;
	for (int k = 0; k < N_IDS; k++)
		for (int h = 0; h < N_MACS; h++) {
			struct model_host *host = &m->hosts[k][h];
			bool stays = host->unconfirmed ? net_network_by_id(m->net, m->ids[k]) != NET_NONE
				: model_place(m, host->sw, host->ofport, m->ids[k]);
			if (host->there && !stays) {
				host->there = false;
				n++;
			}
		}
	return n;
}

static void check_uses(const struct model *m, const struct view *view)
{
	for (uint32_t sw = 0; sw < N_SW; sw++)
		for (uint32_t p = 0; p < N_OFPORTS; p++)
			for (int k = 0; k < N_IDS; k++) {
				const struct view_port *port = view_port(view, sw, p);
				const struct view_use *use = port ? view_use(port, m->ids[k]) : NULL;
				struct net_use expected;
				uint32_t n = 0;
				assert_int_equal(port != NULL, m->ports[sw][p] != NULL);
				assert_int_equal(use != NULL, model_use(m, sw, p, m->ids[k], &expected));
				if (!use)
					continue;
				for (int h = 0; h < N_MACS; h++) {
					const struct model_host *host = &m->hosts[k][h];
					n += host->there && !host->unconfirmed && host->sw == sw && host->ofport == p;
				}
				assert_int_equal(use->n_hosts, n);
				assert_int_equal(use->is_uplink, expected.is_uplink);
				assert_int_equal(use->tag, expected.tag);
			}
}

static void check_member(const struct model *m, const struct view *view, uint32_t sw, int k)
{
	const struct view_network *vn = view_network_by_id(view, m->ids[k]);
	const struct view_member *member = view_member(vn, sw);
	uint32_t uplink = NET_NONE, n_edges = 0;
	size_t listed = 0, expected = 0;
	struct net_use use;
	for (uint32_t p = 0; p < N_OFPORTS; p++) {
		if (!model_use(m, sw, p, m->ids[k], &use))
			continue;
		if (use.is_uplink)
			uplink = p;
		else
			n_edges++;
	}
	assert_int_equal(member != NULL, uplink != NET_NONE || n_edges);
	if (!member)
		return;
	assert_int_equal(member->uplink, uplink);
	assert_int_equal(member->n_edges, n_edges);
	for (const struct host *host = NULL; (host = view_member_host(view, member, host)); listed++) {
		assert_int_equal(host->sw, sw);
		assert_true(m->hosts[k][host->mac[5]].there);
	}
	for (int h = 0; h < N_MACS; h++)
		expected += m->hosts[k][h].there && !m->hosts[k][h].unconfirmed && m->hosts[k][h].sw == sw;
	assert_int_equal(listed, expected);
}

static void check_hosts(const struct model *m, const struct view *view)
{
	size_t total = 0, slots = 0;
	for (int k = 0; k < N_IDS; k++) {
		const struct view_network *vn = view_network_by_id(view, m->ids[k]);
		uint32_t n = 0, unconfirmed = 0, listed = 0;
		for (int h = 0; h < N_MACS; h++) {
			const struct model_host *host = &m->hosts[k][h];
			const struct host *seen = view_host(view, m->ids[k], (uint8_t[6]) { 2, 0, 0, 0, 0, (uint8_t) h });
			assert_int_equal(seen != NULL, host->there);
			if (!seen)
				continue;
			assert_int_equal(seen->unconfirmed, host->unconfirmed);
			assert_int_equal(seen->sw, host->unconfirmed ? NET_NONE : host->sw);
			if (!host->unconfirmed)
				assert_int_equal(seen->ofport, host->ofport);
			assert_int_equal(seen->recovered, host->recovered);
			n++;
			unconfirmed += host->unconfirmed;
		}
		total += n;
		assert_int_equal(vn != NULL, net_network_by_id(m->net, m->ids[k]) != NET_NONE);
		if (!vn)
			continue;
		assert_int_equal(vn->n_hosts, n);
		assert_int_equal(vn->n_unconfirmed, unconfirmed);
		for (const struct host *host = NULL; (host = view_unconfirmed(view, vn, host));)
			listed++;
		assert_int_equal(listed, unconfirmed);
		for (uint32_t sw = 0; sw < N_SW; sw++)
			check_member(m, view, sw, k);
	}
	assert_int_equal(view_n_hosts(view), total);
	for (size_t i = 0; i < view_host_slots(view); i++)
		slots += view_host_at(view, i) != NULL;
	assert_int_equal(slots, total);
}

static unsigned seed;
static uint32_t below(uint32_t n) { return (uint32_t) rand_r(&seed) % n; }

static void step_host(struct model *m, struct view *view)
{
	uint32_t k = below(N_IDS), h = below(N_MACS);
	struct model_host *host = &m->hosts[k][h];
	struct fact fact = { .kind = FACT_HOST, .network = m->ids[k], .mac = { 2, 0, 0, 0, 0, (uint8_t) h },
			     .sw = below(N_SW), .ofport = below(N_OFPORTS), .time_ms = m->now };
	uint32_t kind = below(10);
	bool expected;
	fact.recovered = kind >= 6 && kind < 8;
	fact.age_s = below(60);
	fact.unconfirmed = kind == 9;
	uint64_t seen = fact.recovered ? m->now - fact.age_s * 1000 : m->now;
	if (fact.unconfirmed) {
		fact.sw = NET_NONE;
		expected = !host->there && net_network_by_id(m->net, m->ids[k]) != NET_NONE;
		if (expected)
			*host = (struct model_host) { .there = true, .unconfirmed = true };
	} else if (!model_place(m, fact.sw, fact.ofport, fact.network)) {
		expected = false;
	} else if (!host->there || host->unconfirmed) {
		expected = true;
		*host = (struct model_host) { .there = true, .recovered = fact.recovered, .sw = fact.sw,
					      .ofport = fact.ofport, .seen = seen };
	} else {
		bool here = host->sw == fact.sw && host->ofport == fact.ofport;
		bool believed = !fact.recovered || (!here && host->recovered && host->seen < seen);
		expected = believed && !here;
		if (believed) {
			host->recovered = fact.recovered;
			host->seen = seen;
			host->sw = fact.sw;
			host->ofport = fact.ofport;
		}
	}
	assert_int_equal(view_apply(view, &fact, NULL, NULL), expected);
}

static void step_gone(struct model *m, struct view *view)
{
	uint32_t k = below(N_IDS), h = below(N_MACS);
	struct model_host *host = &m->hosts[k][h];
	struct fact fact = { .kind = FACT_HOST_GONE, .network = m->ids[k], .mac = { 2, 0, 0, 0, 0, (uint8_t) h },
			     .sw = host->unconfirmed ? NET_NONE : host->sw, .ofport = host->ofport };
	assert_int_equal(view_apply(view, &fact, NULL, NULL), host->there);
	host->there = false;
}

static void step_port(struct model *m, struct view *view)
{
	uint32_t sw = below(N_SW), p = below(N_OFPORTS);
	struct heard heard = { .n = 0 };
	struct fact fact = { .kind = FACT_PORT, .sw = sw, .ofport = p, .time_ms = m->now };
	if (below(3) == 0) {
		fact.kind = FACT_PORT_GONE;
		m->ports[sw][p] = NULL;
		view_apply(view, &fact, hear, &heard);
		assert_int_equal(heard.n, model_sweep(m));
		return;
	}
	const char *name = names[below(N_NAMES)];
	size_t gone = 0;
	snprintf(fact.port_name, sizeof fact.port_name, "%s", name);
	for (uint32_t other = 0; other < N_OFPORTS; other++)
		if (m->ports[sw][other] && !strcmp(m->ports[sw][other], name) && other != p)
			m->ports[sw][other] = NULL;
	if (m->ports[sw][p] && strcmp(m->ports[sw][p], name))
		m->ports[sw][p] = NULL;
	gone = model_sweep(m);
	m->ports[sw][p] = name;
	view_apply(view, &fact, hear, &heard);
	assert_int_equal(heard.n, gone);
}

static void step_bind(struct model *m, struct view *view)
{
	struct heard heard = { .n = 0 };
	m->net = nets[below(N_TEXTS)];
	view_bind(view, m->net, m->now, hear, &heard);
	assert_int_equal(heard.n, model_sweep(m));
}

static void random_against_model(void **state)
{
	struct model *m = calloc(1, sizeof *m);
	struct view *view = new_view();
	(void) state;
	m->net = nets[0];
	m->now = 1000000;
	m->ids[0] = id("red");
	m->ids[1] = id("green");
	m->ids[2] = id("blue");
	for (int step = 0; step < STEPS; step++) {
		uint32_t what = below(100);
		m->now += 500;
		if (what < 60)
			step_host(m, view);
		else if (what < 75)
			step_gone(m, view);
		else if (what < 98)
			step_port(m, view);
		else
			step_bind(m, view);
		check_uses(m, view);
		check_hosts(m, view);
	}
	view_free(view);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_against_model),
	};
	const char *wish = getenv("WEFT_SEED");
	seed = wish ? (unsigned) strtoul(wish, NULL, 0) : (unsigned) time(NULL);
	printf("seed: WEFT_SEED=%u\n", seed);
	return cmocka_run_group_tests(tests, view_world_up, view_world_down);
}
