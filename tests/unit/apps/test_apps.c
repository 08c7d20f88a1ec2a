/* SPDX-License-Identifier: Apache-2.0 */
/* Random worlds: a file, ports and hosts that come, move and go, restarts. After
 * every step patch = compile; now and then every pair of places is walked: who is
 * in one network reaches, who is not does not, nothing comes back, nothing goes in
 * circles. The seed is printed; WEFT_SEED=N plays it again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/apps/world.h"

enum { N_NETS = 3, N_SW = 4, N_PORTS = 7, N_MACS = 14, WORLDS = 12, STEPS = 60 };

static unsigned seed;
static uint32_t below(uint32_t n) { return (uint32_t) rand_r(&seed) % n; }
static bool chance(uint32_t percent) { return below(100) < percent; }

static const char *const nets[N_NETS] = { "red", "green", "blue" };
static const char *const switches[N_SW] = { "a", "b", "c", "d" };
static const char *const names[N_PORTS] = { "r1", "r2", "g1", "g2", "t1", "t2", "up" };

/* --- random files ------------------------------------------------------------------ */

struct text { char *at; size_t left; };

static void __attribute__((format(printf, 2, 3))) put(struct text *text, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text->at, text->left, format, args);
	va_end(args);
	assert_true(n >= 0 && (size_t) n < text->left);
	text->at += n;
	text->left -= (size_t) n;
}

static void put_flags(struct text *text)
{
	if (chance(20))
		put(text, ", hairpin: true");
	if (chance(20))
		put(text, ", flood: false");
	if (chance(20))
		put(text, ", max_hosts: %u", 1 + below(3));
	if (chance(8))
		put(text, ", sticky: true");
	else if (chance(8))
		put(text, ", on_limit: report");
	if (chance(8))
		put(text, ", trust: [dhcp, ra]");
	put(text, "}");
}

/* red: untagged r*, green: untagged g*, all three on the trunks t*. */
static void put_network(struct text *text, int n)
{
	const char *comma = "";
	put(text, "  %s:\n", nets[n]);
	if (chance(70)) {
		put(text, "    transport: vlan\n    vlan: %d\n    uplinks: [", 100 + n);
		for (int sw = 0; sw < N_SW; sw++) {
			if (sw && !chance(85))
				continue;
			put(text, "%s%s:up", comma, switches[sw]);
			comma = ", ";
		}
		put(text, "]\n");
	}
	if (chance(25))
		put(text, "    max_hosts: %u\n", 2 + below(6));
	if (chance(20))
		put(text, "    flood: false\n");
	if (chance(20))
		put(text, "    guard: [dhcp, ra]\n");
	put(text, "    ports:\n      - {port: \"*:t*\", tag: %d", 10 + n);
	put_flags(text);
	put(text, "\n");
	if (n == 0)
		put(text, "      - {port: \"*:r*\"");
	else if (n == 1)
		put(text, "      - {port: \"*:g?\"");
	else
		put(text, "      - {port: b:t2");
	put_flags(text);
	put(text, "\n");
	if (n == 1 && chance(30))
		put(text, "      - {port: c:g2, enable: false}\n");
	if (n == 0 && chance(30)) {
		put(text, "      - {port: a:r2");
		put_flags(text);
		put(text, "\n");
	}
}

static char *random_file(void)
{
	static char buf[4096];
	struct text text = { buf, sizeof buf };
	put(&text, "version: 1\nswitches: {a: {dpid: 1}, b: {dpid: 2}, c: {dpid: 3}, d: {dpid: 4}}\nnetworks:\n");
	for (int n = 0; n < N_NETS; n++)
		if (n == 0 || chance(85))
			put_network(&text, n);
	return buf;
}

/* --- random steps ------------------------------------------------------------------ */

static struct world *w;

static void all_ports(void)
{
	char step[64];
	for (uint32_t sw = 0; sw < N_SW; sw++)
		for (uint32_t p = 0; p < N_PORTS; p++) {
			if (!chance(85))
				continue;
			snprintf(step, sizeof step, "port %s:%s %u", switches[sw], names[p], 1 + p + 10 * sw);
			world_do(w, step);
		}
}

