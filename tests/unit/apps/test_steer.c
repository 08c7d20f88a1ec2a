/* SPDX-License-Identifier: Apache-2.0 */
/* Steered frames: every pair and slot by its path, whatever edge or switch dies, at every
 * moment of every change, and never in circles or into another network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/apps/stage.h"
#include "topo/arena.h"

enum { MAX_NETWORKS = 3, MAX_N = 8 };

static char yaml[STAGE_TEXT], story[STAGE_TEXT];
static size_t n_switches, n_networks;
static bool is_dead[256];               /* edges */
static bool is_gone[MAX_N];             /* switches */
static uint64_t seed;
static const char *const names[MAX_NETWORKS] = { "red", "blue", "green" };

static size_t n_owns;                   /* ways of networks for themselves that came into force */

static uint32_t draw(uint32_t n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t) (seed >> 33) % n;
}

static const char *place(size_t i, size_t network)
{
	static char text[2][8];
	static unsigned turn;
	turn ^= 1;
	snprintf(text[turn], sizeof text[turn], "%c:%c1", (char) ('a' + i), names[network][0]);
	return text[turn];
}

static uint32_t slot_of(size_t i) { return view_switch_by_index(w->view, (uint32_t) i); }

static bool is_in(size_t i, size_t network)
{
	char name[8];
	snprintf(name, sizeof name, "%c1", names[network][0]);
	return view_port_by_name(w->view, slot_of(i), name);
}

static void learn_all(void)
{
	w->learn = true;
	for (size_t n = 0; n < n_networks; n++)
		for (size_t i = 0; i < n_switches; i++)
			if (is_in(i, n))
				world_send(w, place(i, n), world_frame(0, (unsigned) (8 * n + i + 1), UNTAGGED));
	w->learn = false;
	world_check(w);
}

/* Cables as "ab bc", VTEPs as names; per network, who is not in it. Green has no tunnels. */
static void build(size_t n, const char *cables, const char *vteps, const char *const silent[MAX_NETWORKS])
{
	size_t n_links = 0;
	n_switches = n;
	n_networks = MAX_NETWORKS;
	memset(is_dead, 0, sizeof is_dead);
	memset(is_gone, 0, sizeof is_gone);
	yaml[0] = story[0] = '\0';
	stage_write(yaml, "version: 1\nswitches:\n");
	for (size_t i = 0; i < n; i++) {
		char name = (char) ('a' + i);
		stage_write(yaml, "  %c: {dpid: %zu", name, i + 1);
		if (strchr(vteps, name))
			stage_write(yaml, ", vtep: 10.0.0.%zu", i + 1);
		stage_write(yaml, "}\n");
		stage_write(story, "up %c; port %c:vxlan0 1000;", name, name);
		for (size_t k = 0; k < MAX_NETWORKS; k++)
			if (!strchr(silent[k], name))
				stage_write(story, "port %c:%c1 %zu;", name, names[k][0], k + 1);
	}
	stage_write(yaml, "networks:\n  red: {vni: 7, ports: [\"*:r*\"]}\n  blue: {vni: 8, ports: [\"*:b*\"]}\n"
	    "  green: {ports: [\"*:g*\"]}\nlinks:%s\n", cables[0] || (vteps[0] && vteps[1]) ? "" : " []");
	for (const char *at = cables; *at; at += at[2] ? 3 : 2, n_links++) {
		stage_write(yaml, "  - {between: [\"%c:l%zu\", \"%c:l%zu\"]}\n", at[0], n_links, at[1], n_links);
		stage_write(story, "port %c:l%zu %zu; port %c:l%zu %zu; link %c:l%zu;", at[0], n_links, 10 + n_links,
		    at[1], n_links, 10 + n_links, at[0], n_links);
	}
	for (const char *a = vteps; *a; a++)
		for (const char *b = a + 1; *b; b++)
			stage_write(yaml, "  - {between: [%c, %c], cost: 10, bfd: [\"%c:x-%c\", \"%c:x-%c\"]}\n", *a, *b, *a, *b, *b, *a);
	stage_open(yaml, story);
	for (size_t e = 0; e < w->net->n_edges; e++)
		for (unsigned end = 0; w->net->edges[e].link == NET_NONE && end < 2; end++)
			stage_do("port %c:%s %u", (char) ('a' + w->net->edges[e].sw[end]), w->net->edges[e].bfd[end],
			     100 + w->net->edges[e].sw[!end]);
	world_do(w, "ways");
	learn_all();
}

