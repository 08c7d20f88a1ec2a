/* SPDX-License-Identifier: Apache-2.0 */
/* weftd is killed and comes back: what it may know of tunnels and cables, what it has to wait
 * for, and that it then does what it would have done had it lived on. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/controller/scratch.h"
#include "tests/unit/controller/te_stage.h"

/* Two underlays between a and b, a relay by each of the others. */
static const char tunnels[] =
	"version: 1\n"
	"underlays: {red: {main: true}, blue: {}}\n"
	"switches:\n"
	"  a: {dpid: 1, vteps: {red: 10.0.0.1, blue: 10.1.0.1}}\n"
	"  b: {dpid: 2, vteps: {red: 10.0.0.2, blue: 10.1.0.2}}\n"
	"  c: {dpid: 3, vtep: 10.0.0.3}\n"
	"networks:\n"
	"  lan: {vni: 77, ports: [\"*:vm*\"]}\n"
	"links:\n"
	"  - {between: [a, b], underlay: red, bfd: [a:rb, b:ra], rate: 100Mbit, cost: 20}\n"
	"  - {between: [a, b], underlay: blue, bfd: [a:bb, b:ba], rate: 100Mbit}\n"
	"  - {between: [a, c], rate: 100Mbit}\n"
	"  - {between: [b, c], rate: 100Mbit}\n";

/* The same with a cable between a and b for blue. */
static const char both[] =
	"version: 1\n"
	"switches: {a: {dpid: 1, vtep: 10.0.0.1}, b: {dpid: 2, vtep: 10.0.0.2}, c: {dpid: 3, vtep: 10.0.0.3}}\n"
	"networks:\n"
	"  lan: {vni: 77, ports: [\"*:vm*\"]}\n"
	"links:\n"
	"  - {between: [a:ab, b:ba], rate: 100Mbit}\n"
	"  - {between: [a:ac, c:ca], rate: 100Mbit}\n"
	"  - {between: [b, c], bfd: [b:bfdc, c:bfdb], rate: 100Mbit}\n"
	"  - {between: [a, c], rate: 100Mbit}\n";

enum { A, B, C };

static struct te_world *live(const char *text)
{
	struct te_world *t = te_stage_new(text);
	t->want[A][B] = 40;
	t->want[B][A] = 20;
	t->want[A][C] = 10;
	te_world_seconds(t, 100);
	assert_true(t->lost == 0);
	return t;
}

static uint32_t edge_of(const struct te_world *t, const char *name)
{
	uint32_t e = te_edge_by_name(t->w.core->net, name);
	assert_true(e != NET_NONE);
	return e;
}

/* Whoever comes first and however long it takes, and for as long afterwards as anything could be held. */
static void sends_nothing(struct te_world *t)
{
	static const uint64_t pauses[] = { 0, 300, 1700, 4000 };
	assert_int_equal(te_of(t)->phase, TE_REST);
	for (uint32_t first = 0; first < 3; first++)
		for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
			uint64_t n = te_world_restart_slowly(t, first, pauses[i]);
			if (n)
				fail_msg("%d messages, with %d ms between switches, %d first", (int) n, (int) pauses[i], (int) first);
			uint64_t before = te_world_mods(t);
			te_world_seconds(t, 40);
			if (te_world_mods(t) != before)
				fail_msg("%d messages later, with %d ms between switches", (int) (te_world_mods(t) - before), (int) pauses[i]);
			assert_true(t->lost == 0);
		}
}

static void at_rest_over_two_underlays(void **state)
{
	(void) state;
	struct te_world *t = live(tunnels);
	assert_true(view_steer(t->w.core->view)->n_pairs > 0);
	sends_nothing(t);
	te_stage_free(t);
}

static void at_rest_over_cables_and_tunnels(void **state)
{
	(void) state;
	struct te_world *t = live(both);
	sends_nothing(t);
	te_stage_free(t);
}

/* An edge that carries nothing is missing: detours lead around it, before and after. */
static void one_edge_is_down(void **state)
{
	static const char *const texts[] = { tunnels, both };
	(void) state;
	for (size_t i = 0; i < 2; i++) {
		struct te_world *t = live(texts[i]);
		uint32_t n = (uint32_t) t->w.core->net->n_edges;
		te_stage_free(t);
		for (uint32_t e = 0; e < n; e++)
			for (int silent = 0; silent < 2; silent++) {
				t = live(texts[i]);
				const struct net_edge *edge = &t->w.core->net->edges[e];
				if (silent || (edge->link == NET_NONE && !edge->bfd[0]))
					te_world_swallow(t, e);
				else
					te_world_cut(t, e);
				te_world_seconds(t, 60);
				assert_false(view_edge_is_up(t->w.core->view, e));
				assert_true(t->lost == 0);
				sends_nothing(t);
				assert_false(te_of(t)->edges[e].is_up);
				te_stage_free(t);
			}
	}
}

