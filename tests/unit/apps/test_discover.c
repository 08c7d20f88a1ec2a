/* SPDX-License-Identifier: Apache-2.0 */
/* discover: probes leave by the ends of links, and only a true and fresh one counts. What
 * becomes of links when they do not come out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/discover.h"
#include "tests/unit/apps/stage.h"

enum { AT_TIME = 26, AT_PEER = 34, AT_PORT = 38, AT_WHAT = 42, AT_SIGN = 46, AT_END = 62, MAX_SENT = 32 };

/* What was sent, in order, and the last fact. */
static struct sent { uint32_t sw, ofport; enum { OUT, AS_IN, TUNNEL } how; uint32_t to; uint8_t frame[DISCOVER_BYTES]; } sent[MAX_SENT];
static size_t n_sent, n_facts;
static struct fact last;

static struct sent *note(uint32_t sw, uint32_t ofport, const uint8_t *frame, size_t size)
{
	assert_int_equal(size, DISCOVER_BYTES);
	assert_true(n_sent < MAX_SENT);
	sent[n_sent] = (struct sent) { .sw = sw, .ofport = ofport };
	memcpy(sent[n_sent].frame, frame, size);
	return &sent[n_sent++];
}

static void on_send(void *ctx, uint32_t sw, const uint32_t *ofports, size_t n_ports, const uint8_t *frame, size_t size)
{
	(void) ctx;
	assert_int_equal(n_ports, 1);
	note(sw, ofports[0], frame, size);
}

static void on_send_as_in(void *ctx, uint32_t sw, uint32_t in_port, const uint8_t *frame, size_t size)
{
	(void) ctx;
	note(sw, in_port, frame, size)->how = AS_IN;
}

static void on_send_tunnel(void *ctx, uint32_t sw, uint32_t ofport, const struct net_vtep_at *to, const uint8_t *frame,
			   size_t size)
{
	(void) ctx;
	struct sent *it = note(sw, ofport, frame, size);
	it->how = TUNNEL;
	uint32_t vtep, index = net_switch_by_vtep(w->net, to->bytes, to->is_v6, &vtep);
	it->to = view_switch_by_index(w->view, index);
}

/* What probes say of links goes into the view; the last other one is kept. */
static void on_fact(void *ctx, struct fact *fact)
{
	(void) ctx;
	if (fact->kind == FACT_LINK || fact->kind == FACT_ANSWER) {
		last = *fact;
		n_facts++;
	}
	if (ctx || fact->kind == FACT_PROBE)
		world_apply(w, *fact);
}

static struct reply reply = { .send = on_send, .send_as_in = on_send_as_in, .send_tunnel = on_send_tunnel, .fact = on_fact };

static int set_up(void **state)
{
	(void) state;
	stage_open("version: 1\nswitches: {a: {dpid: 1}, b: {dpid: 2}, c: {dpid: 3}}\n"
		   "networks: {red: {ports: [\"*:r*\"]}}\n"
		   "links:\n  - {between: [a:l0, b:l0]}\n  - {between: [b:l1, c:l1]}\n",
		   "up a; up b; port a:r1 1; port a:l0 10; port b:l0 20; port b:l1 21; port c:l1 30");
	n_sent = n_facts = 0;
	return 0;
}

static void greet(enum fact_kind kind, const char *sw, uint32_t ofport, bool up)
{
	struct scene scene = world_scene(w);
	struct fact fact = { .kind = kind, .sw = world_switch(w, sw), .ofport = ofport, .port_up = up, .port_live = up };
	n_sent = 0;
	discover_greet(&scene, &fact, &reply);
}

static bool was_sent(const char *sw, uint32_t ofport)
{
	for (size_t i = 0; i < n_sent; i++)
		if (sent[i].sw == world_switch(w, sw) && sent[i].ofport == ofport)
			return true;
	return false;
}

static void soon(unsigned ms)
{
	w->now_ms += ms;
	struct scene scene = world_scene(w);
	n_sent = 0;
	discover_soon(&scene, &reply);
}

/* Facts that come of the frame at that port. */
static size_t hear(const char *sw, uint32_t in_port, const uint8_t *frame, size_t size)
{
	struct scene scene = world_scene(w);
	struct app_punt punt = { .sw = world_switch(w, sw), .in_port = in_port, .frame = frame, .size = size };
	n_facts = 0;
	discover_packet_in(&scene, &punt, &reply);
	return n_facts;
}