static const char *const everywhere[MAX_NETWORKS] = { "", "", "" };

static void take_back(void)
{
	for (size_t i = 0; i < WORLD_MAX_SWITCHES; i++) {
		walk_switch_free(w->given[i]);
		w->given[i] = NULL;
	}
}

static int after(void **state)
{
	if (w)
		take_back();
	return stage_close(state);
}

/* --- faults ------------------------------------------------------------------------------ */

static void set_edge(uint32_t e, bool up)
{
	const struct net_edge *edge = &w->net->edges[e];
	const char *word = up ? "up" : "down";
	world_quiet(w);
	w->now_ms += 3600000;           /* so that it need not rest */
	is_dead[e] = !up;
	for (unsigned end = 0; end < 2; end++) {
		char name = (char) ('a' + edge->sw[end]);
		if (edge->link != NET_NONE)
			stage_do("%s %s:%s", word, w->net->switches[edge->sw[end]].name, w->net->links[edge->link].ends[end].port);
		else
			stage_do("%s %c:%s", word, name, edge->bfd[end]);
		w->is_hole[slot_of(edge->sw[end])][slot_of(edge->sw[!end])] = edge->link == NET_NONE && !up;
	}
	if (edge->link != NET_NONE && up)
		stage_do("link %s:%s", w->net->switches[edge->sw[0]].name, w->net->links[edge->link].ends[0].port);
}

/* Who of a network can be reached, by other means than ours. */
static size_t group_of(size_t i, size_t network)
{
	size_t group[MAX_N];
	for (size_t k = 0; k < n_switches; k++)
		group[k] = k;
	for (size_t round = 0; round < n_switches; round++)
		for (size_t e = 0; e < w->net->n_edges; e++) {
			const struct net_edge *edge = &w->net->edges[e];
			size_t a = edge->sw[0], b = edge->sw[1];
			if (!is_dead[e] && !is_gone[a] && !is_gone[b] && (edge->link != NET_NONE || names[network][0] != 'g'))
				group[a] = group[b] = group[a] < group[b] ? group[a] : group[b];
		}
	return group[i];
}

/* --- what is checked -------------------------------------------------------------------- */

enum must { MUST_ARRIVE, MAY_DROP };

static const struct steer_pair *pair_of(size_t from, size_t to, size_t network)
{
	const struct steer *steer = view_steer(w->view);
	uint32_t n = net_network_by_name(w->net, names[network]);
	return steer ? steer_find(steer, n, (uint32_t) from, (uint32_t) to) : NULL;
}

static void one(size_t from, size_t to, size_t network, enum must must)
{
	world_send(w, place(from, network), world_frame((unsigned) (8 * network + to + 1),
							(unsigned) (8 * network + from + 1), UNTAGGED));
	size_t n = world_got(w, place(to, network), UNTAGGED);
	if (n != w->n_got || n > 1)
		fail_msg("a frame from %c to %c in %s: %zu copies arrive there, %zu in all (slot %u)", (char) ('a' + from),
			 (char) ('a' + to), names[network], n, w->n_got, w->choice);
	if (!n && must == MUST_ARRIVE && group_of(from, network) == group_of(to, network))
		fail_msg("a frame from %c to %c in %s is lost by %s (slot %u)", (char) ('a' + from), (char) ('a' + to),
			 names[network], w->dropped_by, w->choice);
}

