/* SPDX-License-Identifier: Apache-2.0 */
/* Random policies, random frames: what the rows of both switches do with a frame
 * is what the reference reads in the file. Prints its seed; WEFT_SEED repeats a
 * run, WEFT_CASES sets how many frames. A difference prints all one needs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/apps/acl_expect.h"
#include "tests/unit/apps/world.h"

enum { CASES = 20000, FRAMES_PER_FILE = 50, TUNNEL = 1000, EARLIER = 0x0a090000 };

static struct walk_switch *switches[2];
static struct walk *walk;
static bool was_committed, print_hops;

/* --- what the rows do ------------------------------------------------------------------- */

static void load(struct world *w)
{
	for (uint32_t sw = 0; sw < 2; sw++) {
		walk_switch_free(switches[sw]);
		switches[sw] = world_walk_switch(w, sw);
	}
}

static void go(uint32_t sw, uint32_t in_port, const uint8_t *frame, size_t size, uint64_t vni, bool got[N_PLACES])
{
	static struct walk_out away;
	bool is_away = false;
	walk_frame(switches[sw], walk, in_port, frame, size, vni, vni ? EARLIER + 2 - sw : 0);
	for (size_t i = 0; print_hops && i < walk->n_hops; i++) {
		char text[1000];
		rule_format(&walk->hops[i].rule, text, sizeof text);
		fprintf(stderr, "%s\n", text);
	}
	assert_null(walk->unknown);
	assert_false(walk->ambiguous || walk->missed || walk->cut);
	was_committed |= walk->n_commits;
	for (size_t i = 0; i < walk->n_outs; i++) {
		const struct walk_out *out = &walk->outs[i];
		if (out->ofport == TUNNEL && !is_away) {
			away = *out;
			is_away = true;
		}
		for (size_t p = 0; p < N_PLACES; p++) {
			if (places[p].ofport != out->ofport || (places[p].name[0] == 'b') != sw)
				continue;
			assert_false(got[p]);
			got[p] = true;
		}
	}
	if (is_away)
		go(1 - sw, TUNNEL, away.frame, away.size, away.tun_id, got);
}

static void send(const struct place *from, const uint8_t *frame, size_t size, bool got[N_PLACES])
{
	uint8_t tagged[RANDOM_FRAME + 4];
	memcpy(tagged, frame, 12);
	memcpy(tagged + 12, (uint8_t[4]) { 0x81, 0, 0, (uint8_t) from->vid }, 4);
	memcpy(tagged + 16, frame + 12, size - 12);
	memset(got, 0, N_PLACES * sizeof *got);
	was_committed = false;
	if (from->vid == UNTAGGED)
		go(from->name[0] == 'b', from->ofport, frame, size, 0, got);
	else
		go(from->name[0] == 'b', from->ofport, tagged, size + 4, 0, got);
}

/* --- the test ---------------------------------------------------------------------------- */

static size_t n_passed, n_dropped;

static void differ(const char *yaml, const struct place *from, const struct place *to, const struct tracked_state *state,
		   const uint8_t *frame, size_t size)
{
	bool got[N_PLACES];
	fprintf(stderr, "%s\nfrom %s to %s, tracked as 0x%x mark %u\nframe ", yaml, from->name, to->name, state->bits,
		state->mark);
	for (size_t i = 0; i < size; i++)
		fprintf(stderr, "%02x", frame[i]);
	fputc('\n', stderr);
	print_hops = true;
	send(from, frame, size, got);
	fail_msg("rows and file differ");
}

static void one_frame(const struct net *net, const char *yaml)
{
	const struct place *from = &places[random_below(N_PLACES)];
	const struct tracked_state *state = &tracked_states[random_below(N_STATES)];
	uint8_t frame[RANDOM_FRAME];
	bool got[N_PLACES], is_for[N_PLACES], expected[N_PLACES];
	unsigned dst;
	size_t size = expect_frame(from, &dst, frame);
	walk->ct_state = state->bits;
	walk->ct_mark = state->mark;
	send(from, frame, size, got);
	expect_places(net, from, dst, frame, size, state, is_for, expected);
	for (size_t p = 0; p < N_PLACES; p++) {
		n_passed += is_for[p] && expected[p];
		n_dropped += is_for[p] && !expected[p];
		if (got[p] != expected[p])
			differ(yaml, from, &places[p], state, frame, size);
	}
}

static struct world *random_world(char **ret_yaml)
{
	size_t len;
	FILE *out = open_memstream(ret_yaml, &len);
	random_file(out, false);
	fclose(out);
	struct world *w = world_new(*ret_yaml);
	world_do(w, "up a; up b; port a:vxlan0 1000; port b:vxlan0 1000; port a:r1 1; port a:r2 2; port b:r1 1; port b:r2 2\n"
		 "port a:b1 3; port b:b2 3; host red 1 a:r1; host red 2 a:r2; host red 3 b:r1; host red 4 b:r2\n"
		 "host blue 5 a:b1; host blue 6 b:b2");
	return w;
}

static void rows_do_what_the_file_says(void **state)
{
	const char *seed_text = getenv("WEFT_SEED"), *cases_text = getenv("WEFT_CASES");
	uint64_t seed = seed_text ? strtoull(seed_text, NULL, 0) : (uint64_t) time(NULL);
	size_t cases = cases_text ? strtoull(cases_text, NULL, 0) : CASES, n = 0, n_files = 0;
	(void) state;
	print_message("seed %llu\n", (unsigned long long) seed);
	random_seed(seed * 0x9e3779b97f4a7c15ULL);
	walk = walk_new();
	for (int i = 0; i < 2; i++)
		switches[i] = walk_switch_new();
	while (n < cases) {
		char *yaml;
		struct world *w = random_world(&yaml);
		if (n_files % 10 == 0)
			world_check(w);
		load(w);
		for (int i = 0; i < FRAMES_PER_FILE && n < cases; i++, n++)
			one_frame(w->net, yaml);
		world_free(w);
		free(yaml);
		n_files++;
	}
	print_message("%zu frames, %zu files: %zu deliveries and %zu drops, all the same\n", n, n_files, n_passed, n_dropped);
	assert_true(n_passed > cases / 10 && n_dropped > cases / 10);
	for (int i = 0; i < 2; i++)
		walk_switch_free(switches[i]);
	walk_free(walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_do_what_the_file_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
