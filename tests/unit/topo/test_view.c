/* SPDX-License-Identifier: Apache-2.0 */
/* The view: single stories, and random ones against a model that keeps nothing
 * but arrays of ports and hosts and counts from scratch after every step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "topo/view.h"
#include "topo/ways.h"

static const char *const texts[] = {
	"version: 1\n"
	"switches: {a: {dpid: 1}, b: {dpid: 2}, c: {dpid: 3}}\n"
	"networks:\n"
	"  red:\n"
	"    transport: vlan\n"
	"    vlan: 10\n"
	"    uplinks: [a:up, b:up]\n"
	"    max_hosts: 5\n"
	"    ports: [\"*:r*\", {port: \"a:trunk\", tag: 10}, {port: b:r1, max_hosts: 2}]\n"
	"  green:\n"
	"    ports: [\"*:g*\", {port: \"*:trunk\", tag: 20}, \"*:oth*\"]\n"
	"  blue:\n"
	"    transport: vlan\n"
	"    vlan: 30\n"
	"    uplinks: [a:up, b:up, c:up]\n"
	"    ports: [{port: \"*:trunk\", tag: 30}, {port: a:r2, tag: 30}, {port: \"c:off\", enable: false},\n"
	"            \"*:*er\"]\n",

	/* red without b's uplink, trunk moved, green gone, off switched on, c no more */
	"version: 1\n"
	"switches: {a: {dpid: 1}, b: {dpid: 2}}\n"
	"networks:\n"
	"  red:\n"
	"    transport: vlan\n"
	"    vlan: 10\n"
	"    uplinks: [a:up]\n"
	"    ports: [\"*:r1\", \"*:off\", {port: b:r1, max_hosts: 0}]\n"
	"  blue:\n"
	"    transport: vlan\n"
	"    vlan: 30\n"
	"    uplinks: [b:r1]\n"
	"    ports: [{port: \"*:trunk\", tag: 31}, {port: \"*:g*\"}]\n",

	/* the five lines: everything adopted */
	"version: 1\n"
	"networks:\n"
	"  red:\n"
	"    ports: [\"*:*\"]\n",
};
enum { N_TEXTS = sizeof texts / sizeof texts[0] };

static struct net *nets[N_TEXTS];

static struct net *parse(const char *text)
{
	struct diag *diag = diag_new("t.yaml");
	struct net *net = net_parse("t.yaml", text, strlen(text), diag);
	if (diag_n_errors(diag))
		diag_print(diag, stderr);
	diag_free(diag);
	return net;
}

static int set_up(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_TEXTS; i++) {
		nets[i] = parse(texts[i]);
		if (!nets[i])
			return -1;
	}
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_TEXTS; i++)
		net_free(nets[i]);
	return 0;
}

/* --- one story at a time ----------------------------------------------------------- */

enum { A, B, C };

/* What the callback heard. */
struct heard {
	struct fact facts[256];
	size_t n;
};

static void hear(void *ctx, const struct fact *fact)
{
	struct heard *heard = ctx;
	assert_true(heard->n < 256);
	heard->facts[heard->n++] = *fact;
}

static struct view *new_view(void)
{
	struct view *view = view_new();
	view_bind(view, nets[0], 0, NULL, NULL);
	assert_int_equal(view_switch_slot(view, "a", 1), A);
	assert_int_equal(view_switch_slot(view, "b", 2), B);
	assert_int_equal(view_switch_slot(view, "c", 3), C);
	return view;
}

static bool port_fact(struct view *view, uint32_t sw, uint32_t ofport, const char *name, struct heard *heard)
{
	struct fact fact = { .kind = FACT_PORT, .sw = sw, .ofport = ofport, .port_up = true, .port_live = true };
	snprintf(fact.port_name, sizeof fact.port_name, "%s", name);
	return view_apply(view, &fact, heard ? hear : NULL, heard);
}

static uint32_t id(const char *name)
{
	return nets[0]->networks[net_network_by_name(nets[0], name)].id;
}