static void both_ends_are_asked(void **state)
{
	(void) state;
	greet(FACT_SWITCH_UP, "b", 0, false);
	assert_int_equal(n_sent, 3);            /* c is not connected */
	assert_true(was_sent("b", 20) && was_sent("b", 21) && was_sent("a", 10));
	greet(FACT_SWITCH_READY, "a", 0, false);
	assert_true(n_sent == 2 && was_sent("a", 10) && was_sent("b", 20));
	greet(FACT_PORT, "b", 20, true);
	assert_true(n_sent == 2 && was_sent("b", 20) && was_sent("a", 10));
	greet(FACT_PORT, "b", 20, false);
	assert_int_equal(n_sent, 0);
	greet(FACT_PORT, "a", 1, true);         /* no end of a link */
	assert_int_equal(n_sent, 0);
	greet(FACT_HOST, "a", 10, true);
	assert_int_equal(n_sent, 0);
	world_do(w, "down b:l0");
	greet(FACT_SWITCH_UP, "a", 0, false);
	assert_true(n_sent == 1 && was_sent("a", 10));
}

static void every_second(void **state)
{
	(void) state;
	soon(0);
	/* By a:l0, b:l0 and b:l1; then a and b answer for themselves. */
	assert_true(n_sent == 5 && was_sent("a", 10) && was_sent("b", 20) && was_sent("b", 21));
	assert_true(sent[3].how == AS_IN && sent[4].how == AS_IN && sent[3].sw != sent[4].sw);
	for (int i = 0; i < 3; i++) {
		soon(250);
		assert_int_equal(n_sent, 0);
	}
	soon(250);
	assert_int_equal(n_sent, 5);
	world_do(w, "down b:l0");
	soon(1000);
	assert_true(n_sent == 4 && was_sent("a", 10) && was_sent("b", 21));
}

static void without_links_nothing_is_sent(void **state)
{
	(void) state;
	world_reload(w, "version: 1\nswitches: {a: {dpid: 1}, b: {dpid: 2}}\nnetworks: {red: {ports: [\"*:*\"]}}\n");
	greet(FACT_SWITCH_UP, "a", 0, false);
	assert_int_equal(n_sent, 0);
	soon(5000);
	assert_int_equal(n_sent, 0);
}

/* --- over time ------------------------------------------------------------------------- */

static bool hole[2];                    /* what a, b send into their link is lost */
static const char *stalled;             /* that switch does what we say, but we hear nothing of it */
static const char *deaf;                /* that one does nothing */
static unsigned late_ms;                /* packet-ins of b take so long */

static bool is(const char *name, uint32_t sw) { return name && world_switch(w, name) == sw; }

static void deliver(const struct sent *it)
{
	struct app_punt punt = { .sw = it->sw, .in_port = it->ofport, .frame = it->frame, .size = DISCOVER_BYTES };
	struct scene scene;
	const struct view_port *port = view_port(w->view, it->sw, it->ofport), *other;
	if (is(deaf, it->sw))
		return;
	if (it->how == OUT) {
		if (port->link == 0 && hole[port->link_end])
			return;
		if (!view_link_place(w->view, port->link, !port->link_end, &punt.sw, &other))
			return;
		punt.in_port = other->ofport;
	} else if (it->how == TUNNEL) {
		if (hole[it->sw == world_switch(w, "b")])
			return;
		punt.sw = it->to;
		punt.in_port = 1000;
	}
	if (is(stalled, punt.sw) || is(deaf, punt.sw))
		return;
	scene = world_scene(w);
	scene.now_us += 300 + (is("b", punt.sw) ? late_ms * 1000 : 0);
	struct reply into = reply;
	into.ctx = w;
	discover_packet_in(&scene, &punt, &into);
}

/* A quarter of a second: what is due is sent, and comes out. */
static void quarter(void)
{
	struct sent batch[MAX_SENT];
	w->now_ms += 250;
	struct scene scene = world_scene(w);
	struct reply into = reply;
	into.ctx = w;
	n_sent = 0;
	discover_soon(&scene, &into);
	size_t n = n_sent;
	memcpy(batch, sent, sizeof batch);
	for (size_t i = 0; i < n; i++)
		deliver(&batch[i]);
}

static void seconds(unsigned n)
{
	for (unsigned i = 0; i < 4 * n; i++)
		quarter();
	world_quiet(w);
}

static const struct view_link *cable(void) { return view_link(w->view, 0); }

static unsigned quarters_until(bool (*what)(void))
{
	for (unsigned n = 1; n < 4 * 700; n++) {
		quarter();
		world_quiet(w);
		if (what())
			return n;
	}
	return 0;
}