static bool random_place(char *buf, size_t size)
{
	uint32_t sw = below(N_SW), p = below(N_PORTS - 1);
	snprintf(buf, size, "%s:%s", switches[sw], names[p]);
	return view_port_by_name(w->view, sw, names[p]) != NULL;
}

static void step(void)
{
	const char *net = nets[below(N_NETS)];
	unsigned mac = 1 + below(N_MACS);
	char line[160], place[96];
	bool has_port = random_place(place, sizeof place);
	uint32_t what = below(100);
	line[0] = '\0';
	if (net_network_by_name(w->net, net) == NET_NONE)
		return;
	if (what < 45 && has_port)
		snprintf(line, sizeof line, "host %s %u %s", net, mac, place);
	else if (what < 50 && has_port)
		snprintf(line, sizeof line, "host %s %u %s age=%u", net, mac, place, below(500));
	else if (what < 55)
		snprintf(line, sizeof line, "remember %s %u", net, mac);
	else if (what < 70 && world_host(w, net, mac))
		snprintf(line, sizeof line, "forget %s %u", net, mac);
	else if (what < 76 && has_port)
		snprintf(line, sizeof line, "gone %s", place);
	else if (what < 82 && has_port)
		snprintf(line, sizeof line, "%s %s", chance(50) ? "up" : "down", place);
	else if (what < 92)
		all_ports();
	else if (what < 94)
		snprintf(line, sizeof line, "gone %s:up", switches[below(N_SW)]);
	else if (what < 96)
		snprintf(line, sizeof line, "settle");
	else
		world_reload(w, random_file());
	if (!strncmp(line, "gone", 4) && strstr(line, ":up")
	    && !view_port_by_name(w->view, world_switch(w, (char[2]) { line[5], 0 }), "up"))
		return;
	world_do(w, line);
}

/* --- what must hold ---------------------------------------------------------------- */

/* Where a frame can come in: an edge port and the tag it has in a network. */
struct door {
	char place[96];
	uint32_t sw, network;
	const struct view_use *use;
};

static size_t doors(struct door *doors, size_t max)
{
	size_t n = 0;
	for (uint32_t sw = 0; sw < N_SW; sw++) {
		const struct view_switch *vs = view_switch(w->view, sw);
		for (size_t p = 0; p < vs->n_ports; p++)
			for (size_t u = 0; u < vs->ports[p].n_uses && n < max; u++) {
				if (vs->ports[p].uses[u].is_uplink)
					continue;
				doors[n] = (struct door) { .sw = sw, .network = vs->ports[p].uses[u].network,
							   .use = &vs->ports[p].uses[u] };
				snprintf(doors[n++].place, sizeof doors->place, "%s:%s", vs->name, vs->ports[p].name);
			}
	}
	return n;
}

static int vid_of(const struct door *door)
{
	return door->use->tag == NET_UNTAGGED ? UNTAGGED : door->use->tag;
}

static bool joined(const struct door *a, const struct door *b)
{
	const struct view_network *vn = view_network(w->view, a->network);
	if (a->network != b->network)
		return false;
	return a->sw == b->sw || (view_member(vn, a->sw)->uplink != NET_NONE
				  && view_member(vn, b->sw)->uplink != NET_NONE);
}

static bool is_full(const struct door *door)
{
	return view_network(w->view, door->network)->n_hosts >= w->net->networks[door->network].max_hosts
		|| door->use->n_hosts >= door->use->room;
}

/* A copy at this door is in this door's network: its tag says so. */
static size_t got_at(const struct door *door) { return world_got(w, door->place, vid_of(door)); }

/* A broadcast and an unknown unicast from every door reach exactly the doors
 * they should, once each. */