static struct fact host_fact(const char *network, uint8_t mac, uint32_t sw, uint32_t ofport)
{
	return (struct fact) { .kind = FACT_HOST, .network = id(network), .mac = { 2, 0, 0, 0, 0, mac },
			       .sw = sw, .ofport = ofport, .time_ms = 100000 };
}

static bool apply(struct view *view, struct fact fact) { return view_apply(view, &fact, NULL, NULL); }

static const struct host *find(const struct view *view, const char *network, uint8_t mac)
{
	return view_host(view, id(network), (uint8_t[6]) { 2, 0, 0, 0, 0, mac });
}

static uint32_t hosts_at(const struct view *view, uint32_t sw, uint32_t ofport, const char *network)
{
	return view_use(view_port(view, sw, ofport), id(network))->n_hosts;
}

static uint32_t hosts_in(const struct view *view, const char *network)
{
	return view_network_by_id(view, id(network))->n_hosts;
}

static void a_host_comes_moves_and_goes(void **state)
{
	struct view *view = new_view();
	(void) state;
	port_fact(view, A, 1, "r1", NULL);
	port_fact(view, B, 7, "r9", NULL);
	struct fact fact = host_fact("red", 1, A, 1);
	assert_true(view_apply(view, &fact, NULL, NULL));
	assert_int_equal(fact.old_sw, NET_NONE);
	assert_false(fact.was_known);
	assert_false(view_apply(view, &fact, NULL, NULL));
	assert_int_equal(hosts_at(view, A, 1, "red"), 1);

	fact = host_fact("red", 1, B, 7);
	assert_true(view_apply(view, &fact, NULL, NULL));
	assert_int_equal(fact.old_sw, A);
	assert_int_equal(fact.old_ofport, 1);
	assert_int_equal(hosts_at(view, A, 1, "red"), 0);
	assert_int_equal(hosts_at(view, B, 7, "red"), 1);
	assert_int_equal(hosts_in(view, "red"), 1);
	assert_int_equal(view_network_by_id(view, id("red"))->n_moves, 1);

	/* Gone from where it no longer is: old news. */
	fact = host_fact("red", 1, A, 1);
	fact.kind = FACT_HOST_GONE;
	assert_false(view_apply(view, &fact, NULL, NULL));
	fact.sw = B;
	assert_false(view_apply(view, &fact, NULL, NULL));
	fact.ofport = 7;
	assert_true(view_apply(view, &fact, NULL, NULL));
	assert_null(find(view, "red", 1));
	assert_int_equal(view_n_hosts(view), 0);
	view_free(view);
}

static enum fact_reason may_learn(const struct view *view, uint32_t sw, uint32_t ofport, const char *network)
{
	const struct view_port *port = view_port(view, sw, ofport);
	return view_may_learn(view, port ? view_use(port, id(network)) : NULL);
}

static void places_that_cannot_hold_a_host(void **state)
{
	struct view *view = new_view();
	(void) state;
	port_fact(view, A, 1, "r1", NULL);
	port_fact(view, A, 2, "up", NULL);
	port_fact(view, A, 3, "nothing", NULL);
	port_fact(view, C, 4, "off", NULL);
	assert_true(view_port(view, C, 4)->disabled);
	assert_false(apply(view, host_fact("green", 1, A, 1)));
	assert_false(apply(view, host_fact("red", 1, A, 2)));
	assert_false(apply(view, host_fact("red", 1, A, 3)));
	assert_false(apply(view, host_fact("red", 1, A, 99)));
	assert_false(apply(view, host_fact("red", 1, 99, 1)));
	assert_false(apply(view, host_fact("blue", 1, C, 4)));
	struct fact nowhere = host_fact("red", 1, A, 1);
	nowhere.network = 12345;
	assert_false(apply(view, nowhere));
	assert_int_equal(may_learn(view, A, 2, "red"), REASON_CONFIG);
	assert_int_equal(may_learn(view, A, 3, "red"), REASON_CONFIG);
	assert_int_equal(may_learn(view, A, 1, "red"), REASON_NONE);
	view_free(view);
}