static bool is_silent(void) { return cable()->silent; }
static bool is_used(void) { return view_link_is_up(w->view, 0); }

static void begin(void)
{
	hole[0] = hole[1] = false;
	stalled = deaf = NULL;
	late_ms = 0;
	world_do(w, "up c");
	seconds(5);
	assert_true(view_link_is_up(w->view, 0) && view_link_is_up(w->view, 1));
}

static void a_hole_is_found(void **state)
{
	(void) state;
	for (unsigned which = 1; which < 4; which++) {
		set_up(state);
		begin();
		assert_int_equal(view_probes_lost(&cable()->probes[0]), 0);
		hole[0] = which & 1;
		hole[1] = which & 2;
		unsigned n = quarters_until(is_silent);
		/* At most a second to the next one, a quarter to know it lost, and two more. */
		assert_true(n && n <= 4 + 3);
		assert_true(!is_used() && !cable()->confirmed && cable()->silent_end == (which == 2));
		assert_int_equal(view_probes_lost(&cable()->probes[which == 2]), 3);
		assert_true(view_link_is_up(w->view, 1));
		/* As long as it lasts; of one way alone it does not come back. */
		seconds(20);
		assert_true(is_silent());
		hole[0] = false;
		seconds(4);
		assert_int_equal(is_silent(), which != 1);
		hole[1] = false;
		seconds(4);
		assert_true(is_used() && !is_silent());
		assert_int_equal(cable()->n_flaps, 1);
	}
}

/* Full, it loses all probes; its far end takes in more than ever. Dead, only what was in it before. */
static void a_full_link_is_not_silent(void **state)
{
	uint32_t sw;
	const struct view_port *far;
	for (int carries = 1; carries >= 0; carries--) {
		set_up(state);
		begin();
		assert_true(view_link_place(w->view, 0, 1, &sw, &far));
		uint32_t ofport = far->ofport;
		uint64_t n_bytes = 5000000;
		hole[0] = true;
		for (unsigned i = 0; i < 4 * 20; i++) {
			quarter();
			n_bytes += carries || !i ? 100000 : 60;
			view_port_counted(w->view, sw, ofport, n_bytes, w->now_ms);
			if (!carries && is_silent())
				break;
			assert_true(is_used());
			assert_true(carries || i < 4 + 4 + 2);
		}
		assert_int_equal(is_silent(), !carries);
		assert_true(view_probes_lost(&cable()->probes[0]) >= 3);
		hole[0] = false;
		seconds(4);
		assert_true(is_used());
		assert_int_equal(cable()->n_flaps, !carries);
	}
}

/* Nobody says what the far end took in: no reason to wait for ever. */
static void counters_that_do_not_come(void **state)
{
	uint32_t sw;
	const struct view_port *far;
	(void) state;
	begin();
	assert_true(view_link_place(w->view, 0, 1, &sw, &far));
	view_port_counted(w->view, sw, far->ofport, 1000, w->now_ms);
	hole[0] = true;
	unsigned n = quarters_until(is_silent);
	assert_true(n > 4 && n <= 4 + 4 * 3);
}

/* From the start, as after a restart of weftd. */
static void what_comes_one_way_alone_is_no_link(void **state)
{
	(void) state;
	for (unsigned end = 0; end < 2; end++) {
		set_up(state);
		stalled = deaf = NULL;
		late_ms = 0;
		hole[end] = true;
		hole[!end] = false;
		seconds(10);
		assert_true(!cable()->confirmed && !cable()->silent && cable()->n_flaps == 0);
		assert_true(cable()->probes[!end].through && !cable()->probes[end].through);
		hole[end] = false;
		seconds(2);
		assert_true(is_used());
	}
}

/* Three in a row, before it carries anything again. */
static void steadily(void **state)
{
	(void) state;
	begin();
	hole[0] = true;
	assert_true(quarters_until(is_silent));
	for (int i = 0; i < 5; i++) {
		hole[0] = false;
		seconds(2);
		hole[0] = true;
		seconds(1);
		assert_true(is_silent());
	}
	hole[0] = false;
	unsigned n = quarters_until(is_used);
	assert_true(n >= 8 && n <= 16);
}