/* It came back and is held: the hold goes on where it was, and what was counted stays counted. */
static void an_edge_is_held(void **state)
{
	(void) state;
	struct te_world *t = live(tunnels);
	uint32_t blue = edge_of(t, "a-b@blue");
	for (int i = 0; i < 2; i++) {
		te_world_cut(t, blue);
		te_world_seconds(t, 10);
		te_world_mend(t, blue);
		te_world_seconds(t, 60 + 60 * (unsigned) i);
	}
	te_world_cut(t, blue);
	te_world_seconds(t, 10);
	te_world_mend(t, blue);
	/* The view lets it rest for a minute, then it is held for as long again. */
	te_world_seconds(t, 20);
	assert_true(view_link(t->w.core->view, blue)->held);
	assert_int_equal(te_world_restart_slowly(t, 1, 1000), 0);
	assert_true(view_link(t->w.core->view, blue)->held);
	assert_int_equal(te_of(t)->edges[blue].n_flaps, 3);
	te_world_seconds(t, 60);
	uint64_t before = te_world_mods(t);
	assert_true(te_of(t)->edges[blue].is_held && t->loads[2 * blue] == 0);
	uint64_t until = te_of(t)->edges[blue].held_until_ms;
	assert_int_equal(te_world_restart_slowly(t, 0, 1000), 0);
	assert_true(te_of(t)->edges[blue].is_held && t->loads[2 * blue] == 0);
	assert_int_equal(te_of(t)->edges[blue].held_until_ms, until);
	assert_int_equal(te_world_mods(t), before);
	te_world_seconds(t, 60);
	assert_true(!te_of(t)->edges[blue].is_held && fabs(t->loads[2 * blue] - 40) < 1e-6);
	te_stage_free(t);
}

/* What was lost while nobody was there is planned around, and once only. */
static void an_edge_went_meanwhile(void **state)
{
	(void) state;
	for (int silent = 0; silent < 2; silent++) {
		struct te_world *t = live(tunnels);
		uint32_t blue = edge_of(t, "a-b@blue");
		if (silent)
			t->silent[blue] = true;
		else
			t->cut[blue] = true;
		te_world_restart_slowly(t, 2, 500);
		te_world_seconds(t, 20);
		assert_false(view_link(t->w.core->view, blue)->confirmed);
		assert_true(t->lost == 0 && t->loads[2 * blue] == 0);
		assert_int_equal(te_of(t)->n_changes, 1);
		uint64_t before = te_world_mods(t);
		te_world_seconds(t, 60);
		assert_int_equal(te_world_mods(t), before);
		te_stage_free(t);
	}
}

/* What is on its way arrives, in each moment: te_world follows it, and knows what each switch has. */
static void goes_on(struct te_world *t, enum te_phase phase, unsigned seconds)
{
	if (t->lost_at_start > 0)
		fail_msg("phase %d: lost while switches came back", phase);
	for (unsigned i = 0; i < seconds; i++) {
		te_world_seconds(t, 1);
		if (t->lost > 0)
			fail_msg("phase %d: %f Mbit/s lost %u s after the restart", phase, t->lost, i + 1);
	}
}

static bool is_in(struct te_world *t, enum te_phase phase)
{
	for (unsigned i = 0; te_of(t)->phase != phase && i < 300; i++) {
		/* What is written stays unwritten, or nobody could be killed before. */
		t->w.core->work = phase == TE_SAVE && te_of(t)->phase == TE_LABELS ? later : NULL;
		te_world_seconds(t, 1);
		assert_true(t->lost == 0);
	}
	return te_of(t)->phase == phase;
}

/* weftd is killed in each step of a change, while switches take their rows when they feel like it. It ends what it had
 * written down, and begins anew what it had not. */
static void in_the_middle_of_a_change(void **state)
{
	static const char *const texts[] = { tunnels, both };
	static const uint64_t pauses[] = { 0, 250, 1500 };
	size_t n = 0;
	(void) state;
	for (size_t i = 0; i < 2; i++)
		for (enum te_phase phase = TE_LABELS; phase <= TE_GRACE; phase++)
			for (uint32_t trial = 0; trial < 6; trial++) {
				struct te_world *t = live(texts[i]);
				uint32_t edge = edge_of(t, i ? "a:ab-b:ba" : "a-b@blue");
				t->is_lazy = true;
				t->random = trial + 1;
				te_world_cut(t, edge);
				if (trial % 2) {
					te_world_seconds(t, 60);
					assert_int_equal(te_of(t)->phase, TE_REST);
					te_world_mend(t, edge);
				}
				if (is_in(t, phase)) {
					n++;
					end_work(trial / 2 % 2);
					te_world_restart_slowly(t, trial % 3, pauses[trial / 2]);
				}
				goes_on(t, phase, 100);
				assert_int_equal(te_of(t)->phase, TE_REST);
				if ((t->loads[2 * edge] > 0) != (trial % 2))
					fail_msg("phase %d trial %d: carries %f, up %d held %d", phase, trial, t->loads[2 * edge],
						 te_of(t)->edges[edge].is_up, te_of(t)->edges[edge].is_held);
				t->is_lazy = false;
				te_world_settle(t);
				sends_nothing(t);
				te_stage_free(t);
			}
	assert_int_equal(n, 2 * 4 * 6);
}

