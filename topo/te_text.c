/* SPDX-License-Identifier: Apache-2.0 */
/* A placement by names: for the state file, and from one net to the next.
 *
 *     pair	kvm1	kvm2	12.5	16
 *     path	3	kvm1-kvm3>	kvm2-kvm3<
 *     slots	0 0 1 0 ...
 *     end
 *
 * Fields are separated by tabs. `>`: from the edge's first end to its second. */
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/te_plan.h"

enum { MAX_PATHS = PLACE_MAX_SLOTS };

void te_write(const struct placement *p, const struct net *net, FILE *f)
{
	for (size_t i = 0; i < p->n_pairs; i++) {
		const struct place_pair *pair = &p->pairs[i];
		if (!pair->n_active || !pair->n_slots)
			continue;
		fprintf(f, "pair\t%s\t%s\t%.9g\t%u\n", net->switches[pair->src].name, net->switches[pair->dst].name, pair->mbps,
			pair->n_slots);
		for (uint32_t k = 0; k < pair->n_active; k++) {
			fprintf(f, "path\t%u", pair->paths[k].n_slots);
			for (uint32_t a = 0; a < pair->paths[k].n_arcs; a++)
				fprintf(f, "\t%s%c", net->edges[pair->paths[k].arcs[a] / 2].name,
					pair->paths[k].arcs[a] & 1 ? '<' : '>');
			fprintf(f, "\n");
		}
		fprintf(f, "slots\t");
		for (uint32_t s = 0; s < pair->n_slots; s++)
			fprintf(f, s ? " %u" : "%u", pair->slots[s]);
		fprintf(f, "\n");
	}
	fprintf(f, "end\n");
}

/* --- reading -------------------------------------------------------------------------- */

struct reader {
	const struct net *net;
	struct placement *p;
	size_t max;
	struct place_pair pair;         /* being read; n_slots 0 = none */
	bool is_bad;                    /* that one is of no use */
};