/* Two globs of two networks, one port without a tag: the first network has it. */
static void a_conflict_is_shown_and_not_a_use(void **state)
{
	struct view *view = new_view();
	(void) state;
	port_fact(view, A, 1, "other", NULL);
	assert_true(view_port(view, A, 1)->conflicted);
	assert_int_equal(view_port(view, A, 1)->n_uses, 1);
	assert_int_equal(view_port(view, A, 1)->uses[0].id, id("blue"));
	view_free(view);
}

static void limits(void **state)
{
	struct view *view = new_view();
	(void) state;
	port_fact(view, B, 1, "r1", NULL);      /* max_hosts 2 */
	port_fact(view, B, 2, "r2", NULL);
	apply(view, host_fact("red", 1, B, 1));
	assert_int_equal(may_learn(view, B, 1, "red"), REASON_NONE);
	apply(view, host_fact("red", 2, B, 1));
	assert_int_equal(may_learn(view, B, 1, "red"), REASON_PORT_LIMIT);
	for (uint8_t m = 3; m <= 5; m++) {
		assert_int_equal(may_learn(view, B, 2, "red"), REASON_NONE);
		apply(view, host_fact("red", m, B, 2));
	}
	assert_int_equal(may_learn(view, B, 2, "red"), REASON_NETWORK_LIMIT);
	/* A move makes room where it was. */
	apply(view, host_fact("red", 1, B, 2));
	assert_int_equal(may_learn(view, B, 1, "red"), REASON_NETWORK_LIMIT);
	assert_int_equal(hosts_at(view, B, 1, "red"), 1);
	view_free(view);
}

static void refusals_are_counted_and_not_always_news(void **state)
{
	struct view *view = new_view();
	struct fact fact = host_fact("red", 1, B, 1);
	int news = 0;
	(void) state;
	port_fact(view, B, 1, "r1", NULL);
	fact.kind = FACT_HOST_REFUSED;
	for (int i = 0; i < 1000; i++)
		news += view_apply(view, &fact, NULL, NULL);
	assert_int_equal(news, 10);
	assert_int_equal(view_port(view, B, 1)->n_refused, 1000);
	assert_int_equal(view_network_by_id(view, id("red"))->n_refused, 1000);
	fact.time_ms += 10000;
	assert_true(view_apply(view, &fact, NULL, NULL));
	view_free(view);
}

/* What is seen now beats what was read back, the younger row the older one,
 * the own switch the memory of others. */
static void who_is_believed(void **state)
{
	struct view *view = new_view();
	struct fact memory = { .kind = FACT_HOST, .network = id("red"), .mac = { 2, 0, 0, 0, 0, 1 },
			       .unconfirmed = true, .sw = NET_NONE };
	(void) state;
	port_fact(view, A, 1, "r1", NULL);
	port_fact(view, B, 1, "r1", NULL);
	assert_true(apply(view, memory));
	assert_true(find(view, "red", 1)->unconfirmed);
	assert_int_equal(hosts_in(view, "red"), 1);
	assert_false(apply(view, memory));

	struct fact row = host_fact("red", 1, A, 1);
	row.recovered = true;
	row.age_s = 50;
	assert_true(view_apply(view, &row, NULL, NULL));
	assert_int_equal(row.old_sw, NET_NONE);
	assert_true(row.was_known);
	assert_int_equal(hosts_in(view, "red"), 1);
	assert_false(apply(view, memory));

	struct fact older = host_fact("red", 1, B, 1);
	older.recovered = true;
	older.age_s = 51;
	assert_false(apply(view, older));
	older.age_s = 50;
	assert_false(apply(view, older));
	assert_int_equal(find(view, "red", 1)->sw, A);
	older.age_s = 49;
	assert_true(apply(view, older));
	assert_int_equal(find(view, "red", 1)->sw, B);
	assert_true(find(view, "red", 1)->recovered);

	assert_true(apply(view, host_fact("red", 1, A, 1)));
	assert_false(find(view, "red", 1)->recovered);
	older.age_s = 0;
	assert_false(apply(view, older));
	assert_int_equal(find(view, "red", 1)->sw, A);
	view_free(view);
}

