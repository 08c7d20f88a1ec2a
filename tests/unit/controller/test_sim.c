/* SPDX-License-Identifier: Apache-2.0 */
/* test_sim: weftd in a hostile world. The file changes and breaks, ports come,
 * flap, go and change their numbers, hosts speak, move and fall silent, other
 * hands put and take rows, switches refuse rows, connections end at any message,
 * strangers claim to be a switch, weftd is killed. Whatever happened, at rest
 *
 *     what is wanted is there, and nothing else of ours; others' rows untouched
 *     compiling again changes nothing; the patched rows are what a fresh core,
 *     that knows only the file, the ports and the hosts, compiles
 *     a restart with the same file sends not one flow-mod
 *     hosts are known where they are, and frames go where the file says
 *
 * `make check` runs the same episodes each time, so that a defect that chance
 * found is somebody's work and not somebody else's red build.
 * WEFT_SEED=n repeats one episode, WEFT_EPISODES=n runs so many. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "controller/core_te.h"
#include "controller/session_private.h"
#include "ofproto/ovs.h"
#include "ofproto/wire.h"
#include "tests/unit/controller/sim.h"

enum { EPISODES = 24, STEPS = 250 };

#define FIRST_SEED 1000u

static uint64_t current;
static char folder[] = "/tmp/weft-sim.XXXXXX";
/* What has happened in all episodes: a world that is too kind proves nothing. */
static struct {
	uint64_t n_mods, n_facts, n_patches, n_errors, n_reloads, n_restarts, n_bad, n_refused, n_hosts, n_foreign, n_steered;
} lived;

/* Of this life of weftd. */
static void remember(struct sim *s)
{
	const struct core_counts *c = &s->core->counts;
	lived.n_facts += c->n_facts;
	lived.n_patches += c->n_patches;
	lived.n_errors += c->n_errors_received;
	lived.n_reloads += c->n_reloads;
	lived.n_refused += c->n_switches_refused;
	lived.n_hosts += view_n_hosts(s->core->view);
}

/* --- what happens --------------------------------------------------------------------- */

static struct sim_switch *any_switch(struct sim *s) { return &s->switches[sim_random(s, SIM_SWITCHES)]; }

static uint32_t free_number(struct sim *s, const struct sim_switch *sw)
{
	for (;;) {
		uint32_t n = 3 + sim_random(s, 12);
		bool taken = false;
		for (size_t i = 0; i < sim_n_ports(s); i++)
			taken |= sw->ports[i].ofport == n;
		if (!taken)
			return n;
	}
}

static void set_up(struct sim_switch *sw, struct sim_port *port, bool is_up)
{
	port->is_up = is_up;
	fake_port(sw->fake, port->ofport, port->name, is_up,
		  sim_port_lives(sw->sim, (uint32_t) (sw - sw->sim->switches), (size_t) (port - sw->ports)));
}

/* BFD sees it in blue; in red only probes do. */
static void set_underlay(struct sim *s, bool blue, uint32_t a, uint32_t b, bool dead)
{
	s->dead[blue][a][b] = s->dead[blue][b][a] = dead;
	for (int i = 0; blue && i < 2; i++) {
		struct sim_switch *sw = &s->switches[i ? a : b];
		struct sim_port *port = &sw->ports[SIM_BFD + (i ? b : a)];
		if (port->ofport)
			set_up(sw, port, port->is_up);
	}
}

static void change_underlay(struct sim *s)
{
	bool blue = sim_chance(s, 60);
	uint32_t a = sim_random(s, SIM_SWITCHES), b = (a + 1 + sim_random(s, SIM_SWITCHES - 1)) % SIM_SWITCHES;
	set_underlay(s, blue, a, b, !s->dead[blue][a][b] && sim_chance(s, 70));
}

/* NICs keep their numbers: rows of a switch whose controller is away must not
 * make an edge port of one. */
static void change_port(struct sim *s)
{
	struct sim_switch *sw = any_switch(s);
	struct sim_port *port = &sw->ports[sim_random(s, (uint32_t) sim_n_ports(s))];
	size_t i = (size_t) (port - sw->ports);
	if (!port->ofport) {
		port->ofport = i < 2 || i >= SIM_CABLES ? 100 + (uint32_t) i : i == 2 ? 0xfffffffe : free_number(s, sw);
		set_up(sw, port, true);
	} else if (sim_chance(s, 60)) {
		set_up(sw, port, !port->is_up);
	} else {
		struct sim_port *other = &sw->ports[3 + sim_random(s, SIM_CABLES - 3)];
		uint32_t number = port->ofport;
		if (i > 2 && i < SIM_CABLES && other != port && sim_chance(s, 30)) {
			/* Its number goes to another name, without a word about the old one. */
			if (other->ofport)
				fake_port_gone(sw->fake, other->ofport);
			port->ofport = 0;
			other->ofport = number;
			set_up(sw, other, true);
			return;
		}
		port->ofport = 0;
		fake_port_gone(sw->fake, number);
	}
}