static unsigned slot_with(const struct steer_pair *pair, uint32_t choice)
{
	unsigned slot = 0;
	while (slot + 1 < pair->n_slots && pair->slots[slot] != choice)
		slot++;
	return slot;
}

/* Each choice of each pair, and a slot by chance. */
static void all(enum must must)
{
	for (size_t network = 0; network < n_networks; network++)
		for (size_t from = 0; from < n_switches; from++)
			for (size_t to = 0; to < n_switches; to++) {
				if (from == to || !is_in(from, network) || !is_in(to, network) || is_gone[from] || is_gone[to])
					continue;
				const struct steer_pair *pair = pair_of(from, to, network);
				for (uint32_t c = 0; c < (pair ? pair->n_choices : 1); c++) {
					w->choice = pair ? slot_with(pair, c) : 0;
					one(from, to, network, must);
				}
				w->choice = draw(64);
				one(from, to, network, must);
				w->choice = 0;
			}
}

/* The rows of now stay, whatever the ports do. */
static void freeze(void)
{
	for (size_t i = 0; i < n_switches; i++) {
		walk_switch_free(w->given[slot_of(i)]);
		w->given[slot_of(i)] = world_compiled(w, slot_of(i));
	}
}

static void thaw(void)
{
	for (size_t i = 0; i < WORLD_MAX_SWITCHES; i++) {
		walk_switch_free(w->given[i]);
		w->given[i] = NULL;
	}
}

static void cut_each(void)
{
	freeze();
	all(MUST_ARRIVE);
	for (uint32_t e = 0; e < w->net->n_edges; e++) {
		if (is_dead[e])
			continue;
		set_edge(e, false);
		all(MUST_ARRIVE);
		uint32_t other = draw((uint32_t) w->net->n_edges);
		if (!is_dead[other]) {
			set_edge(other, false);
			all(MAY_DROP);
			set_edge(other, true);
		}
		set_edge(e, true);
	}
	all(MUST_ARRIVE);
	thaw();
}

static void lose_each_switch(void)
{
	freeze();
	for (uint32_t i = 0; i < n_switches; i++) {
		uint64_t were = 0;
		assert_true(w->net->n_edges <= 64);
		for (uint32_t e = 0; e < w->net->n_edges; e++) {
			bool its = w->net->edges[e].sw[0] == i || w->net->edges[e].sw[1] == i;
			if (!its || is_dead[e])
				continue;
			were |= 1ULL << e;
			set_edge(e, false);
		}
		is_gone[i] = true;
		all(MUST_ARRIVE);
		is_gone[i] = false;
		for (uint32_t e = 0; e < w->net->n_edges; e++)
			if (were >> e & 1)
				set_edge(e, true);
	}
	thaw();
}

/* The port that watches over that end of the edge says that it is not up, and lets all through. */
static void set_life(uint32_t e, unsigned end, bool lives)
{
	const struct net_edge *edge = &w->net->edges[e];
	const char *name = edge->link != NET_NONE ? w->net->links[edge->link].ends[end].port : edge->bfd[end];
	struct fact fact = { .kind = FACT_PORT, .sw = slot_of(edge->sw[end]), .port_up = true, .port_live = lives };
	fact.ofport = view_port_by_name(w->view, fact.sw, name)->ofport;
	snprintf(fact.port_name, sizeof fact.port_name, "%s", name);
	w->now_ms += 3600000;
	world_apply(w, fact);
}

/* A switch that has stood still: none of its own sessions is up yet, and others send it frames already. */
static void none_lives_at_each_switch(void)
{
	freeze();
	for (uint32_t i = 0; i < n_switches; i++) {
		for (int lives = 0; lives < 2; lives++) {
			for (uint32_t e = 0; e < w->net->n_edges; e++)
				for (unsigned end = 0; end < 2; end++)
					if (w->net->edges[e].sw[end] == i && !is_dead[e])
						set_life(e, end, lives);
			all(MUST_ARRIVE);
		}
	}
	thaw();
}