static void addresses(void **state)
{
	struct view *view = new_view();
	struct fact fact = host_fact("red", 1, A, 1);
	(void) state;
	port_fact(view, A, 1, "r1", NULL);
	apply(view, fact);
	assert_false(find(view, "red", 1)->has_ip4);
	fact.has_ip4 = true;
	fact.ip4[0] = 10;
	assert_false(apply(view, fact));
	assert_true(find(view, "red", 1)->has_ip4);
	assert_int_equal(find(view, "red", 1)->ip4[0], 10);
	/* Silence about the address does not take it away. */
	apply(view, host_fact("red", 1, A, 1));
	assert_true(find(view, "red", 1)->has_ip4);
	view_free(view);
}

/* Hosts are told of while their port still stands. */
static const struct view *watched;
static size_t n_watched;
static void check_port_is_there(void *ctx, const struct fact *fact)
{
	(void) ctx;
	assert_int_equal(fact->kind, FACT_HOST_GONE);
	assert_int_equal(fact->reason, REASON_PORT_GONE);
	assert_null(view_host(watched, fact->network, fact->mac));
	assert_non_null(view_port(watched, fact->sw, fact->ofport));
	assert_non_null(view_use(view_port(watched, fact->sw, fact->ofport), fact->network));
	n_watched++;
}

static void a_port_takes_its_hosts_along(void **state)
{
	struct view *view = new_view();
	struct fact gone = { .kind = FACT_PORT_GONE, .sw = A, .ofport = 5 };
	(void) state;
	port_fact(view, A, 5, "trunk", NULL);
	port_fact(view, A, 6, "r1", NULL);
	apply(view, host_fact("red", 1, A, 5));
	apply(view, host_fact("green", 2, A, 5));
	apply(view, host_fact("green", 3, A, 5));
	apply(view, host_fact("red", 4, A, 6));
	watched = view;
	n_watched = 0;
	assert_true(view_apply(view, &gone, check_port_is_there, NULL));
	assert_int_equal(n_watched, 3);
	assert_null(view_port(view, A, 5));
	assert_non_null(find(view, "red", 4));
	assert_int_equal(view_n_hosts(view), 1);
	assert_false(view_apply(view, &gone, NULL, NULL));
	view_free(view);
}

static void a_name_is_one_port(void **state)
{
	struct view *view = new_view();
	struct heard heard = { .n = 0 };
	(void) state;
	port_fact(view, A, 1, "r1", NULL);
	apply(view, host_fact("red", 1, A, 1));
	assert_true(port_fact(view, A, 2, "r1", &heard));
	assert_null(view_port(view, A, 1));
	assert_int_equal(heard.n, 1);
	assert_int_equal(heard.facts[0].ofport, 1);
	/* Another port under the same number. */
	apply(view, host_fact("red", 1, A, 2));
	assert_true(port_fact(view, A, 2, "g1", &heard));
	assert_int_equal(heard.n, 2);
	assert_int_equal(view_port(view, A, 2)->uses[0].id, id("green"));
	assert_int_equal(view_n_hosts(view), 0);
	view_free(view);
}

static void a_flap_changes_no_use(void **state)
{
	struct view *view = new_view();
	struct fact fact = { .kind = FACT_PORT, .sw = A, .ofport = 1, .port_name = "r1", .port_up = true };
	(void) state;
	assert_true(view_apply(view, &fact, NULL, NULL));
	assert_true(fact.uses_changed);
	apply(view, host_fact("red", 1, A, 1));
	assert_false(view_apply(view, &fact, NULL, NULL));
	fact.port_up = false;
	assert_true(view_apply(view, &fact, NULL, NULL));
	assert_false(fact.uses_changed);
	assert_false(view_port(view, A, 1)->up);
	assert_non_null(find(view, "red", 1));
	view_free(view);
}

/* Globs never mean the bridge's own port. */
static void the_local_port(void **state)
{
	struct view *view = new_view();
	struct fact fact = { .kind = FACT_PORT, .sw = A, .ofport = 0xfffffffe, .port_name = "r1" };
	(void) state;
	view_apply(view, &fact, NULL, NULL);
	assert_int_equal(view_port(view, A, 0xfffffffe)->n_uses, 1);
	fact.port_local = true;
	assert_true(view_apply(view, &fact, NULL, NULL));
	assert_true(fact.uses_changed);
	assert_int_equal(view_port(view, A, 0xfffffffe)->n_uses, 0);
	view_free(view);
}