static uint32_t find_edge(const struct net *net, size_t low, size_t end, const char *name)
{
	for (size_t high = end; low < high;) {
		size_t mid = (low + high) / 2;
		int order = strcmp(net->edges[mid].name, name);
		if (!order)
			return (uint32_t) mid;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NET_NONE;
}

uint32_t te_edge_by_name(const struct net *net, const char *name)
{
	uint32_t e = find_edge(net, 0, net->n_links, name);
	return e != NET_NONE ? e : find_edge(net, net->n_links, net->n_edges, name);
}

static void begin_pair(struct reader *r, char *text)
{
	char *rest = text, *from = strsep(&rest, "\t"), *to = strsep(&rest, "\t"), *mbps = strsep(&rest, "\t");
	r->pair = (struct place_pair) { 0 };
	r->is_bad = !rest;
	if (r->is_bad)
		return;
	r->pair.src = net_switch_by_name(r->net, from);
	r->pair.dst = net_switch_by_name(r->net, to);
	r->pair.mbps = strtod(mbps, NULL);
	r->pair.n_slots = (uint32_t) strtoul(rest, NULL, 10);
	r->pair.paths = arena_new_array(r->p->arena, struct place_path, MAX_PATHS);
	r->is_bad = r->pair.src == NET_NONE || r->pair.dst == NET_NONE || !r->pair.n_slots
		|| r->pair.n_slots > PLACE_MAX_SLOTS || !(r->pair.mbps >= 0);
}

/* It must lead from src to dst, and nowhere twice. */
static void add_path(struct reader *r, char *text)
{
	struct place_pair *pair = &r->pair;
	const struct net *net = r->net;
	char *rest = text;
	if (r->is_bad || pair->n_paths == MAX_PATHS) {
		r->is_bad = true;
		return;
	}
	struct place_path *path = &pair->paths[pair->n_paths++];
	path->n_slots = (uint32_t) strtoul(strsep(&rest, "\t"), NULL, 10);
	path->arcs = arena_new_array(r->p->arena, uint32_t, net->n_switches + 1);
	uint32_t at = pair->src;
	for (char *name; (name = strsep(&rest, "\t"));) {
		size_t len = strlen(name);
		unsigned back = len && name[len - 1] == '<';
		if (len)
			name[len - 1] = '\0';
		uint32_t e = te_edge_by_name(net, name);
		if (e == NET_NONE || path->n_arcs == net->n_switches || net->edges[e].sw[back] != at) {
			r->is_bad = true;
			return;
		}
		path->arcs[path->n_arcs++] = 2 * e + back;
		at = net->edges[e].sw[!back];
	}
	r->is_bad = at != pair->dst || !path->n_arcs;
}

static void end_pair(struct reader *r, char *text)
{
	struct place_pair *pair = &r->pair;
	uint32_t counts[MAX_PATHS] = { 0 };
	for (uint32_t s = 0; s < pair->n_slots && !r->is_bad; s++) {
		char *end;
		unsigned long k = strtoul(text, &end, 10);
		if (end == text || k >= pair->n_paths) {
			r->is_bad = true;
			break;
		}
		pair->slots[s] = (uint8_t) k;
		counts[k]++;
		text = end;
	}
	if (r->is_bad || !pair->n_slots)
		return;
	pair->n_active = pair->n_paths;
	for (uint32_t k = 0; k < pair->n_paths; k++) {
		pair->paths[k].n_slots = counts[k];
		pair->paths[k].share = (double) counts[k] / pair->n_slots;
	}
	if (r->p->n_pairs == r->max) {
		struct place_pair *more = arena_new_array(r->p->arena, struct place_pair, 2 * r->max);
		memcpy(more, r->p->pairs, r->max * sizeof *more);
		r->p->pairs = more;
		r->max *= 2;
	}
	r->p->pairs[r->p->n_pairs++] = *pair;
	pair->n_slots = 0;
}

static int by_ends(const void *a, const void *b)
{
	const struct place_pair *x = a, *y = b;
	if (x->src != y->src)
		return x->src < y->src ? -1 : 1;
	return x->dst < y->dst ? -1 : x->dst > y->dst;
}

/* Sorted, each pair once. */
static void put_in_order(struct placement *p)
{
	size_t n = 0;
	qsort(p->pairs, p->n_pairs, sizeof *p->pairs, by_ends);
	for (size_t i = 0; i < p->n_pairs; i++)
		if (!n || by_ends(&p->pairs[n - 1], &p->pairs[i]))
			p->pairs[n++] = p->pairs[i];
	p->n_pairs = n;
}

struct placement *te_read(const char *text, const struct net *net, const char **ret_rest)
{
	struct arena *arena = arena_new();
	struct reader r = { .net = net, .p = arena_alloc(arena, sizeof *r.p), .max = 64, .is_bad = true };
	char *copy = xheap_strdup(text), *rest = copy, *line;
	bool ended = false;
	r.p->arena = arena;
	r.p->pairs = arena_new_array(arena, struct place_pair, r.max);
	while (!ended && (line = strsep(&rest, "\n"))) {
		char *word = strsep(&line, "\t");
		char nothing[1] = "";
		char *more = line ? line : nothing;
		if (!strcmp(word, "pair"))
			begin_pair(&r, more);
		else if (!strcmp(word, "path"))
			add_path(&r, more);
		else if (!strcmp(word, "slots"))
			end_pair(&r, more);
		else if (!strcmp(word, "end"))
			ended = true;
		else
			break;
	}
	*ret_rest = ended && rest ? text + (rest - copy) : text + strlen(text);
	free(copy);
	if (!ended) {
		arena_free(arena);
		return NULL;
	}
	put_in_order(r.p);
	return r.p;
}

struct placement *te_carry_over(const struct placement *p, const struct net *before, const struct net *now)
{
	char *text;
	const char *rest;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	te_write(p, before, f);
	fclose(f);
	struct placement *next = te_read(text, now, &rest);
	free(text);
	return next;
}