static void who_does_not_answer_kills_no_link(void **state)
{
	(void) state;
	begin();
	stalled = "b";
	seconds(30);
	assert_true(is_used());
	stalled = "a";
	seconds(30);
	assert_true(is_used());
	stalled = NULL;
	deaf = "a";
	seconds(30);
	assert_true(is_used());
	deaf = "b";
	seconds(30);
	assert_true(is_used());
	deaf = NULL;
	/* Answers that take 300 ms: too slow to say that anything was lost before the next. */
	late_ms = 300;
	seconds(30);
	assert_true(is_used());
	late_ms = 0;
	world_do(w, "down b");
	seconds(30);
	assert_true(is_used());
	world_do(w, "up b");
	seconds(3);
	assert_true(is_used());
	assert_int_equal(view_probes_lost(&cable()->probes[0]) + view_probes_lost(&cable()->probes[1]), 0);
}

/* It comes after it was given up: no news of a silent link. */
static void a_late_one_says_that_it_is_not_silent(void **state)
{
	(void) state;
	begin();
	for (int i = 0; i < 10; i++) {
		struct sent late = { 0 };
		hole[0] = true;
		for (int k = 0; k < 8 && cable()->probes[0].n_lost < 2; k++) {
			quarter();
			for (size_t s = 0; s < n_sent; s++)
				if (sent[s].sw == world_switch(w, "a") && sent[s].how == OUT)
					late = sent[s];
		}
		assert_int_equal(cable()->probes[0].n_lost, 2);
		hole[0] = false;
		deliver(&late);
		assert_int_equal(cable()->probes[0].n_lost, 0);
	}
	assert_true(is_used());
}

static void what_is_measured(void **state)
{
	(void) state;
	begin();
	seconds(120);
	const struct view_probes *p = &cable()->probes[0];
	assert_true(p->is_measured && p->n_known == VIEW_PROBES && p->n_heard > VIEW_PROBES);
	/* 300 for all: the answers took as much. */
	assert_true(p->delay_us >= -8 && p->delay_us <= 8 && p->jitter_us < 16);
	/* Two in a row, again and again: the second follows the first at once. */
	for (int i = 0; i < 10; i++) {
		hole[0] = true;
		while (cable()->probes[0].n_lost != 1)
			quarter();
		hole[0] = false;
		seconds(9);
	}
	assert_true(is_used());
	assert_true(view_probes_lost(p) > 15 && view_probes_lost(p) <= 20);
	assert_int_equal(view_probes_lost(&cable()->probes[1]), 0);
}

/* Not after the first failure; then longer and longer. */
static void it_rests_when_it_fails_often(void **state)
{
	static const unsigned rests_s[] = { 0, 30, 60, 120, 240, 480, 600, 600 };
	(void) state;
	begin();
	for (size_t i = 0; i < sizeof rests_s / sizeof *rests_s; i++) {
		world_do(w, "down a:l0; up a:l0");
		assert_false(is_used());
		unsigned n = quarters_until(is_used);
		assert_true(n && n <= 8 + 4 * rests_s[i] && n >= 4 * rests_s[i]);
		assert_int_equal(cable()->n_flaps, i + 1);
	}
	/* A lost one while it rests begins anew. */
	world_do(w, "down a:l0; up a:l0");
	seconds(590);
	assert_true(cable()->held && view_link_works(w->view, 0));
	assert_true(view_link_rest_ms(cable(), w->now_ms) <= 11000);
	hole[0] = true;
	while (cable()->probes[0].n_lost != 1)
		quarter();
	hole[0] = false;
	seconds(590);
	assert_false(is_used());
	seconds(15);
	assert_true(is_used());
	/* Long ago is forgotten. */
	seconds(1300);
	world_do(w, "down a:l0; up a:l0");
	assert_true(quarters_until(is_used) <= 8);
}

static void set_live(const char *place, bool live)
{
	struct fact fact = { .kind = FACT_PORT, .port_up = true, .port_live = live };
	world_place(w, place, &fact.sw, &fact.ofport);
	snprintf(fact.port_name, sizeof fact.port_name, "%s", strchr(place, ':') + 1);
	world_apply(w, fact);
}

/* BFD, or what else clears LIVE of a port with a carrier. */
static void not_live_is_down(void **state)
{
	(void) state;
	begin();
	set_live("b:l0", false);
	assert_true(!is_used() && view_port_by_name(w->view, world_switch(w, "b"), "l0")->bfd);
	seconds(10);
	assert_false(is_used());
	set_live("b:l0", true);
	assert_false(is_used());
	seconds(2);
	assert_true(is_used());
}

/* --- tunnels --------------------------------------------------------------------------- */