static void switches(void **state)
{
	struct view *view = new_view();
	struct fact up = { .kind = FACT_SWITCH_UP, .sw = B }, down = { .kind = FACT_SWITCH_DOWN, .sw = B };
	(void) state;
	/* A bridge made anew comes with another datapath id; the file has the last word. */
	assert_int_equal(view_switch_slot(view, "b", 999), B);
	assert_int_equal(view_switch(view, B)->dpid, 999);
	view_bind(view, nets[0], 0, NULL, NULL);
	assert_int_equal(view_switch(view, B)->dpid, 2);
	assert_false(view_switch(view, B)->ever);
	assert_false(apply(view, down));
	assert_true(apply(view, up));
	assert_false(apply(view, up));
	assert_true(view_switch(view, B)->connected);
	assert_true(apply(view, down));
	assert_false(view_switch(view, B)->connected);
	assert_true(view_switch(view, B)->ever);
	up.sw = 77;
	assert_false(apply(view, up));
	assert_null(view_switch(view, 77));
	assert_int_equal(view_switch_by_name(view, "nobody"), NET_NONE);

	/* Not in the file: it may have a slot, but its ports are nowhere. */
	uint32_t d = view_switch_slot(view, "d", 4);
	assert_false(view_switch(view, d)->admitted);
	port_fact(view, d, 1, "r1", NULL);
	assert_int_equal(view_port(view, d, 1)->n_uses, 0);
	assert_true(view_switch(view, A)->object == nets[0]->objects[nets[0]->switches[0].object].id);
	assert_true(view_switch(view, d)->object && view_switch(view, d)->object >> 48 == 0);
	view_free(view);
}

static void slots_have_an_end(void **state)
{
	struct view *view = view_new();
	char name[16];
	(void) state;
	view_bind(view, nets[2], 0, NULL, NULL);
	for (uint32_t i = 0; i < NET_MAX_SWITCHES; i++) {
		snprintf(name, sizeof name, "s%u", i);
		assert_int_equal(view_switch_slot(view, name, i), i);
	}
	assert_int_equal(view_switch_slot(view, "one-more", 1), NET_NONE);
	assert_int_equal(view_switch_slot(view, "s7", 1), 7);
	view_free(view);
}

static void up_down(struct view *view, enum fact_kind kind, uint32_t sw)
{
	apply(view, (struct fact) { .kind = kind, .sw = sw });
}

static void remembered_hosts_wait_for_all_switches(void **state)
{
	struct view *view = new_view();
	struct heard heard = { .n = 0 };
	struct fact memory = { .kind = FACT_HOST, .network = id("red"), .mac = { 2, 0, 0, 0, 0, 1 },
			       .unconfirmed = true, .sw = NET_NONE };
	(void) state;
	assert_false(view_complete(view, A));
	apply(view, memory);
	up_down(view, FACT_SWITCH_UP, A);
	up_down(view, FACT_SWITCH_UP, C);
	view_settle(view, false, 5, hear, &heard);
	assert_int_equal(heard.n, 0);
	assert_true(view_complete(view, B));
	assert_false(view_complete(view, NET_NONE));
	up_down(view, FACT_SWITCH_UP, B);
	/* What it had to say it has said, even if it went again. */
	up_down(view, FACT_SWITCH_DOWN, B);
	view_settle(view, false, 5, hear, &heard);
	assert_int_equal(heard.n, 1);
	assert_int_equal(heard.facts[0].reason, REASON_UNCONFIRMED);
	assert_true(heard.facts[0].unconfirmed);
	assert_int_equal(heard.facts[0].sw, NET_NONE);
	assert_int_equal(view_n_hosts(view), 0);
	assert_int_equal(view_network_by_id(view, id("red"))->n_unconfirmed, 0);
	view_free(view);
}

