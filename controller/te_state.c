/* SPDX-License-Identifier: Apache-2.0 */
/* STATE_DIR/te: what runs, by names, so that a restart sends nothing.
 *
 *     weft te 1
 *     (placement, see topo/te_text.c)
 *     dealt
 *     (the same with slots as they are, see te_deals.c; only where they are not as planned)
 *     steer
 *     (steering that pairs have or are about to get)
 *     labels
 *     (steering whose labels may still be under way; only while that is so)
 */
#include "controller/core_te_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"

static const char magic[] = "weft te 1\n", dealt_line[] = "dealt\n", steer_line[] = "steer\n", labels_line[] = "\nlabels\n";

struct te_state {
	struct net *net;                        /* shared */
	struct placement *running, *dealt;      /* owned; dealt: null = as running */
	struct steer *now, *next;               /* shared; next: null = at rest */
};

struct te_state *te_state_new(const struct core *core)
{
	const struct core_te *te = core->te;
	const struct steer *next = te->steps[TE_STEP_REST].steer;
	struct te_state *state = xheap_alloc(sizeof *state);
	*state = (struct te_state) {
		.net = net_share(core->net), .running = te_copy(te->running), .dealt = te->dealt ? te_copy(te->dealt) : NULL,
		.now = steer_share(view_steer(core->view)), .next = next ? steer_share(next) : NULL,
	};
	return state;
}

void te_state_free(struct te_state *state)
{
	place_free(state->running);
	place_free(state->dealt);
	steer_free(state->now);
	steer_free(state->next);
	net_free(state->net);
	free(state);
}

char *te_state_text(const struct te_state *state, size_t *ret_size)
{
	char *text;
	FILE *f = open_memstream(&text, ret_size);
	fputs(magic, f);
	te_write(state->running, state->net, f);
	if (state->dealt) {
		fputs(dealt_line, f);
		te_write(state->dealt, state->net, f);
	}
	fputs(steer_line, f);
	steer_write(state->next ? state->next : state->now, state->net, f);
	if (state->next) {
		fputs(labels_line, f);
		steer_write(state->now, state->net, f);
	}
	fclose(f);
	return text;
}

bool te_state_read(struct core *core, const char *text)
{
	struct core_te *te = core->te;
	const char *error;
	if (strncmp(text, magic, sizeof magic - 1))
		return false;
	struct placement *running = te_read(text + sizeof magic - 1, core->net, &text), *dealt = NULL;
	if (!running)
		return false;
	if (!strncmp(text, dealt_line, sizeof dealt_line - 1))
		dealt = te_read(text + sizeof dealt_line - 1, core->net, &text);
	struct steer *next = NULL, *labels = NULL;
	if (!strncmp(text, steer_line, sizeof steer_line - 1)) {
		const char *more = strstr(text, labels_line);
		const char *from = text + sizeof steer_line - 1;
		char *first = more ? strndup(from, (size_t) (more - from) + 1) : strdup(from);
		next = steer_read(first, core->net, &error);
		free(first);
		if (next && more)
			labels = steer_read(more + sizeof labels_line - 1, core->net, &error);
	}
	if (!next) {
		place_free(running);
		place_free(dealt);
		return false;
	}
	place_free(te->running);
	place_free(te->dealt);
	te->running = running;
	te->dealt = dealt;
	te->is_loaded = te->was_loaded = true;
	if (labels) {
		view_set_steer(core->view, steer_join(next, labels));
		te->steps[TE_STEP_REST].steer = next;
		te->phase = TE_PATHS;
	} else {
		view_set_steer(core->view, next);
	}
	steer_free(labels);
	return true;
}