static const struct view_link *tunnel_edge(void) { return view_link(w->view, (uint32_t) w->net->n_links); }
static bool tunnel_is_silent(void) { return tunnel_edge()->silent; }
static bool tunnel_is_confirmed(void) { return tunnel_edge()->confirmed; }
static bool tunnel_is_up(void) { return view_edge_is_up(w->view, (uint32_t) w->net->n_links); }

static void begin_tunnel(void)
{
	static const char text[] = "version: 1\nswitches: {a: {dpid: 1, vtep: 10.0.0.1}, b: {dpid: 2, vtep: 10.0.0.2}}\n"
				   "networks: {red: {ports: [\"*:r*\"]}}\nlinks:\n  - {between: [a, b]}\n";
	stage_open(text, "up a; up b; port a:vxlan0 1000; port b:vxlan0 1000");
	hole[0] = hole[1] = false;
	stalled = deaf = NULL;
	late_ms = 0;
}

static void a_tunnel_is_probed_too(void **state)
{
	(void) state;
	begin_tunnel();
	assert_int_equal(w->net->n_edges, 1);
	assert_true(tunnel_is_up());
	seconds(40);
	assert_true(tunnel_is_up() && tunnel_edge()->confirmed && tunnel_edge()->probes[1].n_heard > 10);
	hole[1] = true;
	unsigned n = quarters_until(tunnel_is_silent);
	assert_true(n && n <= 7);
	assert_false(tunnel_is_up());
	/* Nobody asks for a tunnel that is cut more often than its neighbours are forgotten. */
	n_sent = 0;
	unsigned asked = 0;
	for (int i = 0; i < 4 * 60; i++) {
		quarter();
		for (size_t k = 0; k < n_sent; k++)
			asked += sent[k].how == TUNNEL && is("b", sent[k].sw);
	}
	assert_in_range(asked, 8, 11);
	hole[1] = false;
	assert_true(quarters_until(tunnel_is_up));
	world_do(w, "down a:vxlan0");
	assert_false(tunnel_is_up());
	world_do(w, "up a:vxlan0");
	/* It failed: now it has to show that it is back. */
	assert_false(tunnel_is_up());
	assert_true(quarters_until(tunnel_is_up));
}

/* The first frame to a neighbour that is not known is lost, and asks for it, perhaps in vain: the next ones are not
 * far. Until a tunnel is confirmed, nobody sees that it swallows. */
static void the_first_one_asks_for_the_neighbour(void **state)
{
	(void) state;
	for (unsigned n_lost = 1; n_lost <= 2; n_lost++) {
		begin_tunnel();
		hole[0] = hole[1] = true;
		for (int i = 0; i < 20 && tunnel_edge()->probes[1].n_lost < n_lost; i++)
			quarter();
		hole[0] = hole[1] = false;
		assert_true(tunnel_edge()->probes[0].n_lost == n_lost && tunnel_edge()->probes[1].n_lost == n_lost);
		assert_in_range(quarters_until(tunnel_is_confirmed), 1, n_lost == 1 ? 4 : 12);
		hole[1] = true;
		assert_in_range(quarters_until(tunnel_is_silent), 1, 8);
	}
}

static void bfd_of_a_tunnel(void **state)
{
	static const char text[] = "version: 1\nswitches: {a: {dpid: 1, vtep: 10.0.0.1}, b: {dpid: 2, vtep: 10.0.0.2}}\n"
				   "networks: {red: {ports: [\"*:r*\"]}}\nlinks:\n  - {between: [a, b], bfd: [\"a:bfd-b\", \"b:bfd-a\"]}\n";
	uint32_t sw, ofport, watch;
	(void) state;
	begin_tunnel();
	world_reload(w, text);
	seconds(20);
	assert_true(tunnel_is_up());
	assert_true(view_edge_place(w->view, 0, 0, &sw, &ofport, &watch) && ofport == 1000 && watch == 1000);
	world_do(w, "port a:bfd-b 7; port b:bfd-a 8");
	assert_true(view_edge_place(w->view, 0, 1, &sw, &ofport, &watch) && ofport == 1000 && watch == 8);
	assert_true(tunnel_is_up());
	set_live("b:bfd-a", false);
	assert_true(!tunnel_is_up() && tunnel_edge()->n_flaps == 1);
	seconds(20);
	assert_false(tunnel_is_up());
	set_live("b:bfd-a", true);
	assert_true(quarters_until(tunnel_is_up));
	/* It swallows all for a while. When BFD gets through at both ends, so does all else: probes go out at once. */
	hole[0] = hole[1] = true;
	set_live("a:bfd-b", false);
	set_live("b:bfd-a", false);
	seconds(20);
	assert_false(tunnel_is_up());
	hole[0] = hole[1] = false;
	set_live("a:bfd-b", true);
	greet(FACT_PORT, "a", 7, true);
	assert_int_equal(n_sent, 0);
	set_live("b:bfd-a", true);
	greet(FACT_PORT, "b", 8, true);
	assert_int_equal(n_sent, 2);
	unsigned n = quarters_until(tunnel_is_confirmed);
	assert_in_range(n, 1, 4 * 4);
	assert_true(tunnel_edge()->held);
	greet(FACT_PORT, "b", 1000, true);
	assert_int_equal(n_sent, 0);
	world_do(w, "gone a:vxlan0");
	assert_false(view_edge_place(w->view, 0, 0, &sw, &ofport, &watch));
	assert_false(tunnel_is_up());
}