/* A restart: c is away, and a has the row of a host that is behind it. Frames for all go on to c by the
 * link, until c has said where it stands or is given up. */
static void links_lead_to_who_is_awaited(void **state)
{
	static const char text[] = "version: 1\nswitches: {a: {dpid: 1}, b: {dpid: 2}, c: {dpid: 3}}\n"
		"links: [{between: [a:l, c:l]}]\nnetworks: {red: {ports: [\"*:r*\"]}, blue: {ports: [\"*:b*\"]}}\n";
	struct net *net = parse(text);
	struct view *view = view_new();
	struct heard heard = { .n = 0 };
	struct fact port = { .kind = FACT_PORT, .sw = 0, .ofport = 1, .port_name = "r", .port_up = true, .port_live = true };
	struct fact memory = { .kind = FACT_HOST, .network = id("red"), .mac = { 2, 0, 0, 0, 0, 1 }, .unconfirmed = true,
			       .sw = NET_NONE, .ofport = net->switches[2].peer };
	(void) state;
	view_bind(view, net, 0, NULL, NULL);
	for (uint32_t sw = 0; sw < 3; sw++)
		view_switch_slot(view, net->switches[sw].name, sw + 1);
	apply(view, port);
	port.ofport = 2;
	port.port_name[0] = 'l';
	apply(view, port);
	apply(view, (struct fact) { .kind = FACT_LINK, .sw = 0, .ofport = 2, .recovered = true, .old_sw = NET_NONE });
	apply(view, memory);
	up_down(view, FACT_SWITCH_UP, A);
	for (int i = 0; i < 2; i++) {
		struct ways *ways = ways_compute(view);
		assert_true(ways->tree[net_network_by_id(net, id("red")) * net->n_links]);
		assert_false(ways->tree[net_network_by_id(net, id("blue")) * net->n_links]);
		ways_free(ways);
		view_bind(view, net, 0, NULL, NULL);
	}
	view_settle(view, true, 5, hear, &heard);
	assert_int_equal(heard.n, 2);
	assert_int_equal(heard.facts[1].kind, FACT_MEMBER);
	assert_null(view_member(view_network_by_id(view, id("red")), C));
	/* Nobody is awaited any more. */
	apply(view, memory);
	assert_null(view_member(view_network_by_id(view, id("red")), C));
	view_free(view);
	net_free(net);
}

static void waiting_has_an_end(void **state)
{
	struct view *view = new_view();
	struct heard heard = { .n = 0 };
	struct fact memory = { .kind = FACT_HOST, .network = id("red"), .mac = { 2, 0, 0, 0, 0, 1 },
			       .unconfirmed = true, .sw = NET_NONE };
	(void) state;
	apply(view, memory);
	view_settle(view, true, 5, hear, &heard);
	assert_int_equal(heard.n, 1);
	assert_true(view_complete(view, NET_NONE));
	view_free(view);
	/* Nobody knows who else there is: only giving up ends it. */
	view = view_new();
	view_bind(view, nets[2], 0, NULL, NULL);
	view_switch_slot(view, "a", 1);
	up_down(view, FACT_SWITCH_UP, 0);
	assert_false(view_complete(view, NET_NONE));
	view_settle(view, true, 5, NULL, NULL);
	assert_true(view_complete(view, NET_NONE));
	view_free(view);
}