/* As a rule to where the file has a network. */
static void move_host(struct sim *s)
{
	struct sim_host *host = &s->hosts[sim_random(s, SIM_HOSTS)];
	host->sw = sim_random(s, SIM_SWITCHES);
	for (int tries = sim_chance(s, 90) ? 20 : 1; tries; tries--) {
		struct net_use uses[16];
		bool disabled;
		host->port = 2 + sim_random(s, SIM_CABLES - 2);
		host->vid = (int) sim_random(s, 10) - 1;
		size_t n = net_uses(s->core->net, s->switches[host->sw].name, s->switches[host->sw].ports[host->port].name,
				    host->port == 2, uses, 16, &disabled);
		if (!n || !s->switches[host->sw].ports[host->port].ofport)
			continue;
		const struct net_use *use = &uses[sim_random(s, (uint32_t) n)];
		host->vid = use->tag == NET_UNTAGGED ? SIM_UNTAGGED : use->tag;
		return;
	}
}

static void speak(struct sim *s)
{
	const struct sim_host *from = &s->hosts[sim_random(s, SIM_HOSTS)];
	const struct sim_host *to = &s->hosts[sim_random(s, SIM_HOSTS)];
	sim_send(s, from, sim_chance(s, 30) ? sim_broadcast : to->mac);
}

struct pick {
	struct sim *s;
	struct rule rule;
	bool want_idle;
	uint32_t n;
};

static void pick_one(void *ctx, const struct rule *rule)
{
	struct pick *pick = ctx;
	if (!rule_is_ours(rule) || (pick->want_idle && (rule->kind != RULE_FLOW || !rule_idle_timeout(rule))))
		return;
	if (!sim_random(pick->s, ++pick->n))
		pick->rule = *rule;
}

/* A row of ours on the switch; false when there is none. */
static bool pick_row(struct sim *s, const struct sim_switch *sw, bool want_idle, struct rule *ret_rule)
{
	struct pick pick = { .s = s, .want_idle = want_idle };
	fake_each(sw->fake, pick_one, &pick);
	*ret_rule = pick.rule;
	return pick.n != 0;
}

static void fall_silent(struct sim *s)
{
	struct sim_switch *sw = any_switch(s);
	struct rule rule;
	if (!pick_row(s, sw, true, &rule))
		return;
	fake_expire(sw->fake, &rule, OFPRR_IDLE_TIMEOUT);
}

static uint8_t *copy_msg(const struct rule *rule)
{
	uint8_t *msg = malloc(rule->size);
	assert_non_null(msg);
	memcpy(msg, rule->msg, rule->size);
	return msg;
}

/* Without its actions: what stays for a while, or for good, must not carry frames
 * on ways that the file has left. */
static void make_drop(uint8_t *msg, struct rule *rule)
{
	rule->size = (uint16_t) (FLOW_MATCH + wire_match_padded(wire_u16(msg + FLOW_MATCH + 2)));
	wire_put_u16(msg + WIRE_LENGTH, rule->size);
}

/* Somebody changes what is ours. */
static void meddle(struct sim *s)
{
	struct sim_switch *sw = any_switch(s);
	struct rule rule;
	if (!pick_row(s, sw, false, &rule))
		return;
	uint8_t *msg = copy_msg(&rule);
	switch (sim_random(s, 5)) {
	case 0:
		fake_remove(sw->fake, &rule);
		break;
	case 1:
		if (rule.kind == RULE_FLOW)
			fake_expire(sw->fake, &rule, OFPRR_DELETE);
		break;
	case 2:
		if (rule.kind != RULE_FLOW)
			break;
		wire_put_u16(msg + FLOW_IDLE, 77);
		rule.msg = msg;
		fake_put(sw->fake, &rule);
		break;
	case 3:
		if (rule.kind != RULE_FLOW || rule_priority(&rule) < 2)
			break;
		/* Nothing of ours has this priority. */
		wire_put_u16(msg + FLOW_PRIORITY, (uint16_t) (rule_priority(&rule) - 1));
		if (!rule_idle_timeout(&rule))
			make_drop(msg, &rule);
		rule.msg = msg;
		fake_put(sw->fake, &rule);
		break;
	case 4:
		if (sim_chance(s, 10) && !sw->online) {
			fake_wipe(sw->fake);
			for (size_t i = 0; i < SIM_FOREIGN; i++) {
				if (&s->switches[s->foreign[i].sw] != sw)
					continue;
				free(s->foreign[i].msg);
				s->foreign[i].msg = NULL;
			}
		}
		break;
	}
	free(msg);
}

