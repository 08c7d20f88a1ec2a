/* SPDX-License-Identifier: Apache-2.0 */
/* Stories: each word that a line may begin with, and what it does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/apps/world_inside.h"

enum { WORDS = 5, WORD = 80 };
/* The first is the step's own; those that are not there are empty. */
typedef char words[WORDS][WORD];

static uint32_t number(const char *text) { return (uint32_t) strtoul(text, NULL, 10); }

/* --- switches ---------------------------------------------------------------------- */

static void tell_of_switch(struct world *w, const char *name, enum fact_kind kind)
{
	world_apply(w, (struct fact) { .kind = kind, .sw = world_switch(w, name) });
}

static void do_switch_up(struct world *w, words a)
{
	uint32_t sw = world_switch(w, a[1]);
	tell_of_switch(w, a[1], FACT_SWITCH_UP);
	if (!w->cut[sw])
		return;
	w->cut[sw] = false;
	world_compile(w, sw);
}

static void do_switch_down(struct world *w, words a) { tell_of_switch(w, a[1], FACT_SWITCH_DOWN); }

static void do_cut(struct world *w, words a)
{
	w->cut[world_switch(w, a[1])] = true;
	tell_of_switch(w, a[1], FACT_SWITCH_DOWN);
}

static void do_ready(struct world *w, words a) { tell_of_switch(w, a[1], FACT_SWITCH_READY); }

static void do_meters(struct world *w, words a)
{
	uint32_t sw = world_switch(w, a[1]);
	view_set_max_meters(w->view, sw, number(a[2]));
	world_compile(w, sw);
}

/* --- ports ------------------------------------------------------------------------- */

static void tell_of_port(struct world *w, const char *place, const char *ofport, bool up)
{
	const char *name;
	struct fact fact = { .kind = FACT_PORT, .sw = world_split(w, place, &name), .port_up = up, .port_live = up };
	const struct view_port *port = view_port_by_name(w->view, fact.sw, name);
	fact.port_local = !strcmp(ofport, "local") || (port && port->local);
	fact.ofport = port ? port->ofport : fact.port_local ? 0xfffffffe : number(ofport);
	if (!fact.ofport)
		fail_msg("port %s needs a number", place);
	snprintf(fact.port_name, sizeof fact.port_name, "%s", name);
	world_apply(w, fact);
}

static void do_port(struct world *w, words a) { tell_of_port(w, a[1], a[2], true); }

static void do_up(struct world *w, words a)
{
	if (strchr(a[1], ':'))
		tell_of_port(w, a[1], "", true);
	else
		do_switch_up(w, a);
}

static void do_down(struct world *w, words a)
{
	if (strchr(a[1], ':'))
		tell_of_port(w, a[1], "", false);
	else
		do_switch_down(w, a);
}

static void do_gone(struct world *w, words a)
{
	struct fact fact = { .kind = FACT_PORT_GONE };
	world_place(w, a[1], &fact.sw, &fact.ofport);
	world_apply(w, fact);
}

static void do_shut(struct world *w, words a)
{
	struct fact fact = { .kind = FACT_PORT_SHUT, .network = world_network(w, a[1]), .reason = REASON_PORT_LIMIT,
			     .until_s = (uint32_t) (world_scene(w).wall_ms / 1000) };
	world_place(w, a[2], &fact.sw, &fact.ofport);
	assert_true(world_apply(w, fact));
}

static void do_gateway(struct world *w, words a)
{
	struct fact fact = { .kind = FACT_GATEWAY, .network = world_network(w, a[1]), .sw = NET_NONE };
	if (a[2][0] != '-')
		world_place(w, a[2], &fact.sw, &fact.ofport);
	world_apply(w, fact);
}

static void do_link(struct world *w, words a)
{
	struct fact fact = { .kind = FACT_LINK };
	const struct view_port *other;
	world_place(w, a[1], &fact.sw, &fact.ofport);
	const struct view_port *port = view_port(w->view, fact.sw, fact.ofport);
	assert_true(port->link != NET_NONE);
	assert_true(view_link_place(w->view, port->link, !port->link_end, &fact.old_sw, &other));
	fact.old_ofport = other->ofport;
	world_apply(w, fact);
	struct fact back = { .kind = FACT_LINK, .sw = fact.old_sw, .ofport = fact.old_ofport,
			     .old_sw = fact.sw, .old_ofport = fact.ofport };
	world_apply(w, back);
}

/* --- hosts ------------------------------------------------------------------------- */

