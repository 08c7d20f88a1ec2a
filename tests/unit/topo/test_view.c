/* SPDX-License-Identifier: Apache-2.0 */
/* The view: single stories, and random ones against a model that keeps nothing
 * but arrays of ports and hosts and counts from scratch after every step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/topo/view_world.h"
#include "topo/ways.h"

/* --- one story at a time ----------------------------------------------------------- */

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
	struct diag *diag = diag_new("t.yaml");
	struct net *net = net_parse("t.yaml", text, strlen(text), diag);
	struct view *view = view_new();
	struct heard heard = { .n = 0 };
	struct fact port = { .kind = FACT_PORT, .sw = 0, .ofport = 1, .port_name = "r", .port_up = true, .port_live = true };
	struct fact memory = { .kind = FACT_HOST, .network = id("red"), .mac = { 2, 0, 0, 0, 0, 1 }, .unconfirmed = true,
			       .sw = NET_NONE, .ofport = net->switches[2].peer };
	(void) state;
	diag_free(diag);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_comes_moves_and_goes), cmocka_unit_test(places_that_cannot_hold_a_host),
		cmocka_unit_test(a_conflict_is_shown_and_not_a_use), cmocka_unit_test(limits),
		cmocka_unit_test(refusals_are_counted_and_not_always_news), cmocka_unit_test(who_is_believed),
		cmocka_unit_test(addresses), cmocka_unit_test(remembered_hosts_wait_for_all_switches),
		cmocka_unit_test(links_lead_to_who_is_awaited), cmocka_unit_test(waiting_has_an_end), cmocka_unit_test(a_network_that_was_full),
		cmocka_unit_test(a_limit_is_lifted), cmocka_unit_test(a_new_file),
	};
	return cmocka_run_group_tests(tests, view_world_up, view_world_down);
}