static void a_network_that_was_full(void **state)
{
	struct view *view = new_view();
	struct heard heard = { .n = 0 };
	struct fact full = { .kind = FACT_NETWORK_FULL, .network = id("red"), .sw = A, .recovered = true };
	(void) state;
	port_fact(view, A, 1, "r1", NULL);
	assert_int_equal(may_learn(view, A, 1, "red"), REASON_NONE);
	assert_true(apply(view, full));
	assert_false(apply(view, full));
	assert_int_equal(may_learn(view, A, 1, "red"), REASON_NETWORK_LIMIT);
	view_bind(view, nets[0], 0, NULL, NULL);
	assert_int_equal(may_learn(view, A, 1, "red"), REASON_NETWORK_LIMIT);
	/* green has no limit: the row is of an older file. */
	full.network = id("green");
	assert_false(apply(view, full));
	up_down(view, FACT_SWITCH_UP, A);
	up_down(view, FACT_SWITCH_UP, B);
	view_settle(view, false, 5, hear, &heard);
	assert_int_equal(heard.n, 0);
	/* The last one to be read: what it says of itself is all there is. */
	full.network = id("red");
	full.sw = C;
	assert_false(apply(view, full));
	up_down(view, FACT_SWITCH_UP, C);
	view_settle(view, false, 5, hear, &heard);
	assert_int_equal(heard.n, 1);
	assert_int_equal(heard.facts[0].kind, FACT_NETWORK_FULL);
	assert_int_equal(may_learn(view, A, 1, "red"), REASON_NONE);
	view_settle(view, false, 5, hear, &heard);
	assert_int_equal(heard.n, 1);
	view_free(view);
}

/* Of the limit that was reached then, not of a higher one. */
static void a_limit_is_lifted(void **state)
{
	struct view *view = new_view();
	struct fact full = { .kind = FACT_NETWORK_FULL, .network = id("red"), .sw = A, .recovered = true };
	(void) state;
	port_fact(view, A, 1, "r1", NULL);
	assert_true(apply(view, full));
	view_bind(view, nets[2], 0, NULL, NULL);
	assert_int_equal(may_learn(view, A, 1, "red"), REASON_NONE);
	view_bind(view, nets[0], 0, NULL, NULL);
	assert_int_equal(may_learn(view, A, 1, "red"), REASON_NONE);
	view_free(view);
}

static void a_new_file(void **state)
{
	struct view *view = new_view();
	struct heard heard = { .n = 0 };
	(void) state;
	port_fact(view, A, 1, "r1", NULL);
	port_fact(view, A, 2, "r2", NULL);
	port_fact(view, C, 1, "r1", NULL);
	apply(view, host_fact("red", 1, A, 1));
	apply(view, host_fact("red", 2, A, 2));
	apply(view, host_fact("red", 3, C, 1));
	apply(view, host_fact("red", 1, A, 2));
	apply(view, host_fact("red", 1, A, 1));
	view_bind(view, nets[1], 7, hear, &heard);
	/* r2 is in no network any more; c is not in the file any more. */
	assert_int_equal(heard.n, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(heard.facts[i].reason, REASON_CONFIG);
		assert_int_equal(heard.facts[i].time_ms, 7);
	}
	assert_non_null(find(view, "red", 1));
	assert_false(view_switch(view, C)->admitted);
	assert_int_equal(view_network_by_id(view, id("red"))->n_moves, 2);
	assert_int_equal(hosts_in(view, "red"), 1);
	view_free(view);
}

/* --- random stories ---------------------------------------------------------------- */

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
		cmocka_unit_test(a_host_comes_moves_and_goes),
		cmocka_unit_test(places_that_cannot_hold_a_host),
		cmocka_unit_test(a_conflict_is_shown_and_not_a_use),
		cmocka_unit_test(limits),
		cmocka_unit_test(refusals_are_counted_and_not_always_news),
		cmocka_unit_test(who_is_believed),
		cmocka_unit_test(addresses),
		cmocka_unit_test(a_port_takes_its_hosts_along),
		cmocka_unit_test(a_name_is_one_port),
		cmocka_unit_test(a_flap_changes_no_use),
		cmocka_unit_test(the_local_port),
		cmocka_unit_test(switches),
		cmocka_unit_test(slots_have_an_end),
		cmocka_unit_test(remembered_hosts_wait_for_all_switches),
		cmocka_unit_test(links_lead_to_who_is_awaited),
		cmocka_unit_test(waiting_has_an_end),
		cmocka_unit_test(a_network_that_was_full),
		cmocka_unit_test(a_limit_is_lifted),
		cmocka_unit_test(a_new_file),
		cmocka_unit_test(random_against_model),
	};
	const char *wish = getenv("WEFT_SEED");
	seed = wish ? (unsigned) strtoul(wish, NULL, 0) : (unsigned) time(NULL);
	printf("seed: WEFT_SEED=%u\n", seed);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