/* --- the path of each slot -------------------------------------------------------------- */

/* The steps that the labels say, each followed by the first of its choice. */
static void walks_its_labels(const struct steer_pair *pair, uint32_t slot)
{
	const struct steer *steer = view_steer(w->view);
	const struct steer_choice *choice = &pair->choices[pair->slots[slot]];
	size_t at = 0;
	for (uint32_t sw = pair->from; sw != pair->to; at++) {
		const struct net_edge *edge = &w->net->edges[choice->steps[0].edge];
		uint32_t here, ofport, watch, label = choice->steps[0].label;
		assert_true(view_edge_place(w->view, choice->steps[0].edge, choice->steps[0].end, &here, &ofport, &watch));
		assert_true(at < w->n_trail);
		assert_int_equal(w->trail[at].sw, here);
		assert_int_equal(w->trail[at].ofport, ofport);
		sw = edge->sw[!choice->steps[0].end];
		if (edge->link == NET_NONE)
			assert_int_equal(w->trail[at].to, slot_of(sw));
		size_t n;
		const struct steer_transit *transits = steer_transits_of(steer, sw, &n);
		for (size_t i = 0; label && i < n; i++)
			if (transits[i].edge == choice->steps[0].edge && transits[i].label == label) {
				choice = &transits[i].choice;
				break;
			}
		assert_true(at < 20);
	}
	assert_int_equal(at, w->n_trail);
}

static void every_slot_takes_its_path(void)
{
	const struct steer *steer = view_steer(w->view);
	freeze();
	for (size_t i = 0; i < steer->n_pairs; i++) {
		const struct steer_pair *pair = &steer->pairs[i];
		size_t network = 0;
		while (strcmp(names[network], w->net->networks[pair->network].name))
			network++;
		for (uint32_t slot = 0; slot < pair->n_slots; slot++) {
			w->choice = slot;
			one(pair->from, pair->to, network, MUST_ARRIVE);
			walks_its_labels(pair, slot);
		}
	}
	w->choice = 0;
	thaw();
}

/* --- changes -------------------------------------------------------------------------------- */

static struct steer *copy_of(const struct steer *steer) { return steer_join(steer, NULL); }

/* Where the frame that the label brings ends; does the way lead over a dead edge? */
static uint32_t end_of(const struct steer *steer, const struct steer_transit *transit, bool *ret_dead)
{
	*ret_dead = false;
	while (transit->choice.n_steps) {
		const struct steer_step *step_ = &transit->choice.steps[0];
		uint32_t to = w->net->edges[step_->edge].sw[!step_->end];
		size_t n, i = 0;
		*ret_dead |= is_dead[step_->edge];
		if (!step_->label)
			return to;
		const struct steer_transit *next = steer_transits_of(steer, to, &n);
		while (i < n && (next[i].edge != step_->edge || next[i].label != step_->label))
			i++;
		assert_true(i < n);
		transit = &next[i];
	}
	return transit->sw;
}

