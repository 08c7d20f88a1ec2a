/* SPDX-License-Identifier: Apache-2.0 */
/* event: what happened, numbered, for `weft watch`, `show events` and tools.
 *
 * A ring of the last EVENTS_KEPT; nothing is formatted until somebody reads. A
 * reader that is too slow sees a gap in the numbers, nobody waits for it. */
#ifndef CONTROLLER_EVENT_H
#define CONTROLLER_EVENT_H

#include <stdio.h>

#include "topo/fact.h"

struct view;

enum { EVENTS_KEPT = 16384 };

enum event_severity { EVENT_INFO, EVENT_WARNING, EVENT_ERROR };

struct event {
	uint64_t id;                    /* from 1, no gaps where they are made */
	uint64_t wall_ms;
	enum event_severity severity;
	bool is_fact;
	union {
		struct fact fact;       /* is_fact */
		struct {
			char kind[24];  /* else: see events_print_kinds */
			char sw[64];    /* name of the switch it is about, or "" */
			char *text;     /* one sentence; owned by the ring */
		};
	};
};

struct events;
struct events *events_new(void);
void events_free(struct events *);

/* Keeps the names that ports have now; view may be null. */
void events_fact(struct events *, uint64_t wall_ms, const struct fact *, const struct view *);
/* Edges are numbered anew: what facts before say of theirs means nothing any more. */
void events_renumber(struct events *);
bool events_is_renumbered(const struct events *, const struct event *);
void events_note(struct events *, uint64_t wall_ms, enum event_severity, const char *kind,
		 const char *sw, const char *format, ...) __attribute__((format(printf, 6, 7)));

uint64_t events_last_id(const struct events *);  /* 0 = none yet */
uint64_t events_first_id(const struct events *); /* the oldest that is kept */
const struct event *events_get(const struct events *, uint64_t id);    /* or null */
/* Every kind there is, and what it says: a page of the manual. */
void events_print_kinds(FILE *);
/* Called after each new event; one listener (the API). */
void events_listen(struct events *, void (*cb)(void *ctx), void *ctx);

#endif
