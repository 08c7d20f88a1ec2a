/* SPDX-License-Identifier: Apache-2.0 */
/* Steering as text, by names; fields are parted by tabs, which no name holds.
 *
 *     steer <1>
 *     pair <network> <from> <to> <slots> <choices> {choice}
 *     transit <switch> <edge> <end> <label> <network> <key> <is detour> {choice}
 *     end <pairs> <transits> <unlabelled>
 *
 * A choice is its number of steps, then edge, end and label of each. A slot is one
 * character, '0' and the number of its choice. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "topo/steer_private.h"

enum { VERSION = 1, MAX_FIELD = 512 };

static void write_choice(const struct steer_choice *choice, const struct net *net, FILE *to)
{
	fprintf(to, "\t%u", choice->n_steps);
	for (unsigned i = 0; i < choice->n_steps; i++)
		fprintf(to, "\t%s\t%u\t%" PRIu32, net->edges[choice->steps[i].edge].name, choice->steps[i].end,
			choice->steps[i].label);
}

static void write_pair(const struct steer_pair *pair, const struct net *net, FILE *to)
{
	fprintf(to, "pair\t%s\t%s\t%s\t", net->networks[pair->network].name, net->switches[pair->from].name,
		net->switches[pair->to].name);
	for (uint32_t i = 0; i < pair->n_slots; i++)
		fputc('0' + pair->slots[i], to);
	fprintf(to, "\t%" PRIu32, pair->n_choices);
	for (uint32_t i = 0; i < pair->n_choices; i++)
		write_choice(&pair->choices[i], net, to);
	fputc('\n', to);
}

void steer_write(const struct steer *steer, const struct net *net, FILE *to)
{
	fprintf(to, "steer\t%d\n", VERSION);
	for (size_t i = 0; i < steer->n_pairs; i++)
		write_pair(&steer->pairs[i], net, to);
	for (size_t i = 0; i < steer->n_transits; i++) {
		const struct steer_transit *t = &steer->transits[i];
		fprintf(to, "transit\t%s\t%s\t%u\t%" PRIu32 "\t%s\t%016" PRIx64 "\t%d", net->switches[t->sw].name,
			net->edges[t->edge].name, t->end, t->label, net->networks[t->network].name, t->key, t->is_detour);
		write_choice(&t->choice, net, to);
		fputc('\n', to);
	}
	fprintf(to, "end\t%zu\t%zu\t%zu\n", steer->n_pairs, steer->n_transits, steer->n_unlabelled);
}

/* --- reading ------------------------------------------------------------------------- */

struct reader {
	const struct net *net;
	const char *at;
	const char *error;              /* the first one, or null */
	struct steer_map edges;         /* hash of the name -> index */
	char field[MAX_FIELD];
	struct steer *steer;
	size_t max_pairs, max_transits;
	bool is_over;
};

static void fail(struct reader *r, const char *error)
{
	if (!r->error)
		r->error = error;
}

/* The next field of the line; empty at its end. */
static const char *next(struct reader *r)
{
	size_t len = strcspn(r->at, "\t\n");
	r->field[0] = '\0';
	if (len >= MAX_FIELD) {
		fail(r, "a name is too long");
		return r->field;
	}
	memcpy(r->field, r->at, len);
	r->field[len] = '\0';
	r->at += len;
	if (*r->at == '\t')
		r->at++;
	return r->field;
}

static uint64_t number(struct reader *r, int base, uint64_t max)
{
	const char *text = next(r);
	char *end;
	uint64_t value = strtoull(text, &end, base);
	if (!*text || *end || *text == '-' || *text == '+' || *text == ' ' || value > max) {
		fail(r, "a number is damaged");
		return 0;
	}
	return value;
}

static uint32_t found(struct reader *r, uint32_t index)
{
	if (index != NET_NONE)
		return index;
	fail(r, "it names what this file does not have");
	return 0;
}

static uint32_t network(struct reader *r) { return found(r, net_network_by_name(r->net, next(r))); }
static uint32_t switch_of(struct reader *r) { return found(r, net_switch_by_name(r->net, next(r))); }

static uint32_t edge(struct reader *r)
{
	const char *name = next(r);
	uint32_t i = steer_map_get(&r->edges, net_hash(name, strlen(name)), 0);
	return found(r, i != NET_NONE && strcmp(r->net->edges[i].name, name) ? NET_NONE : i);
}

static struct steer_choice read_choice(struct reader *r)
{
	struct steer_choice choice = { .n_steps = (unsigned) number(r, 10, 2) };
	for (unsigned i = 0; i < choice.n_steps && !r->error; i++) {
		choice.steps[i].edge = edge(r);
		choice.steps[i].end = (unsigned) number(r, 10, 1);
		choice.steps[i].label = (uint32_t) number(r, 10, NET_TE_LAST_VNI);
	}
	return choice;
}

/* Does the choice leave from there? */
static void check_choice(struct reader *r, const struct steer_choice *choice, uint32_t sw)
{
	for (unsigned i = 0; i < choice->n_steps && !r->error; i++)
		if (r->net->edges[choice->steps[i].edge].sw[choice->steps[i].end] != sw)
			fail(r, "an edge of this file is elsewhere");
}

