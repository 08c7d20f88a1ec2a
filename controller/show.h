/* SPDX-License-Identifier: Apache-2.0 */
/* show: what weftd knows, as JSON. Reads, never moves anything.
 *
 * Two forms. A document is made at once (status, config, counters, log). A list
 * may be long: its keys are collected first, sorted and cut to the limit, its
 * items are made one by one while the client reads. What is gone when its turn
 * comes is left out, so a list never holds anything dangling, nor the loop. */
#ifndef CONTROLLER_SHOW_H
#define CONTROLLER_SHOW_H

#include <jansson.h>

#include "controller/api.h"

enum {
	SHOW_LIMIT = 10000,             /* items of a list when the client names no limit */
	SHOW_RECENT_MS = 10 * 60 * 1000,        /* a problem that cures itself is shown so long */
};

/* What to leave out; null and 0 = nothing. Texts are borrowed. */
struct show_query {
	const char *sw, *network, *port, *app, *table, *state, *mac, *ip, *kind, *acl;
	uint64_t after;                 /* events: only those with a larger id; 0 = all */
	bool has_after;                 /* then a limit keeps the next ones, else the last ones */
	size_t limit;                   /* items; 0 = all */
};

/* What a list holds, before it is made. What a and b mean is the list's. */
struct show_key { uint64_t a, b; };
struct show_keys {
	struct show_key *items;         /* in arena */
	size_t n, max;
	size_t wanted;                  /* refill may stop when there are so many */
	struct arena *arena;            /* for this filling; emptied before the next */
	uint32_t stage;                 /* counts the fillings, from 0 */
};
void show_keys_add(struct show_keys *, uint64_t a, uint64_t b);
void show_keys_sort(struct show_keys *, int (*compare)(const void *, const void *));

struct show_list {
	const char *name;               /* of the array in the answer */
	/* Adds the next keys that pass the query; false = these were the last. */
	bool (*refill)(const struct api_world *, const struct show_query *, struct show_keys *);
	/* Null = it is gone, or not what the query wants. */
	json_t *(*item)(const struct api_world *, const struct show_query *, const struct show_key *);
	/* More members of the answer, in front of the array; may be left out. */
	void (*head)(const struct api_world *, json_t *document);
};

extern const struct show_list show_switches, show_ports, show_hosts, show_networks, show_links, show_flows,
	show_events, show_objects, show_acls;

/* Walks a list. Begin, then next until null. */
struct show_cursor {
	const struct show_list *list;
	const struct api_world *world;
	struct show_query query;
	struct show_keys keys;
	size_t at;                      /* next key */
	size_t n_given;
	bool is_last;                   /* keys are the last filling */
	bool is_truncated;              /* more than the limit; known when next gave null */
};
void show_begin(struct show_cursor *, const struct show_list *, const struct api_world *,
		const struct show_query *);
json_t *show_next(struct show_cursor *);
void show_end(struct show_cursor *);
/* All of it at once: for tests and small lists. */
json_t *show_whole(const struct show_list *, const struct api_world *, const struct show_query *);

/* Documents. */
json_t *show_status(const struct api_world *);
json_t *show_config(const struct api_world *, bool with_text);
json_t *show_counters(const struct api_world *);
json_t *show_log(void);
uint64_t show_rss_bytes(void);          /* memory of this process */
struct explain;
json_t *show_explain(const struct explain *);
json_t *show_findings(const struct diag *);
/* Array of problems, worst first; is_degraded when one needs somebody. */
json_t *show_problems(const struct api_world *, bool *ret_is_degraded);

/* show_guard.c: what is bound, leased and shut there, as members of json. "shut" and
 * why, when some network of the port is; or null. */
void show_guard(const struct api_world *, uint32_t sw, uint32_t ofport, const struct view_use *, json_t *json);
const char *show_shut(const struct api_world *, uint32_t sw, const struct view_port *, char *why, size_t size);

/* One event: as in /v1/events. */
json_t *show_event(const struct api_world *, const struct event *);
bool show_event_passes(const struct api_world *, const struct show_query *, const struct event *);

/* A switch without details (as in status) or with. */
json_t *show_switch(const struct api_world *, uint32_t sw, bool details);
json_t *show_network(const struct api_world *, uint32_t index);
/* The storm limits of a use as JSON; the storm that goes on there, if any, in words after
 * "port X". */
json_t *show_storms(const struct view_use *);
bool show_storm_text(const struct api_world *, const struct view_use *, char *text, size_t size);
/* The same of its rate; null: it has none. */
json_t *show_rate(const struct view_use *);
bool show_rate_text(const struct api_world *, const struct view_use *, char *text, size_t size);
/* show_mirrors.c: "kvm1:tap0", where copies of the port's traffic go, or null; the ports whose copies come there.
 * Who is copied by that mirror port, in words, or why copies of this port go nowhere; false: nothing to say. */
json_t *show_mirror(const struct view_switch *, const struct view_port *);
json_t *show_mirrored(const struct view_switch *, const struct view_port *);
bool show_mirror_text(const struct api_world *, const struct view_switch *, const struct view_port *, char *text, size_t size);
/* Seconds that a use stays in quarantine, or null; and why it is, after "port X is". */
json_t *show_quarantine_left(const struct api_world *, const struct view_use *);
bool show_quarantine_text(const struct api_world *, const struct view_use *, char *text, size_t size);
/* "up", or what it is instead, and then why. */
const char *show_link_state(const struct api_world *, uint32_t link, char *why, size_t size);
/* The switch at one of its ends that has not connected since weftd started, or null. */
const struct net_switch *show_link_awaits(const struct core *, uint32_t edge);
/* "up", "down", or "unseen": neither end, or one only, was ever up and not live. By index into the net's edges. */
const char *show_link_bfd(const struct core *, uint32_t edge);
/* "connected", "connecting", "disconnected", "waiting" (never seen since weftd
 * started), or null: the slot is empty or the file does not want it any more. */
const char *show_switch_state(const struct api_world *, uint32_t sw);

/* --- words of JSON ------------------------------------------------------------------ */
/* Bytes of others (port names, certificates) as UTF-8; null gives null. */
json_t *show_text(const char *);
json_t *show_mac(const uint8_t mac[6]);
json_t *show_dpid(uint64_t dpid);
json_t *show_cookie(uint64_t cookie);
json_t *show_limit(uint32_t limit);              /* NET_NONE gives null */
json_t *show_ip4(const uint8_t *);               /* null gives null */
json_t *show_ip6(const uint8_t *);
json_t *show_count(uint64_t);
/* "kvm1:vm-a"; a port without a name by its number. */
json_t *show_place(const struct api_world *, uint32_t sw, uint32_t ofport);
static inline void show_set(json_t *object, const char *key, json_t *take)
{
	json_object_set_new_nocheck(object, key, take);
}

#endif
