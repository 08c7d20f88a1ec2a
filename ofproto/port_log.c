/* SPDX-License-Identifier: Apache-2.0 */
/* port_log: folded into one entry per port when it is full and at the end. */
#include "ofproto/port_log.h"

#include <stdlib.h>

#include "ofproto/mem.h"

enum { MAX_PORTS = 65536 };

struct port_entry {
	struct msg_port port;
	uint32_t seq;                   /* the later one counts */
	bool deleted;
};

static int compare_entries(const void *a_, const void *b_)
{
	const struct port_entry *a = a_, *b = b_;

	if (a->port.ofport != b->port.ofport)
		return a->port.ofport < b->port.ofport ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

/* Leaves one entry per port that is there, sorted by number. */
static void fold(struct port_log *log)
{
	size_t n = 0;

	if (log->n)
		qsort(log->entries, log->n, sizeof *log->entries, compare_entries);
	for (size_t i = 0; i < log->n; i++) {
		const struct port_entry *e = &log->entries[i];

		if (i + 1 < log->n && e[1].port.ofport == e->port.ofport)
			continue;
		if (e->deleted)
			continue;
		log->entries[n] = *e;
		log->entries[n].seq = (uint32_t) n;
		n++;
	}
	log->n = n;
}

bool port_log_note(struct port_log *log, const struct msg_port *port, bool deleted)
{
	struct port_entry *e;

	if (log->n == log->max) {
		fold(log);
		if (log->n >= MAX_PORTS)
			return false;
		if (log->n >= log->max / 2) {
			log->max = log->max ? log->max * 2 : 64;
			log->entries = mem_realloc(log->entries, log->max * sizeof *log->entries);
		}
	}
	e = &log->entries[log->n];
	*e = (struct port_entry) { *port, (uint32_t) log->n, deleted };
	log->n++;
	return true;
}

struct msg_port *port_log_take(struct port_log *log, size_t *ret_n)
{
	fold(log);
	struct msg_port *ports = mem_alloc(log->n * sizeof *ports);
	for (size_t i = 0; i < log->n; i++)
		ports[i] = log->entries[i].port;
	*ret_n = log->n;
	port_log_uninit(log);
	return ports;
}

void port_log_uninit(struct port_log *log)
{
	free(log->entries);
	*log = (struct port_log) { 0 };
}
