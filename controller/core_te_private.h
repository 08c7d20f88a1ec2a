/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of core_te share. */
#ifndef CONTROLLER_CORE_TE_PRIVATE_H
#define CONTROLLER_CORE_TE_PRIVATE_H

#include "controller/core_private.h"
#include "controller/core_te.h"

/* te_task.c: the keeper's look, in a worker. */
void te_look_begin(struct core *);
/* te_promise.c */
/* The room of guarantees, with what is sent now on what runs. */
void te_promises_look(struct core *, const struct te_plan *);
/* And without each of the links, when these are others than last time. */
void te_cuts_begin(struct core *);
/* te_poll.c */
/* What a network with a way of its own sends; null = not known. Adds what all of these send, per arc. */
const struct demand *te_own_demand(const struct core *, const struct te_own *);
void te_add_recent_owns(const struct core *, double *loads);
/* What demands do not explain, from the counters of ports. */
void te_find_background(struct core *);
/* te_steer.c */
void te_steps_forget(struct core_te *);
/* core_steer.c; takes what they own. */
void te_steps_take(struct core *, struct te_step steps[TE_STEPS]);
/* What is in force stays so: it is written down, if it is not yet. */
void te_steps_stay(struct core *);
/* Puts the last step in force at once. */
void te_steps_skip(struct core *, struct te_step *take);
/* te_deals.c */
/* Which slots should go elsewhere, by what is measured now. */
void te_deals_look(struct core *);
const struct te_wish *te_wish_of(const struct core_te *, size_t pair);
/* Does it, when it is time; true: something has changed. */
bool te_deals_apply(struct core *);
/* The plan is another one: pairs that were dealt keep what they can. */
void te_deals_follow(struct core *, const struct placement *before);
/* What is planned, with the slots as they are; null = nothing yet. */
const struct placement *te_in_force(const struct core_te *);

/* te_links.c */
/* Writes what is known of edges, when that has changed. */
void te_links_keep(struct core *);
/* What was known of them in the last life; the text is cut up. Lines that are damaged or of edges that
 * are not in the file are left out. */
void te_links_read(struct core *, char *text);

/* te_save.c: text() runs beside the loop, so ctx is all that it knows; free() does not. */
struct te_words {
	char *(*text)(const void *ctx, size_t *ret_size);
	void (*free)(void *ctx);
	void *ctx;
};
/* Replaces a file; busy until that is done. */
void te_save(struct core *, const char *path, struct te_words take, bool *busy);

#endif
