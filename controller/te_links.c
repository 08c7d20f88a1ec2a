/* SPDX-License-Identifier: Apache-2.0 */
/* STATE_DIR/links: what is known of each edge, so that a restart neither takes one for up that
 * is not, nor forgets that it rests, nor waits for what it knew already.
 *
 *     weft links 1
 *     <name> <state> <failures> <failed> <hold> <good> <since> <flaps> <looked> <gone> <held until>
 *     ...
 *
 * Fields are parted by tabs. A state is some of c (confirmed), s (silent; S: what leaves by the second end
 * is lost), r (rests), u (up, as core_te looked last), h (held by core_te), or -. Times are of
 * the wall clock, for ours begins anew with the machine; ms, 0 = never. Written when a
 * state changes, not when a time does. */
#include "controller/core_te_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/te_plan.h"

enum { MAX_AHEAD_MS = 20 * 60 * 1000 }; /* nothing is held for longer; a clock was set back */

static const char magic[] = "weft links 1\n";

static uint64_t to_wall(const struct core *core, uint64_t ms)
{
	int64_t ago = (int64_t) core->now_ms - (int64_t) ms;
	return ms ? (uint64_t) ((int64_t) core->wall_ms - ago) : 0;
}

/* What was before our clock began is as old as that. */
static uint64_t from_wall(const struct core *core, uint64_t wall_ms, uint64_t ahead_ms)
{
	int64_t ago = (int64_t) core->wall_ms - (int64_t) wall_ms, ahead = (int64_t) ahead_ms;
	int64_t ms = (int64_t) core->now_ms - (ago < -ahead ? -ahead : ago);
	return !wall_ms ? 0 : ms < 1 ? 1 : (uint64_t) ms;
}

/* --- writing ------------------------------------------------------------------------------- */

static void write_edge(const struct core *core, uint32_t e, FILE *f)
{
	const struct view_link *link = view_link(core->view, e);
	const struct te_edge *edge = &core->te->edges[e];
	char state[8];
	snprintf(state, sizeof state, "%s%s%s%s%s", link->confirmed ? "c" : "",
		 !link->silent ? "" : link->silent_end ? "S" : "s", link->held ? "r" : "", edge->is_up ? "u" : "",
		 edge->is_held ? "h" : "");
	fprintf(f, "%s\t%s\t%" PRIu32 "\t%" PRIu64 "\t%" PRIu32 "\t%" PRIu64 "\t%" PRIu64, core->net->edges[e].name,
		state[0] ? state : "-", link->n_failures, to_wall(core, link->failed_ms), link->hold_ms,
		to_wall(core, link->good_ms), to_wall(core, link->since_ms));
	fprintf(f, "\t%" PRIu32 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", edge->n_flaps, to_wall(core, edge->since_ms),
		to_wall(core, edge->gone_ms), to_wall(core, edge->held_until_ms));
}

static char *text_of(const struct core *core)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	fputs(magic, f);
	for (uint32_t e = 0; e < core->te->n_edges; e++)
		write_edge(core, e, f);
	fclose(f);
	return text;
}

/* Of all that is written but times; of them only what a rest begins anew from. */
static uint64_t hash_of(const struct core *core)
{
	uint64_t hash = core->te->generation;
	for (uint32_t e = 0; e < core->te->n_edges; e++) {
		const struct view_link *link = view_link(core->view, e);
		const struct te_edge *edge = &core->te->edges[e];
		const uint64_t words[] = {
			(uint64_t) link->confirmed | (uint64_t) link->silent << 1 | (uint64_t) link->silent_end << 2
				| (uint64_t) link->held << 3 | (uint64_t) edge->is_up << 4 | (uint64_t) edge->is_held << 5
				| (uint64_t) link->n_failures << 32,
			link->held ? link->good_ms : 0, edge->n_flaps,
		};
		for (size_t i = 0; i < sizeof words / sizeof *words; i++)
			hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15ULL ^ hash >> 29;
	}
	return hash;
}

static char *kept_text(const void *text, size_t *ret_size)
{
	*ret_size = strlen(text);
	return xheap_strdup(text);
}

void te_links_keep(struct core *core)
{
	struct core_te *te = core->te;
	uint64_t hash = hash_of(core);
	if (!te->links_file || te->is_keeping || hash == te->links_hash)
		return;
	te->links_hash = hash;
	te_save(core, te->links_file, (struct te_words) { kept_text, free, text_of(core) }, &te->is_keeping);
}

/* --- reading --------------------------------------------------------------------------------- */

struct reader { char *rest; bool is_bad; };

static const char *next(struct reader *r)
{
	const char *field = r->rest ? strsep(&r->rest, "\t") : NULL;
	r->is_bad |= !field;
	return field ? field : "";
}

static uint64_t number(struct reader *r, uint64_t max)
{
	const char *text = next(r);
	char *end;
	uint64_t value = strtoull(text, &end, 10);
	r->is_bad |= *text < '0' || *text > '9' || *end || value > max;
	return value;
}

static void read_edge(struct core *core, char *line)
{
	struct reader r = { .rest = line };
	uint32_t e = te_edge_by_name(core->net, next(&r));
	const char *state = next(&r);
	struct view_link link = {
		.confirmed = strchr(state, 'c'), .silent = strchr(state, 's') || strchr(state, 'S'),
		.silent_end = strchr(state, 'S') != NULL, .held = strchr(state, 'r'),
	};
	struct te_edge edge = { .ever = true, .is_recalled = true, .is_up = strchr(state, 'u'), .is_held = strchr(state, 'h') };
	link.n_failures = (uint32_t) number(&r, UINT32_MAX);
	link.failed_ms = from_wall(core, number(&r, INT64_MAX), 0);
	link.hold_ms = (uint32_t) number(&r, MAX_AHEAD_MS);
	link.good_ms = from_wall(core, number(&r, INT64_MAX), 0);
	link.since_ms = from_wall(core, number(&r, INT64_MAX), 0);
	edge.n_flaps = (uint32_t) number(&r, UINT32_MAX);
	edge.since_ms = from_wall(core, number(&r, INT64_MAX), 0);
	edge.gone_ms = from_wall(core, number(&r, INT64_MAX), 0);
	edge.held_until_ms = from_wall(core, number(&r, INT64_MAX), MAX_AHEAD_MS);
	if (r.is_bad || r.rest || e == NET_NONE)
		return;
	view_link_recall(core->view, e, &link);
	core->te->edges[e] = edge;
}

void te_links_read(struct core *core, char *text)
{
	char *rest = text + sizeof magic - 1;
	if (strncmp(text, magic, sizeof magic - 1))
		return;
	for (char *line; (line = strsep(&rest, "\n"));)
		if (*line)
			read_edge(core, line);
	core->te->links_hash = hash_of(core);
}