static void keep_foreign(struct sim *s, struct sim_foreign *f, uint32_t sw, const struct rule *rule, bool squats)
{
	fake_put(s->switches[sw].fake, rule);
	*f = (struct sim_foreign) { .sw = sw, .msg = copy_msg(rule), .rule = *rule, .squats = squats };
	f->rule.msg = f->msg;
	f->digest = rule_digest(fake_find(s->switches[sw].fake, rule));
	lived.n_foreign++;
}

/* Rows of others: beside ours at any time; on a key of ours only while nobody
 * could know of it. */
static void put_foreign(struct sim *s)
{
	struct sim_foreign *f = &s->foreign[sim_random(s, SIM_FOREIGN)];
	uint32_t n = sim_random(s, SIM_SWITCHES);
	struct sim_switch *sw = &s->switches[n];
	struct rule rule;
	if (f->msg)
		return;
	if (!sw->online && sim_chance(s, 40)) {
		if (!pick_row(s, sw, false, &rule) || rule.kind != RULE_FLOW)
			return;
		uint8_t *msg = copy_msg(&rule);
		wire_put_u64(msg + FLOW_COOKIE, 0x1122334455667788ULL);
		make_drop(msg, &rule);
		rule.msg = msg;
		keep_foreign(s, f, n, &rule, true);
		free(msg);
		return;
	}
	build_flow(s->foreign_build, sim_random(s, 4), (uint16_t) (1 + sim_random(s, 500)), 0);
	match_u(s->foreign_build, FIELD_IN_PORT, 1000 + (uint32_t) (f - s->foreign));
	act_output(s->foreign_build, 42);
	assert_null(build_end(s->foreign_build, &rule));
	wire_put_u64((uint8_t *) rule.msg + FLOW_COOKIE, 0x5500000000000001ULL);
	keep_foreign(s, f, n, &rule, false);
}

static void edit(struct sim *s)
{
	bool good = sim_chance(s, 70);
	char *text = good ? sim_file_good(s, false) : sim_file_bad(s);
	sim_edit(s, text, good, sim_chance(s, 20));
	free(text);
	lived.n_bad += !good;
}

static void step_connections(struct sim *s)
{
	for (size_t i = 0; i < SIM_SWITCHES; i++) {
		struct sim_switch *sw = &s->switches[i];
		if (!sw->online && !sw->wire.conn) {
			if (sim_chance(s, 30))
				sim_connect(s, sw);
		} else if (sw->online && sim_chance(s, 1)) {
			sim_disconnect(s, sw);
		} else if (sim_chance(s, 1)) {
			sim_impostor(s, sw);
		}
	}
}

static void lose_state(struct sim *s)
{
	if (sim_chance(s, 70))
		sim_forget(s, "te");
	if (sim_chance(s, 70))
		sim_forget(s, "links");
}

static void step(struct sim *s)
{
	if (sim_chance(s, 50))
		speak(s);
	if (sim_chance(s, 20))
		move_host(s);
	if (sim_chance(s, 12))
		change_port(s);
	if (s->has_underlays && sim_chance(s, 6))
		change_underlay(s);
	if (sim_chance(s, 8))
		fall_silent(s);
	if (sim_chance(s, 8))
		meddle(s);
	if (sim_chance(s, 5))
		put_foreign(s);
	if (sim_chance(s, 4))
		edit(s);
	if (sim_chance(s, 2))
		s->refuse_hash = sim_chance(s, 50) ? 1 + sim_random(s, 16) : 0;
	step_connections(s);
	for (size_t i = 0; i < SIM_SWITCHES; i++) {
		struct sim_switch *sw = &s->switches[i];
		if (sim_chance(s, 60))
			sim_work(s, sw, sim_random(s, 30));
		if (sim_chance(s, 60))
			sim_round(s, sw, sim_random(s, 30));
	}
	if (sim_chance(s, 70))
		sim_end_tick(s);
	if (sim_chance(s, 10))
		sim_settle(s);
	sim_advance(s, sim_random(s, 100));
	if (sim_chance(s, 1)) {
		remember(s);
		if (s->has_underlays && sim_chance(s, 20))
			lose_state(s);
		sim_restart(s);
		lived.n_restarts++;
	}
}

