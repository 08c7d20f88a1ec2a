/* SPDX-License-Identifier: Apache-2.0 */
/* The ring of events. A note costs one formatted sentence, a fact one copy;
 * the memory is touched only as far as events have come. */
#include "controller/event.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"

enum { MAX_TEXT = 1024 };               /* bytes of a sentence, the rest is cut */

struct events {
	uint64_t last;                  /* id of the newest, 0 = none */
	uint64_t last_of_old_file;      /* up to it, facts name edges of an earlier file */
	void (*cb)(void *ctx);
	void *ctx;
	struct event ring[EVENTS_KEPT]; /* event N stands at N % EVENTS_KEPT */
};

struct events *events_new(void)
{
	return xheap_alloc(sizeof(struct events));
}

static void drop_text(struct event *event)
{
	if (!event->is_fact)
		free(event->text);
}

void events_free(struct events *events)
{
	if (!events)
		return;
	for (size_t i = 0; i < EVENTS_KEPT; i++)
		drop_text(&events->ring[i]);
	free(events);
}

/* The place of the next event, emptied. */
static struct event *next_event(struct events *events, uint64_t wall_ms, enum event_severity severity)
{
	uint64_t id = ++events->last;
	struct event *event = &events->ring[id % EVENTS_KEPT];

	drop_text(event);
	event->id = id;
	event->wall_ms = wall_ms;
	event->severity = severity;
	event->is_fact = false;
	event->text = NULL;
	return event;
}

static void tell(struct events *events)
{
	if (events->cb)
		events->cb(events->ctx);
}

/* What a person should look at when it happens. */
static enum event_severity fact_severity(const struct fact *fact)
{
	switch (fact->kind) {
	case FACT_SWITCH_DOWN:
	case FACT_HOST_REFUSED:
	case FACT_GATEWAY:
	case FACT_DUPLICATE:
	case FACT_PROBE_LOST:
	case FACT_STORM:
	case FACT_QUARANTINE:
	case FACT_VIOLATION:
	case FACT_PORT_SHUT:
		return EVENT_WARNING;
	case FACT_NET:
	case FACT_SWITCH_UP:
	case FACT_PORT:
	case FACT_PORT_GONE:
	case FACT_HOST:
	case FACT_HOST_GONE:
	case FACT_NETWORK_FULL:
	case FACT_MEMBER:
	case FACT_SWITCH_READY:
	case FACT_LINK:
	case FACT_WAYS:
	case FACT_STEER:
	case FACT_ADDRESS:
	case FACT_ADDRESS_GONE:
	case FACT_ADDRESS_SETTLED:
	case FACT_PROBE:
	case FACT_ANSWER:
	case FACT_STORM_OVER:
	case FACT_RATE:
	case FACT_RATE_OVER:
	case FACT_QUARANTINE_OVER:
	case FACT_LEASE:
	case FACT_LEASE_GONE:
	case FACT_PORT_OPEN:
	case N_FACT_KINDS:
		break;
	}
	return EVENT_INFO;
}

void events_fact(struct events *events, uint64_t wall_ms, const struct fact *fact, const struct view *view)
{
	struct event *event = next_event(events, wall_ms, fact_severity(fact));

	event->is_fact = true;
	event->fact = *fact;
	if (view)
		fact_keep_names(&event->fact, view);
	tell(events);
}

void events_renumber(struct events *events) { events->last_of_old_file = events->last; }

bool events_is_renumbered(const struct events *events, const struct event *event)
{
	return event->id <= events->last_of_old_file;
}

void events_note(struct events *events, uint64_t wall_ms, enum event_severity severity,
		 const char *kind, const char *sw, const char *format, ...)
{
	struct event *event = next_event(events, wall_ms, severity);
	char text[MAX_TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	event->text = xheap_strdup(text);
	snprintf(event->kind, sizeof event->kind, "%s", kind);
	snprintf(event->sw, sizeof event->sw, "%s", sw);
	tell(events);
}

void events_print_kinds(FILE *f)
{
	static const struct { const char *word, *help; } kinds[] = {
#define FACT(NAME, WORD, HELP) { WORD, HELP },
		FACTS
#undef FACT
		{ "move", "a host was seen at another port than before" },
		{ "config", "a file is in force" },
		{ "config-refused", "a file has errors; nothing was changed" },
		{ "revision", "a file that came into force was kept; a confirmation is awaited, was given, or did not come" },
		{ "refused-switch", "a connection was not let in" },
		{ "standby", "another controller is in charge of a switch" },
		{ "in-sync", "a switch that came back has all rows; how long it took, what was sent" },
		{ "drift", "rows that another hand has changed were found and put right" },
		{ "row-refused", "a switch did not take a row" },
		{ "openflow-error", "a switch sent an error" },
		{ "certificates", "new certificates are in force for new connections" },
		{ "acl", "a rule with `log: true` met a packet" },
		{ "clock", "the machine's clock was set, and leases moved along" },
		{ "te", "a link went or came back; paths were changed, why, and what that did" },
	};
	fprintf(f, "| kind | what happened |\n|---|---|\n");
	/* What others say better is no event: "config", "in-sync". */
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (i != FACT_NET && i != FACT_SWITCH_READY)
			fprintf(f, "| `%s` | %s |\n", kinds[i].word, kinds[i].help);
}

uint64_t events_last_id(const struct events *events)
{
	return events->last;
}

uint64_t events_first_id(const struct events *events)
{
	if (!events->last)
		return 0;
	return events->last <= EVENTS_KEPT ? 1 : events->last - EVENTS_KEPT + 1;
}

const struct event *events_get(const struct events *events, uint64_t id)
{
	if (!id || id > events->last || id < events_first_id(events))
		return NULL;
	return &events->ring[id % EVENTS_KEPT];
}

void events_listen(struct events *events, void (*cb)(void *ctx), void *ctx)
{
	events->cb = cb;
	events->ctx = ctx;
}