/* Of the host that a[1] and a[2] name. */
static struct fact of_host(struct world *w, words a, enum fact_kind kind)
{
	struct fact fact = { .kind = kind, .network = world_network(w, a[1]), .sw = NET_NONE, .old_sw = NET_NONE };
	world_mac(fact.mac, number(a[2]));
	return fact;
}

static void read_address(const char *text, struct fact *fact)
{
	fact->has_ip4 = inet_pton(AF_INET, text, fact->ip4) == 1;
	fact->has_ip6 = inet_pton(AF_INET6, text, fact->ip6) == 1;
	if (!fact->has_ip4 && !fact->has_ip6)
		fail_msg("\"%s\" is no address", text);
}

static void do_host(struct world *w, words a)
{
	struct fact fact = of_host(w, a, FACT_HOST);
	world_place(w, a[3], &fact.sw, &fact.ofport);
	fact.recovered = sscanf(a[4], "age=%" SCNu32, &fact.age_s) == 1;
	world_apply(w, fact);
}

static void do_remember(struct world *w, words a)
{
	struct fact fact = of_host(w, a, FACT_HOST);
	fact.unconfirmed = true;
	world_apply(w, fact);
}

static void do_forget(struct world *w, words a)
{
	const struct host *host = world_host(w, a[1], number(a[2]));
	struct fact fact = of_host(w, a, FACT_HOST_GONE);
	if (!host)
		fail_msg("no host %s in %s", a[2], a[1]);
	fact.reason = REASON_AGED;
	fact.sw = host->sw;
	fact.ofport = host->ofport;
	fact.unconfirmed = host->unconfirmed;
	assert_true(world_apply(w, fact));
}

/* At the host's place, or where it says. */
static void do_address(struct world *w, words a)
{
	const struct host *host = world_host(w, a[1], number(a[2]));
	struct fact fact = of_host(w, a, FACT_ADDRESS);
	read_address(a[3], &fact);
	if (!host && !a[4][0])
		fail_msg("host %s is not there", a[2]);
	if (a[4][0]) {
		world_place(w, a[4], &fact.sw, &fact.ofport);
	} else {
		fact.sw = host->sw;
		fact.ofport = host->ofport;
	}
	world_apply(w, fact);
}

static void do_lease(struct world *w, words a)
{
	struct fact fact = of_host(w, a, FACT_LEASE);
	read_address(a[3], &fact);
	fact.until_s = (uint32_t) (world_scene(w).wall_ms / 1000) + number(a[4]);
	assert_true(world_apply(w, fact));
}

static void do_settle(struct world *w, words a)
{
	view_settle(w->view, !strcmp(a[0], "give-up"), w->now_ms, world_gone, w);
}

/* --- ways --------------------------------------------------------------------------- */

static void do_ways(struct world *w, words a) { world_take_ways(w, a[1][0]); }

static void do_steer(struct world *w, words a)
{
	struct placement *placement = world_placement(w, number(a[1]));
	world_steer(w, steer_compute(w->view, placement, NULL, view_steer(w->view)));
	place_free(placement);
}

/* --- lines -------------------------------------------------------------------------- */

static const struct { const char *word; void (*does)(struct world *, words); } steps[] = {
	{ "port", do_port }, { "up", do_up }, { "down", do_down }, { "gone", do_gone }, { "shut", do_shut },
	{ "host", do_host }, { "remember", do_remember }, { "forget", do_forget }, { "address", do_address },
	{ "lease", do_lease }, { "settle", do_settle }, { "give-up", do_settle }, { "link", do_link }, { "ways", do_ways },
	{ "steer", do_steer }, { "gateway", do_gateway }, { "ready", do_ready }, { "cut", do_cut }, { "meters", do_meters },
};

static void do_line(struct world *w, const char *line)
{
	words a = { "" };
	int n = sscanf(line, " %79s %79s %79s %79s %79s", a[0], a[1], a[2], a[3], a[4]);
	if (n < 1 || a[0][0] == '#')
		return;
	w->now_ms += 1000;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (!strcmp(a[0], steps[i].word)) {
			steps[i].does(w, a);
			return;
		}
	fail_msg("not a step of a story: %s", line);
}

void world_do(struct world *w, const char *story)
{
	while (*story) {
		size_t len = strcspn(story, "\n;");
		char line[256];
		snprintf(line, sizeof line, "%.*s", (int) len, story);
		do_line(w, line);
		story += len + (story[len] != '\0');
	}
}