static void check_floods(const struct door *all, size_t n)
{
	for (size_t from = 0; from < n; from++) {
		const struct net_network *network = &w->net->networks[all[from].network];
		size_t sum = 0, lan = 0;
		for (int unknown = 0; unknown < 2; unknown++) {
			sum = 0;
			world_send(w, all[from].place, world_frame(unknown ? 999 : 0, 998, vid_of(&all[from])));
			assert_int_equal(w->n_punts, 1);
			for (size_t to = 0; to < n; to++) {
				bool expected = joined(&all[from], &all[to]) && !is_full(&all[from]);
				if (from == to)
					expected = expected && all[from].use->hairpin;
				if (unknown)
					expected = expected && network->flood && all[to].use->flood;
				assert_int_equal(got_at(&all[to]), expected);
				sum += expected;
			}
			lan = 0;
			for (size_t i = 0; i < w->n_got; i++)
				lan += w->got[i].sw == NET_NONE;
			assert_true(lan <= 1);
			assert_int_equal(w->n_got, sum + lan);
		}
	}
}

/* Every known host reaches every other one of its network, once, and no other. */
static void check_hosts(const struct door *all, size_t n)
{
	for (size_t i = 0; i < view_host_slots(w->view); i++) {
		const struct host *from = view_host_at(w->view, i);
		const struct door *in = NULL;
		char place[96];
		if (!from || from->unconfirmed)
			continue;
		snprintf(place, sizeof place, "%s:%s", view_switch(w->view, from->sw)->name,
			 view_port(w->view, from->sw, from->ofport)->name);
		for (size_t d = 0; d < n; d++)
			if (!strcmp(all[d].place, place) && all[d].use->id == from->network)
				in = &all[d];
		assert_non_null(in);
		for (size_t k = 0; k < view_host_slots(w->view); k++) {
			const struct host *to = view_host_at(w->view, k);
			if (!to || to->unconfirmed || to == from || to->network != from->network)
				continue;
			const struct view_port *port = view_port(w->view, to->sw, to->ofport);
			const struct view_use *use = view_use(port, to->network);
			struct door out = { .sw = to->sw, .network = use->network, .use = use };
			snprintf(out.place, sizeof out.place, "%s:%s", view_switch(w->view, to->sw)->name, port->name);
			bool same_port = to->sw == from->sw && to->ofport == from->ofport;
			bool expected = joined(in, &out) && (!same_port || use->hairpin);
			world_send(w, place, world_frame((unsigned) to->mac[5], from->mac[5], vid_of(in)));
			assert_int_equal(w->n_punts, 0);
			assert_int_equal(got_at(&out), expected);
			size_t edge = 0;
			for (size_t g = 0; g < w->n_got; g++)
				edge += w->got[g].sw != NET_NONE;
			/* Without a way there it may be flooded where the map ends,
			 * never across networks; with one it goes there and only there. */
			if (expected)
				assert_int_equal(edge, 1);
		}
	}
}

static void check_meaning(void)
{
	static struct door all[256];
	size_t n = doors(all, 256);
	w->learn = false;
	check_floods(all, n);
	check_hosts(all, n);
	w->learn = true;
	world_check(w);
}

/* Confirmed hosts and their rows survive a restart in any order, unchanged. */
static void check_restart(void)
{
	uint32_t order[N_SW] = { 0, 1, 2, 3 };
	char before[64 * N_MACS] = "", after[64 * N_MACS] = "";
	world_do(w, "settle; give-up");
	world_do(w, "up a; up b; up c; up d");
	for (int n = 0; n < 2; n++) {
		struct text text = { n ? after : before, sizeof before };
		for (int net = 0; net < N_NETS; net++)
			for (unsigned mac = 1; mac <= N_MACS; mac++) {
				if (net_network_by_name(w->net, nets[net]) == NET_NONE)
					continue;
				const struct host *host = world_host(w, nets[net], mac);
				if (host)
					put(&text, "%d.%u@%u:%u ", net, mac, host->sw, host->ofport);
			}
		if (n)
			break;
		for (uint32_t i = N_SW - 1; i > 0; i--) {
			uint32_t k = below(i + 1), t = order[i];
			order[i] = order[k];
			order[k] = t;
		}
		world_restart(w);
		for (uint32_t i = 0; i < N_SW; i++) {
			world_quiet(w);
			assert_int_equal(world_back(w, switches[order[i]], 5), 0);
			world_check(w);
		}
	}
	assert_string_equal(before, after);
}