static void read_slots(struct reader *r, struct steer_pair *pair)
{
	const char *text = next(r);
	pair->n_slots = (uint32_t) strlen(text);
	if (!pair->n_slots || pair->n_slots > PLACE_MAX_SLOTS)
		fail(r, "slots are damaged");
	for (uint32_t i = 0; i < pair->n_slots && !r->error; i++)
		pair->slots[i] = (uint8_t) (text[i] - '0');
	pair->n_choices = (uint32_t) number(r, 10, PLACE_MAX_SLOTS);
	for (uint32_t i = 0; i < pair->n_slots && !r->error; i++)
		if (pair->slots[i] >= pair->n_choices)
			fail(r, "slots are damaged");
}

static void read_pair(struct reader *r)
{
	struct steer *s = r->steer;
	struct steer_pair pair = { .network = network(r) };
	pair.from = switch_of(r);
	pair.to = switch_of(r);
	read_slots(r, &pair);
	if (r->error)
		return;
	pair.choices = arena_new_array(s->arena, struct steer_choice, pair.n_choices);
	for (uint32_t i = 0; i < pair.n_choices && !r->error; i++) {
		pair.choices[i] = read_choice(r);
		check_choice(r, &pair.choices[i], pair.from);
		if (!pair.choices[i].n_steps)
			fail(r, "a choice has no steps");
	}
	if (s->n_pairs == r->max_pairs) {
		r->max_pairs = r->max_pairs ? 2 * r->max_pairs : 64;
		s->pairs = xheap_realloc(s->pairs, r->max_pairs * sizeof *s->pairs);
	}
	s->pairs[s->n_pairs++] = pair;
}

static void read_transit(struct reader *r)
{
	struct steer *s = r->steer;
	struct steer_transit t = { .sw = switch_of(r) };
	t.edge = edge(r);
	t.end = (unsigned) number(r, 10, 1);
	t.label = (uint32_t) number(r, 10, NET_TE_LAST_VNI);
	t.network = network(r);
	t.key = number(r, 16, UINT64_MAX);
	t.is_detour = number(r, 10, 1);
	t.choice = read_choice(r);
	check_choice(r, &t.choice, t.sw);
	if (r->error)
		return;
	if (r->net->edges[t.edge].sw[t.end] != t.sw)
		fail(r, "an edge of this file is elsewhere");
	if (s->n_transits == r->max_transits) {
		r->max_transits = r->max_transits ? 2 * r->max_transits : 64;
		s->transits = xheap_realloc(s->transits, r->max_transits * sizeof *s->transits);
	}
	s->transits[s->n_transits++] = t;
}

static void read_end(struct reader *r)
{
	if (number(r, 10, SIZE_MAX) != r->steer->n_pairs || number(r, 10, SIZE_MAX) != r->steer->n_transits)
		fail(r, "lines are missing");
	r->steer->n_unlabelled = number(r, 10, SIZE_MAX);
	r->is_over = true;
}

static void read_line(struct reader *r)
{
	const char *word = next(r);
	if (!strcmp(word, "pair"))
		read_pair(r);
	else if (!strcmp(word, "transit"))
		read_transit(r);
	else if (!strcmp(word, "end"))
		read_end(r);
	else
		fail(r, "a line begins with an unknown word");
	if (*r->at != '\n')
		fail(r, "a line is too long or has no end");
	else
		r->at++;
}

static void read_all(struct reader *r)
{
	if (strcmp(next(r), "steer") || number(r, 10, UINT32_MAX) != VERSION || *r->at++ != '\n')
		fail(r, "it is of another version");
	while (!r->error && !r->is_over)
		read_line(r);
}

/* From the heap, where they grew, to the arena. */
static void settle(struct steer *s)
{
	struct steer_pair *pairs = s->pairs;
	struct steer_transit *transits = s->transits;
	s->pairs = arena_new_array(s->arena, struct steer_pair, s->n_pairs);
	s->transits = arena_new_array(s->arena, struct steer_transit, s->n_transits);
	if (s->n_pairs)
		memcpy(s->pairs, pairs, s->n_pairs * sizeof *pairs);
	if (s->n_transits)
		memcpy(s->transits, transits, s->n_transits * sizeof *transits);
	free(pairs);
	free(transits);
	steer_sort(s);
}

struct steer *steer_read(const char *text, const struct net *net, const char **ret_error)
{
	struct arena *arena = arena_new();
	struct reader r = { .net = net, .at = text, .steer = arena_new_array(arena, struct steer, 1) };
	r.steer->arena = arena;
	steer_map_init(&r.edges);
	for (uint32_t i = 0; i < net->n_edges; i++)
		steer_map_put(&r.edges, net_hash(net->edges[i].name, strlen(net->edges[i].name)), 0, i);
	read_all(&r);
	steer_map_uninit(&r.edges);
	settle(r.steer);
	if (!r.error)
		return r.steer;
	*ret_error = r.error;
	steer_free(r.steer);
	return NULL;
}