/* --- the end of an episode -------------------------------------------------------------- */

static void connect_all(struct sim *s)
{
	for (int tries = 0; tries < 20; tries++) {
		bool all = true;
		for (size_t i = 0; i < SIM_SWITCHES; i++) {
			struct sim_switch *sw = &s->switches[i];
			if (!sw->online && !sw->wire.conn)
				sim_connect(s, sw);
			sim_settle(s);
			all &= sim_slot(s, sw) != NET_NONE;
		}
		if (all)
			return;
		sim_advance(s, 1000);
	}
	fail_msg("not all switches get in");
}

/* Nobody refuses, squats or is down any more; the file names everybody. */
static void make_peace(struct sim *s)
{
	s->refuse_hash = 0;
	memset(s->dead, 0, sizeof s->dead);
	for (size_t i = 0; i < SIM_FOREIGN; i++) {
		struct sim_foreign *f = &s->foreign[i];
		if (!f->msg || !f->squats)
			continue;
		fake_remove(s->switches[f->sw].fake, &f->rule);
		free(f->msg);
		f->msg = NULL;
	}
	for (size_t i = 0; i < SIM_SWITCHES; i++) {
		struct sim_switch *sw = &s->switches[i];
		for (size_t p = 0; p < sim_n_ports(s); p++)
			if (sw->ports[p].ofport || p >= SIM_TUNNEL) {
				sw->ports[p].ofport = sw->ports[p].ofport ? sw->ports[p].ofport : 100 + (uint32_t) p;
				set_up(sw, &sw->ports[p], true);
			}
		/* What it refused is tried again on a new connection. */
		if (sw->online)
			sim_disconnect(s, sw);
	}
	char *text = sim_file_good(s, true);
	sim_edit(s, text, true, true);
	free(text);
	sim_settle(s);
}

static void move_all(struct sim *s)
{
	for (int i = 0; i < 2 * SIM_HOSTS; i++)
		move_host(s);
}

static size_t n_hosts_connected(const struct sim *s)
{
	const struct view *view = s->core->view;
	size_t n = 0;
	for (size_t i = 0; i < view_host_slots(view); i++) {
		const struct host *host = view_host_at(view, i);
		n += host && host->sw != NET_NONE && view_switch(view, host->sw)->connected;
	}
	return n;
}

static void restart(struct sim *s)
{
	remember(s);
	sim_restart(s);
	for (int tries = 0; tries < 200; tries++) {
		struct sim_switch *sw = any_switch(s);
		if (!sw->online && !sw->wire.conn)
			sim_connect(s, sw);
		sim_work(s, sw, sim_random(s, 20));
		sim_round(s, sw, sim_random(s, 20));
		sim_end_tick(s);
		sim_advance(s, sim_random(s, 20));
	}
	connect_all(s);
	sim_rest(s);
}

static void check_restart(struct sim *s)
{
	uint64_t before = sim_mods(s);
	size_t n_hosts = n_hosts_connected(s);
	restart(s);
	assert_int_equal(sim_mods(s), before);
	assert_int_equal(n_hosts_connected(s), n_hosts);
}

/* Some cables and tunnels are missing, and that is how it stays. */
static void break_some(struct sim *s)
{
	for (uint32_t n = 1 + sim_random(s, 4); n; n--) {
		struct sim_switch *sw = any_switch(s);
		struct sim_port *port = &sw->ports[SIM_CABLES + sim_random(s, (uint32_t) sim_n_ports(s) - SIM_CABLES)];
		if (port->ofport && port != &sw->ports[SIM_TUNNEL])
			set_up(sw, port, false);
		if (s->has_underlays)
			change_underlay(s);
	}
}

static bool is_calm(const struct sim *s)
{
	const struct core_te *te = s->core->te;
	bool calm = te->phase == TE_REST && !(te->n_edges && te->is_loaded);
	for (uint32_t e = 0; e < te->n_edges; e++)
		calm &= !te->edges[e].is_held && !view_link(s->core->view, e)->held;
	return calm;
}