/* What may be on its way still: frames with any label of that steer. */
static void in_flight(const struct steer *steer, enum must must)
{
	for (size_t i = 0; i < steer->n_transits; i++) {
		const struct steer_transit *t = &steer->transits[i];
		const struct net_edge *edge = &w->net->edges[t->edge];
		bool over_dead;
		uint32_t to = end_of(steer, t, &over_dead), sw, ofport, watch;
		size_t network = 0;
		while (strcmp(names[network], w->net->networks[t->network].name))
			network++;
		bool is_cable = edge->link != NET_NONE;
		if (is_dead[t->edge] || !view_edge_place(w->view, t->edge, t->end, &sw, &ofport, &watch) || !is_in(to, network))
			continue;
		world_send_at(w, sw, ofport, world_frame((unsigned) (8 * network + to + 1), 99, is_cable ? (int) t->label : UNTAGGED),
			      is_cable ? 0 : t->label, is_cable ? 0 : w->net->switches[edge->sw[!t->end]].peer);
		size_t n = world_got(w, place(to, network), UNTAGGED);
		/* Nobody is on a detour over the dead edge: those around it avoid it. */
		bool may_drop = must == MAY_DROP || (t->is_detour && over_dead)
			|| group_of(t->sw, network) != group_of(to, network);
		if (n != w->n_got || n > 1 || (!n && !may_drop))
			fail_msg("%s %u at %s by %s to %c in %s: %zu copies arrive, %zu in all, lost by %s",
				 t->is_detour ? "detour" : "label", t->label, w->net->switches[t->sw].name, edge->name,
				 (char) ('a' + to), names[network], n, w->n_got, w->dropped_by);
	}
}

/* From the steering in force to the new one, switches changing one by one, by chance; some
 * mixtures of each step. */
static void change_to(struct steer *new, size_t n_mixtures, enum must must)
{
	struct steer *old = copy_of(view_steer(w->view));
	struct steer *states[4] = { copy_of(old), steer_join(old, new), steer_join(new, old), copy_of(new) };
	struct walk_switch *rows[4][MAX_N];
	world_quiet(w);
	for (unsigned k = 0; k < 4; k++) {
		world_steer(w, copy_of(states[k]));
		for (size_t i = 0; i < n_switches; i++)
			rows[k][i] = world_compiled(w, slot_of(i));
	}
	thaw();
	for (unsigned k = 0; k < 3; k++) {
		/* Pairs are those of the sender: as many slots as either has. */
		for (size_t mixture = 0; mixture < n_mixtures; mixture++) {
			uint32_t late = n_mixtures >= 1u << n_switches ? (uint32_t) mixture : draw(1u << n_switches);
			for (size_t i = 0; i < n_switches; i++)
				w->given[slot_of(i)] = rows[late >> i & 1 ? k : k + 1][i];
			all(must);
			if (k < 2)
				in_flight(old, must);
			if (k > 0)
				in_flight(new, must);
		}
	}
	memset(w->given, 0, sizeof w->given);
	for (unsigned k = 0; k < 4; k++) {
		for (size_t i = 0; i < n_switches; i++)
			walk_switch_free(rows[k][i]);
		steer_free(states[k]);
	}
	steer_free(old);
	world_steer(w, new);
}

/* Any simple way over edges that are up; 0 = none was found. */
static uint32_t stroll(uint32_t from, uint32_t to, uint32_t *ret_arcs)
{
	bool seen[WORLD_MAX_SWITCHES] = { false };
	uint32_t n = 0, at = from;
	for (int tries = 0; at != to && tries < 60; tries++) {
		uint32_t arc = draw((uint32_t) (2 * w->net->n_edges));
		const struct net_edge *edge = &w->net->edges[arc / 2];
		uint32_t next = edge->sw[!(arc & 1)];
		seen[at] = true;
		if (edge->sw[arc & 1] != at || seen[next] || !view_edge_is_up(w->view, arc / 2))
			continue;
		ret_arcs[n++] = arc;
		at = next;
	}
	return at == to ? n : 0;
}