static void random_worlds(void **state)
{
	(void) state;
	for (int n = 0; n < WORLDS; n++) {
		w = world_new(random_file());
		world_do(w, "meters a 10; up a; up b; up c; up d");
		all_ports();
		for (int i = 0; i < STEPS; i++) {
			world_quiet(w);
			step();
			world_check(w);
		}
		world_quiet(w);
		check_meaning();
		check_restart();
		check_meaning();
		world_free(w);
	}
}

/* Twice the same file and facts: twice the same rows. */
static void twice_the_same(void **state)
{
	unsigned keep = seed;
	char *text[2][N_SW];
	(void) state;
	for (int n = 0; n < 2; n++) {
		seed = keep;
		w = world_new(random_file());
		all_ports();
		for (int i = 0; i < 40; i++) {
			world_quiet(w);
			step();
		}
		for (uint32_t sw = 0; sw < N_SW; sw++)
			text[n][sw] = world_rows_text(w, sw);
		world_free(w);
	}
	for (uint32_t sw = 0; sw < N_SW; sw++) {
		assert_string_equal(text[0][sw], text[1][sw]);
		free(text[0][sw]);
		free(text[1][sw]);
	}
}

/* --- the list of apps -------------------------------------------------------------- */

static void numbers_and_rows_are_unique(void **state)
{
	(void) state;
	for (size_t i = 0; i < n_apps; i++) {
		const struct app *app = apps[i].app;
		assert_ptr_equal(app_by_number(apps[i].number), app);
		assert_true(apps[i].number);
		assert_non_null(app->compile);
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(apps[k].number, apps[i].number);
		for (size_t r = 0; r < app->n_rows; r++) {
			assert_true(app->tables >> app->rows[r].table & 1);
			for (size_t q = 0; q < r; q++) {
				assert_false(app->rows[q].table == app->rows[r].table
					     && app->rows[q].priority == app->rows[r].priority);
				assert_string_not_equal(app->rows[q].name, app->rows[r].name);
			}
		}
	}
	assert_null(app_by_number(0));
	assert_null(app_by_number(200));
	assert_null(app_by_table(N_TABLES));
}

static void rows_know_their_kind(void **state)
{
	struct build *b = build_new(pipeline, N_TABLES);
	struct rule rule;
	(void) state;
	build_flow(b, TABLE_INGRESS, 1000, cookie_make(1, 5));
	assert_null(build_end(b, &rule));
	assert_string_equal(app_row_of(&rule)->name, "reserved-group");
	build_flow(b, TABLE_INGRESS, 999, cookie_make(1, 5));
	assert_null(build_end(b, &rule));
	assert_null(app_row_of(&rule));
	build_flow(b, TABLE_INGRESS, 1000, cookie_make(99, 5));
	assert_null(build_end(b, &rule));
	assert_null(app_row_of(&rule));
	build_flow(b, TABLE_INGRESS, 1000, 0x1234);
	assert_null(build_end(b, &rule));
	assert_null(app_row_of(&rule));
	build_meter(b, METER_OURS_FIRST, true, 1, 1);
	assert_null(build_end(b, &rule));
	assert_null(app_row_of(&rule));
	build_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_rows_are_unique),
		cmocka_unit_test(rows_know_their_kind),
		cmocka_unit_test(random_worlds),
		cmocka_unit_test(twice_the_same),
	};
	const char *wish = getenv("WEFT_SEED");
	seed = wish ? (unsigned) strtoul(wish, NULL, 0) : (unsigned) time(NULL);
	printf("seed: WEFT_SEED=%u\n", seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