/* Nothing waits for its time to come: that would send rows with or without a restart. */
static void calm_down(struct sim *s)
{
	sim_rest(s);
	for (unsigned n = 0; !is_calm(s); n++) {
		assert_true(n < 30 * 60 * 4);
		sim_settle(s);
		sim_advance(s, SIM_TICK_MS);
	}
	sim_rest(s);
	assert_true(is_calm(s));
	lived.n_steered += view_steer(s->core->view) ? view_steer(s->core->view)->n_pairs : 0;
}

static void episode(uint64_t seed)
{
	struct sim *s = sim_new(seed, folder);
	for (int i = 0; i < STEPS; i++) {
		step(s);
		if (i % 100 == 99) {
			sim_rest(s);
			sim_check(s);
		}
	}
	make_peace(s);
	connect_all(s);
	/* When nobody is declared, who is missing is known after the hold time only. */
	do
		sim_rest(s);
	while (!s->core->net->n_switches && !s->core->settled);
	sim_check(s);
	for (int i = 0; i < 3; i++) {
		move_all(s);
		sim_check_map(s);
		sim_check(s);
		sim_check_frames(s);
	}
	calm_down(s);
	check_restart(s);
	sim_check(s);
	sim_check_frames(s);
	if (s->has_underlays) {
		break_some(s);
		calm_down(s);
		sim_check(s);
		check_restart(s);
		sim_check(s);
		/* Other paths may come of it, and then it is at rest again. */
		lose_state(s);
		restart(s);
		calm_down(s);
		sim_check(s);
		check_restart(s);
	}
	remember(s);
	lived.n_mods += sim_mods(s);
	sim_free(s);
}

static void test_sim(void **state)
{
	const char *given = getenv("WEFT_SEED"), *number = getenv("WEFT_EPISODES");
	uint64_t first = given ? strtoull(given, NULL, 0) : FIRST_SEED;
	uint64_t n = number ? strtoull(number, NULL, 0) : given ? 1 : EPISODES;
	(void) state;
	for (uint64_t i = 0; i < n; i++) {
		current = first + i;
		episode(current);
	}
	printf("%llu mods, %llu facts, %llu patched, %llu OpenFlow errors, %llu reloads, %llu bad files, "
	       "%llu restarts, %llu strangers refused, %llu foreign rows, %llu hosts, %llu pairs steered\n",
	       (unsigned long long) lived.n_mods, (unsigned long long) lived.n_facts,
	       (unsigned long long) lived.n_patches, (unsigned long long) lived.n_errors,
	       (unsigned long long) lived.n_reloads, (unsigned long long) lived.n_bad,
	       (unsigned long long) lived.n_restarts, (unsigned long long) lived.n_refused,
	       (unsigned long long) lived.n_foreign, (unsigned long long) lived.n_hosts,
	       (unsigned long long) lived.n_steered);
	if (n < EPISODES)
		return;
	assert_true(lived.n_mods && lived.n_patches && lived.n_errors && lived.n_reloads && lived.n_bad
		    && lived.n_restarts && lived.n_refused && lived.n_foreign && lived.n_hosts);
}

/* The same with storm limits, rates and mirrors in the files. */
static void test_sim_storms(void **state)
{
	(void) state;
	for (uint64_t i = 0; !getenv("WEFT_SEED") && i < EPISODES / 2; i++) {
		current = SIM_STORMS + i;
		episode(current);
	}
}

/* The same with tunnels in the files, in two underlays. */
static void test_sim_underlays(void **state)
{
	(void) state;
	for (uint64_t i = 0; !getenv("WEFT_SEED") && i < EPISODES; i++) {
		current = SIM_UNDERLAYS + i;
		episode(current);
	}
}

/* --- which one it was ------------------------------------------------------------------------ */

static void say_seed(void)
{
	char text[64];
	int len = snprintf(text, sizeof text, "the last episode was WEFT_SEED=%llu\n", (unsigned long long) current);
	if (write(STDOUT_FILENO, text, (size_t) len) < 0)
		return;
}

static void on_abort(int signal)
{
	(void) signal;
	say_seed();
}

static int tear_down(void **state)
{
	(void) state;
	fflush(stdout);
	say_seed();
	return 0;
}

void __sanitizer_set_death_callback(void (*)(void)) __attribute__((weak));

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_sim, tear_down),
		cmocka_unit_test_teardown(test_sim_storms, tear_down),
		cmocka_unit_test_teardown(test_sim_underlays, tear_down),
	};
	vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(say_seed);
	signal(SIGABRT, on_abort);
	if (!mkdtemp(folder))
		return 1;
	int failed = cmocka_run_group_tests_name("sim", tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