/* About a third of all networks and pairs have ways of their own, whatever they may be. */
static struct steer *plan_with_owns(uint64_t by)
{
	size_t n = w->net->n_switches;
	struct te_owns owns = { .items = calloc(w->net->n_networks * n * n, sizeof *owns.items) };
	uint32_t (*arcs)[WORLD_MAX_SWITCHES] = calloc(w->net->n_networks * n * n, sizeof *arcs);
	for (uint32_t network = 0; network < w->net->n_networks && w->net->n_edges; network++)
		for (uint32_t i = 0; i < n * n; i++) {
			struct te_own own = { .network = network, .from = i / (uint32_t) n, .to = i % (uint32_t) n, .arcs = arcs[owns.n] };
			if (own.from == own.to || draw(3))
				continue;
			own.n_arcs = stroll(own.from, own.to, own.arcs);
			owns.items[owns.n++] = own;
		}
	struct placement *placement = world_placement(w, by);
	struct steer *steer = steer_compute(w->view, placement, &owns, view_steer(w->view));
	for (size_t i = 0; i < owns.n; i++) {
		const struct te_own *own = &owns.items[i];
		const struct steer_pair *pair = steer_find(steer, own->network, own->from, own->to);
		if (!own->n_arcs || !pair || pair->n_choices != 1)
			continue;
		n_owns += pair->choices[0].steps[0].edge == own->arcs[0] / 2;
	}
	place_free(placement);
	free(owns.items);
	free(arcs);
	return steer;
}