/* One does not come back for now. Nothing is sent for that; but what is lost is not left lost. */
static void a_switch_is_away(void **state)
{
	(void) state;
	struct te_world *t = live(tunnels);
	t->is_away[C] = true;
	assert_int_equal(te_world_restart_slowly(t, 0, 500), 0);
	uint64_t before = te_world_mods(t);
	te_world_seconds(t, 15);
	assert_int_equal(te_world_mods(t), before);
	assert_true(t->lost == 0 && te_of(t)->is_loaded);
	/* No port says so. */
	te_world_restart_slowly(t, 1, 500);
	te_world_swallow(t, edge_of(t, "a-b@blue"));
	te_world_seconds(t, 12);
	assert_true(t->lost == 0 && !te_of(t)->is_loaded);
	te_stage_free(t);
}

/* What is damaged is as good as nothing: edges are waited for. What was meant for another file, too. */
static void the_file_of_links_is_bad(void **state)
{
	static const char *const bad[] = {
		"", "weft links 2\n", "weft links 1\n", "weft links 1\n\n\t\n\t\t\n",
		"weft links 1\na-b@blue\n", "weft links 1\na-b@blue\ts\t1\n",
		"weft links 1\na-b@blue\ts\t1\t2\t3\t4\t5\t6\t7\t8\t-9\n",
		"weft links 1\na-b@blue\ts\t1\t2\t3\t4\t5\t6\t7\t8\t\n",
		"weft links 1\na-b@blue\ts\t1\t2\t3\t4\t5\t6\t7\t8\t9\t10\n",
		"weft links 1\na-b@blue\ts\t1\t2\t99999999\t4\t5\t6\t7\t8\t9\n",
		"weft links 1\na-b@blue\ts\t4294967296\t2\t3\t4\t5\t6\t7\t8\t9\n",
		"weft links 1\na-b@blue\ts\t1x\t2\t3\t4\t5\t6\t7\t8\t9",
		"weft links 1\na-b@green\ts\t1\t2\t3\t4\t5\t6\t7\t8\t9\n",
	};
	struct te_world *t = live(tunnels);
	(void) state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		scratch_write("links", bad[i]);
		uint64_t n = te_world_restart_slowly(t, (uint32_t) i % 3, 700), before = te_world_mods(t);
		te_world_seconds(t, 20);
		if (n || te_world_mods(t) != before || !(t->loads[2 * edge_of(t, "a-b@blue")] > 0))
			fail_msg("file %zu counts for something", i);
	}
	/* A clock that was set back or forth: nothing is held for ever, nothing is older than it can be. */
	scratch_write("links", "weft links 1\na-b@blue\tcuh\t2\t9999999999999\t60000\t9999999999999\t1\t3\t9999999999999\t1\t9999999999999\n");
	te_world_restart_slowly(t, 0, 700);
	assert_true(te_of(t)->edges[edge_of(t, "a-b@blue")].is_held);
	te_world_seconds(t, 21 * 60);
	assert_false(te_of(t)->edges[edge_of(t, "a-b@blue")].is_held);
	te_stage_free(t);
}

/* Without what was written down: paths that are the shortest are found again. Others are given up, but only for
 * those; and nothing is sent before it is known what shall be. */
static void the_state_is_lost(void **state)
{
	static const char *const texts[] = { tunnels, both };
	static const uint64_t pauses[] = { 0, 300, 1700 };
	(void) state;
	for (size_t i = 0; i < 2; i++) {
		struct te_world *t = live(texts[i]);
		for (uint32_t first = 0; first < 3; first++) {
			te_stage_forget();
			uint64_t n = te_world_restart_slowly(t, first, pauses[first]);
			uint64_t before = te_world_mods(t);
			te_world_seconds(t, 40);
			if (n + te_world_mods(t) - before)
				fail_msg("%d messages, then %d, with %d ms between switches", (int) n, (int) (te_world_mods(t) - before),
					 (int) pauses[first]);
			assert_true(t->lost == 0 && t->lost_at_start == 0);
			assert_int_equal(te_of(t)->phase, TE_REST);
		}
		/* More than the shortest path carries was split. */
		t->want[A][B] = 130;
		te_world_seconds(t, 100);
		te_stage_forget();
		te_world_restart_slowly(t, 1, 1000);
		te_world_seconds(t, 100);
		assert_true(t->lost == 0);
		sends_nothing(t);
		te_stage_free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_the_middle_of_a_change),
		cmocka_unit_test(the_file_of_links_is_bad),
		cmocka_unit_test(a_switch_is_away),
		cmocka_unit_test(the_state_is_lost),
		cmocka_unit_test(one_edge_is_down),
		cmocka_unit_test(an_edge_is_held),
		cmocka_unit_test(an_edge_went_meanwhile),
		cmocka_unit_test(at_rest_over_two_underlays),
		cmocka_unit_test(at_rest_over_cables_and_tunnels),
	};
	return cmocka_run_group_tests(tests, te_stage_up, te_stage_down);
}