/* Padded as the way may pad it; and no byte of it may change. */
static void a_true_one_counts(void **state)
{
	uint8_t frame[DISCOVER_BYTES + 4] = { 0 };
	(void) state;
	greet(FACT_SWITCH_READY, "a", 0, false);
	assert_true(sent[0].sw == world_switch(w, "a"));
	memcpy(frame, sent[0].frame, DISCOVER_BYTES);
	assert_memory_equal(frame, discover_dst, 6);
	assert_int_equal(hear("b", 20, frame, sizeof frame), 1);
	assert_true(last.kind == FACT_LINK && last.sw == world_switch(w, "b") && last.ofport == 20);
	assert_true(last.old_sw == world_switch(w, "a") && last.old_ofport == 10);
	for (size_t i = 14; i < AT_END; i++) {
		frame[i] ^= 1;
		assert_int_equal(hear("b", 20, frame, sizeof frame), 0);
		frame[i] ^= 1;
	}
	for (size_t size = 0; size < AT_END; size++) {
		uint8_t *exact = malloc(size ? size : 1);
		memcpy(exact, frame, size);
		assert_int_equal(hear("b", 20, exact, size), 0);
		free(exact);
	}
	assert_int_equal(hear("b", 20, frame, AT_END), 1);
}

static void an_old_one_is_no_news(void **state)
{
	(void) state;
	greet(FACT_SWITCH_READY, "a", 0, false);
	w->now_ms += 5000;
	assert_int_equal(hear("b", 20, sent[0].frame, DISCOVER_BYTES), 1);
	w->now_ms += 1;
	assert_int_equal(hear("b", 20, sent[0].frame, DISCOVER_BYTES), 0);
	w->now_ms -= 5002;                      /* not from here: our clock does not go back */
	assert_int_equal(hear("b", 20, sent[0].frame, DISCOVER_BYTES), 0);
}

/* Its sender left the file meanwhile. */
static void a_stranger_is_no_news(void **state)
{
	(void) state;
	greet(FACT_SWITCH_READY, "a", 0, false);
	world_reload(w, "version: 1\nswitches: {b: {dpid: 2}, c: {dpid: 3}}\nnetworks: {red: {ports: [\"*:r*\"]}}\n"
		     "links:\n  - {between: [b:l1, c:l1]}\n");
	assert_int_equal(hear("b", 20, sent[0].frame, DISCOVER_BYTES), 0);
}

int main(void)
{
#define TEST(F) cmocka_unit_test_setup_teardown(F, set_up, stage_close)
	static const struct CMUnitTest tests[] = {
		TEST(both_ends_are_asked),
		TEST(every_second),
		TEST(without_links_nothing_is_sent),
		TEST(a_true_one_counts),
		TEST(an_old_one_is_no_news),
		TEST(a_stranger_is_no_news),
		TEST(a_hole_is_found),
		TEST(what_comes_one_way_alone_is_no_link),
		TEST(steadily),
		TEST(who_does_not_answer_kills_no_link),
		TEST(a_full_link_is_not_silent),
		TEST(counters_that_do_not_come),
		TEST(a_late_one_says_that_it_is_not_silent),
		TEST(what_is_measured),
		TEST(it_rests_when_it_fails_often),
		TEST(not_live_is_down),
		TEST(a_tunnel_is_probed_too),
		TEST(the_first_one_asks_for_the_neighbour),
		TEST(bfd_of_a_tunnel),
	};
	return cmocka_run_group_tests_name("discover", tests, NULL, NULL);
}