static struct steer *plan(uint64_t by)
{
	struct placement *placement = world_placement(w, by);
	struct steer *steer = steer_compute(w->view, placement, NULL, view_steer(w->view));
	place_free(placement);
	return steer;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void a_ring_of_cables(void **state)
{
	(void) state;
	build(4, "ab bc cd da", "", everywhere);
	world_do(w, "steer");
	world_check(w);
	assert_true(view_steer(w->view)->n_pairs == 3 * 12);
	every_slot_takes_its_path();
	cut_each();
	lose_each_switch();
	none_lives_at_each_switch();
}

/* A line has no alternatives: everything is as ever. */
static void a_line_is_left_alone(void **state)
{
	(void) state;
	build(4, "ab bc cd", "", everywhere);
	char *before = world_rows_text(w, slot_of(1));
	world_do(w, "steer");
	assert_int_equal(view_steer(w->view)->n_pairs, 0);
	assert_int_equal(view_steer(w->view)->n_transits, 0);
	world_steer(w, NULL);
	char *after_ = world_rows_text(w, slot_of(1));
	assert_string_equal(before, after_);
	free(before);
	free(after_);
}

static void relays_by_tunnel(void **state)
{
	static const char *const silent[MAX_NETWORKS] = { "", "cd", "" };
	(void) state;
	build(4, "", "abcd", silent);
	world_do(w, "steer 5");
	world_check(w);
	every_slot_takes_its_path();
	cut_each();
	lose_each_switch();
	none_lives_at_each_switch();
	/* The relay need not be in the network. */
	assert_true(world_count_rows(w, "c", "table=106,", NULL) > 1);
	assert_true(world_count_rows(w, "b", "table=0,priority=124,", NULL) > 0);
}

static void cables_and_tunnels(void **state)
{
	(void) state;
	build(5, "ab bc cd de ea ac", "abd", everywhere);
	world_do(w, "steer 3");
	world_check(w);
	every_slot_takes_its_path();
	cut_each();
	lose_each_switch();
	none_lives_at_each_switch();
}

static void changes_lose_nothing(void **state)
{
	(void) state;
	build(4, "ab bc cd da ac", "", everywhere);
	world_do(w, "steer 1");
	for (uint64_t by = 2; by < 6; by++)
		change_to(plan(by), 16, MUST_ARRIVE);
	for (uint32_t e = 0; e < w->net->n_edges; e++) {
		set_edge(e, false);
		change_to(plan(e), 16, MUST_ARRIVE);
		set_edge(e, true);
		change_to(plan(e + 7), 16, MUST_ARRIVE);
	}
	cut_each();
}

/* Networks with ways of their own: the same promises, and the others do not notice. */
static void networks_have_ways_of_their_own(void **state)
{
	(void) state;
	build(5, "ab bc cd de ea ac bd", "", everywhere);
	world_do(w, "steer 1");
	n_owns = 0;
	for (uint64_t by = 2; by < 8; by++) {
		change_to(plan_with_owns(by), 16, MUST_ARRIVE);
		every_slot_takes_its_path();
		cut_each();
		lose_each_switch();
	}
	assert_true(n_owns > 50);
	change_to(plan(9), 16, MUST_ARRIVE);
}

/* What is planned twice gives the same, and nothing changes on any switch. */
static void the_same_again_changes_nothing(void **state)
{
	(void) state;
	build(5, "ab bc cd de ea ac", "", everywhere);
	world_do(w, "steer 3");
	struct steer *again = plan(3);
	assert_true(steer_equal(again, view_steer(w->view)));
	struct steer *join = steer_join(view_steer(w->view), again);
	assert_true(steer_equal(again, join));
	steer_free(again);
	steer_free(join);
}

/* Labels of one thing and of another never share a number where they could be mixed up. */
static void labels_mean_one_thing(const struct steer *a, const struct steer *b)
{
	for (size_t i = 0; i < a->n_transits; i++)
		for (size_t k = 0; k < b->n_transits; k++) {
			const struct steer_transit *x = &a->transits[i], *y = &b->transits[k];
			bool same_port = x->sw == y->sw && x->label == y->label
				&& (w->net->edges[x->edge].link == NET_NONE ? w->net->edges[y->edge].link == NET_NONE
				    : x->edge == y->edge && x->end == y->end);
			if (same_port)
				assert_true(x->key == y->key && x->network == y->network);
		}
}

static void a_label_is_not_used_anew(void **state)
{
	(void) state;
	build(5, "ab bc cd de ea ac bd", "", everywhere);
	w->net->te.label_first = 3000;
	w->net->te.label_last = 3090;
	world_do(w, "steer 1");
	for (uint64_t by = 2; by < 12; by++) {
		struct steer *new = plan(by);
		labels_mean_one_thing(new, new);
		labels_mean_one_thing(new, view_steer(w->view));
		struct steer *join = steer_join(new, view_steer(w->view));
		labels_mean_one_thing(join, join);
		steer_free(new);
		world_steer(w, join);
	}
}

static void without_labels_the_plain_way(void **state)
{
	(void) state;
	build(5, "ab bc cd de ea", "", everywhere);
	w->net->te.label_first = 3000;
	w->net->te.label_last = 3002;
	world_do(w, "steer 1");
	assert_true(view_steer(w->view)->n_unlabelled > 0);
	world_check(w);
	freeze();
	all(MUST_ARRIVE);
}

static void restarts(void **state)
{
	char *text, again[8];
	size_t len;
	const char *error = NULL;
	(void) state;
	build(4, "ab bc cd da ac", "bd", everywhere);
	world_do(w, "steer 3");
	FILE *to = open_memstream(&text, &len);
	steer_write(view_steer(w->view), w->net, to);
	fclose(to);
	struct steer *steer = steer_read(text, w->net, &error);
	assert_null(error);
	assert_true(steer_equal(steer, view_steer(w->view)));
	world_restart(w);
	view_set_steer(w->view, steer);
	for (size_t i = 0; i < n_switches; i++) {
		snprintf(again, sizeof again, "%c", (char) ('a' + i));
		world_back(w, again, 10);
	}
	world_do(w, "ways");
	snprintf(again, sizeof again, "a");
	assert_int_equal(world_back(w, again, 10), 0);
	free(text);
}

static void a_port_that_is_not_there(void **state)
{
	(void) state;
	build(4, "ab bc cd da", "", everywhere);
	world_do(w, "steer");
	stage_do("gone b:l1; ways");
	world_check(w);
	is_dead[1] = true;
	all(MAY_DROP);
	stage_do("port b:l1 77; link b:l1; ways");
	world_check(w);
	is_dead[1] = false;
	all(MUST_ARRIVE);
}

static void a_new_file_keeps_what_is_left(void **state)
{
	char less[8192];
	(void) state;
	build(4, "ab bc cd da ac", "", everywhere);
	world_do(w, "steer 3");
	size_t n = view_steer(w->view)->n_pairs;
	world_reload(w, yaml);
	assert_int_equal(view_steer(w->view)->n_pairs, n);
	world_check(w);
	all(MUST_ARRIVE);
	snprintf(less, sizeof less, "%s", yaml);
	*strstr(less, "  - {between: [\"c:l2\"") = '\0';
	world_reload(w, less);
	assert_true(view_steer(w->view)->n_pairs < n);
	world_do(w, "ways");
	world_check(w);
	is_dead[2] = is_dead[3] = is_dead[4] = true;
	all(MAY_DROP);
}

/* --- by chance ------------------------------------------------------------------------------- */

static void some_of(char *text, uint32_t percent)
{
	for (size_t i = 0; i < n_switches; i++)
		if (draw(100) < percent)
			*text++ = (char) ('a' + i);
	*text = '\0';
}

static void one_world(void)
{
	static char cables[64], vteps[12], silent[MAX_NETWORKS][12];
	const char *const who[MAX_NETWORKS] = { silent[0], silent[1], silent[2] };
	size_t n = 0;
	n_switches = 3 + draw(4);
	cables[0] = '\0';
	for (uint32_t k = draw(9); k; k--) {
		uint32_t a = draw((uint32_t) n_switches), b = draw((uint32_t) n_switches);
		if (a != b)
			n += (size_t) snprintf(cables + n, sizeof cables - n, "%s%c%c", n ? " " : "", (char) ('a' + a), (char) ('a' + b));
	}
	some_of(vteps, draw(3) * 50);
	for (size_t i = 0; i < MAX_NETWORKS; i++)
		some_of(silent[i], draw(60));
	build(n_switches, cables, vteps, who);
	stage_do("steer %u", draw(100));
	world_check(w);
	every_slot_takes_its_path();
	cut_each();
	lose_each_switch();
	for (unsigned k = 0; k < 3 && w->net->n_edges; k++) {
		uint32_t e = draw((uint32_t) w->net->n_edges);
		bool is_first = !memchr(is_dead, true, sizeof is_dead);
		set_edge(e, is_dead[e]);
		world_do(w, "ways");
		change_to(draw(2) ? plan_with_owns(draw(100)) : plan(draw(100)), 4, is_first || !memchr(is_dead, true, sizeof is_dead) ? MUST_ARRIVE : MAY_DROP);
	}
	take_back();
}

static void worlds_by_chance(void **state)
{
	const char *given = getenv("WEFT_SEED"), *number = getenv("WEFT_EPISODES");
	uint64_t first = given ? strtoull(given, NULL, 0) : 1000;
	uint64_t n = number ? strtoull(number, NULL, 0) : given ? 1 : 12;
	(void) state;
	for (uint64_t i = 0; i < n; i++) {
		seed = first + i;
		if (getenv("WEFT_VERBOSE"))
			print_message("WEFT_SEED=%llu\n", (unsigned long long) seed);
		draw(1);
		one_world();
	}
	print_message("%llu worlds, the first WEFT_SEED=%llu\n", (unsigned long long) n, (unsigned long long) first);
}

#define TEST(NAME) cmocka_unit_test_teardown(NAME, after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_ring_of_cables),
		TEST(a_line_is_left_alone),
		TEST(relays_by_tunnel),
		TEST(cables_and_tunnels),
		TEST(changes_lose_nothing),
		TEST(networks_have_ways_of_their_own),
		TEST(the_same_again_changes_nothing),
		TEST(a_label_is_not_used_anew),
		TEST(without_labels_the_plain_way),
		TEST(restarts),
		TEST(a_port_that_is_not_there),
		TEST(a_new_file_keeps_what_is_left),
		TEST(worlds_by_chance),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
