/* SPDX-License-Identifier: Apache-2.0 */
/* From the table to text: families one after the other, within a family all samples
 * (OpenMetrics wants that), of a switch at a time. What is gone when its turn comes is
 * left out. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "controller/config.h"
#include "controller/metrics_private.h"
#include "controller/show.h"
#include "topo/arena.h"

static const char *const severities[] = { "error", "warning", "info" };
enum { N_SEVERITIES = sizeof severities / sizeof *severities };

struct metrics {
	const struct api_world *world;
	size_t family;
	uint32_t at;                    /* next switch, network or edge of that family */
	bool begun;                     /* its head is written */
	size_t n_ports;                 /* told in this family */
	size_t n_left_out;
	size_t n_problems[N_SEVERITIES];
	struct metric_denied *denied;   /* owned */
	char *text;                     /* owned; the piece */
	size_t size, room;
};

struct metrics *metrics_new(const struct api_world *world)
{
	struct metrics *m = xheap_alloc(sizeof *m);
	bool is_degraded;
	json_t *problems = show_problems(world, &is_degraded), *problem;
	size_t i;
	m->world = world;
	json_array_foreach(problems, i, problem) {
		const char *severity = json_string_value(json_object_get(problem, "severity"));
		for (size_t s = 0; s < N_SEVERITIES; s++)
			m->n_problems[s] += severity && !strcmp(severity, severities[s]);
	}
	json_decref(problems);
	m->room = 1 << 14;
	m->text = xheap_alloc(m->room);
	return m;
}

void metrics_free(struct metrics *m)
{
	metric_denied_free(m->denied);
	free(m->text);
	free(m);
}

size_t metrics_ports_left_out(const struct metrics *m) { return m->n_left_out; }
size_t metrics_problems(const struct metrics *m, unsigned severity) { return m->n_problems[severity]; }

/* --- text --------------------------------------------------------------------------------- */

static void put(struct metrics *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct metrics *m, const char *format, ...)
{
	va_list args;
	for (;;) {
		va_start(args, format);
		int n = vsnprintf(m->text + m->size, m->room - m->size, format, args);
		va_end(args);
		if (n < 0)
			return;
		if ((size_t) n < m->room - m->size) {
			m->size += (size_t) n;
			return;
		}
		m->room = 2 * m->room + (size_t) n;
		m->text = xheap_realloc(m->text, m->room);
	}
}

static void put_bytes(struct metrics *m, const char *bytes, size_t n)
{
	if (m->size + n + 1 > m->room) {
		m->room = 2 * (m->size + n + 1);
		m->text = xheap_realloc(m->text, m->room);
	}
	memcpy(m->text + m->size, bytes, n);
	m->size += n;
	m->text[m->size] = '\0';
}

/* Bytes of others: what is no UTF-8 is replaced, then \, " and the end of a line are escaped. */
static void put_label(struct metrics *m, const char *name, const char *value)
{
	json_t *text = show_text(value);
	put(m, "%s=\"", name);
	for (const char *p = json_string_value(text); *p;) {
		size_t n = strcspn(p, "\\\"\n");
		put_bytes(m, p, n);
		p += n;
		if (!*p)
			break;
		put(m, "\\%c", *p == '\n' ? 'n' : *p);
		p++;
	}
	put(m, "\"");
	json_decref(text);
}

static void put_number(struct metrics *m, double value)
{
	put(m, value == floor(value) && fabs(value) < 1e18 ? " %.0f\n" : " %.10g\n", value);
}

static void put_head(struct metrics *m, const struct metric *metric)
{
	put(m, "# TYPE %s %s\n", metric->name, metric->type == METRIC_COUNTER ? "counter" : "gauge");
	if (metric->unit)
		put(m, "# UNIT %s %s\n", metric->name, metric->unit);
	put(m, "# HELP %s %s\n", metric->name, metric->help);
}

static void put_name(struct metrics *m, const struct metric *metric)
{
	put(m, "%s%s", metric->name, metric->type == METRIC_COUNTER ? "_total" : "");
}

/* One sample; labels: pairs of name and value, up to a null. */
static void sample(struct metrics *m, const struct metric *metric, double value, const char *const *labels)
{
	if (isnan(value))
		return;
	put_name(m, metric);
	for (size_t i = 0; labels[i]; i += 2) {
		put(m, "%s", i ? "," : "{");
		put_label(m, labels[i], labels[i + 1]);
	}
	if (labels[0])
		put(m, "}");
	put_number(m, value);
}
#define SAMPLE(M, METRIC, VALUE, ...) sample(M, METRIC, VALUE, (const char *const[]) { __VA_ARGS__, NULL })

/* --- samples by scope ------------------------------------------------------------------------ */

static bool at_switch(struct metrics *m, struct metric_at *at)
{
	const char *state = show_switch_state(m->world, at->sw);
	if (!state)
		return false;
	at->vs = view_switch(at->core->view, at->sw);
	at->cs = at->core->switches[at->sw];
	at->is_connected = at->vs->connected;
	ledger_count(at->cs->ledger, &at->rows);
	if (at->cs->session)
		session_info(at->cs->session, &at->session);
	return true;
}

static void put_apps(struct metrics *m, const struct metric *metric, struct metric_at *at)
{
	for (size_t i = 0; i < n_apps; i++) {
		at->app = apps[i].number;
		SAMPLE(m, metric, metric->value(at), "switch", at->vs->name, "app", apps[i].app->name);
	}
}

static void put_drops(struct metrics *m, const struct metric *metric, const struct metric_at *at)
{
	struct metric_drop drops[METRICS_MAX_REASONS];
	if (!m->denied)
		m->denied = metric_denied_new(at->core->net);
	size_t n = metric_drops(at->core, at->sw, m->denied, drops);
	for (size_t i = 0; i < n; i++)
		SAMPLE(m, metric, (double) drops[i].n, "switch", at->vs->name, "reason", drops[i].reason);
}

static int by_name(const void *a_, const void *b_)
{
	const struct view_port *a = *(const struct view_port *const *) a_, *b = *(const struct view_port *const *) b_;
	int order = strcmp(a->name, b->name);
	return order ? order : a->ofport < b->ofport ? -1 : a->ofport > b->ofport;
}

/* Of ports with the same name the first: a series is there once. */
static void put_ports(struct metrics *m, const struct metric *metric, struct metric_at *at)
{
	size_t n = at->vs->n_ports;
	const struct view_port **ports = xheap_alloc((n + 1) * sizeof *ports);
	for (size_t i = 0; i < n; i++)
		ports[i] = &at->vs->ports[i];
	qsort(ports, n, sizeof *ports, by_name);
	for (size_t i = 0; i < n; i++) {
		if (i && !strcmp(ports[i]->name, ports[i - 1]->name))
			continue;
		if (m->n_ports++ >= METRICS_MAX_PORTS)
			continue;
		at->port = ports[i];
		SAMPLE(m, metric, metric->value(at), "switch", at->vs->name, "port", ports[i]->name);
	}
	m->n_left_out = m->n_ports > METRICS_MAX_PORTS ? m->n_ports - METRICS_MAX_PORTS : 0;
	free(ports);
}

static void put_switch(struct metrics *m, const struct metric *metric, struct metric_at *at)
{
	at->sw = m->at;
	if (!at_switch(m, at))
		return;
	if (metric->scope == PER_SWITCH)
		SAMPLE(m, metric, metric->value(at), "switch", at->vs->name);
	else if (metric->scope == PER_SWITCH_APP)
		put_apps(m, metric, at);
	else if (metric->scope == PER_PORT)
		put_ports(m, metric, at);
	else
		put_drops(m, metric, at);
}

static void put_link_ends(struct metrics *m, const struct metric *metric, struct metric_at *at)
{
	const struct net_edge *edge = &at->core->net->edges[m->at];
	for (at->end = 0; at->end < 2; at->end++)
		SAMPLE(m, metric, metric->value(at), "link", edge->name, "from", at->core->net->switches[edge->sw[at->end]].name);
}

static void put_whole(struct metrics *m, const struct metric *metric, struct metric_at *at)
{
	struct config_state state = { .file = at->core->net->file };
	if (metric->scope == PER_VERSION) {
		SAMPLE(m, metric, 1, "version", WEFT_VERSION);
	} else if (metric->scope == PER_CONFIG) {
		if (m->world->config)
			config_state(m->world->config, &state);
		SAMPLE(m, metric, 1, "file", state.file, "digest", at->core->net->digest_text);
	} else if (metric->scope == PER_SEVERITY) {
		for (at->index = 0; at->index < N_SEVERITIES; at->index++)
			SAMPLE(m, metric, metric->value(at), "severity", severities[at->index]);
	} else {
		sample(m, metric, metric->value(at), (const char *const[]) { NULL });
	}
}

/* How many steps a family of that scope takes. */
static size_t n_steps(const struct core *core, enum metric_scope scope)
{
	switch (scope) {
	case PER_SWITCH: case PER_SWITCH_APP: case PER_SWITCH_DROP: case PER_PORT: return core->n_switches;
	case PER_NETWORK: return core->net->n_networks;
	case PER_LINK: case PER_LINK_END: return core->net->n_edges;
	case PER_WEFTD: case PER_VERSION: case PER_CONFIG: case PER_SEVERITY: case N_METRIC_SCOPES: return 1;
	}
	return 0;
}

static void put_step(struct metrics *m, const struct metric *metric)
{
	struct metric_at at = { .world = m->world, .core = m->world->core, .metrics = m, .index = m->at };
	switch (metric->scope) {
	case PER_SWITCH: case PER_SWITCH_APP: case PER_SWITCH_DROP: case PER_PORT:
		put_switch(m, metric, &at);
		return;
	case PER_NETWORK:
		SAMPLE(m, metric, metric->value(&at), "network", at.core->net->networks[m->at].name);
		return;
	case PER_LINK:
		SAMPLE(m, metric, metric->value(&at), "link", at.core->net->edges[m->at].name);
		return;
	case PER_LINK_END:
		put_link_ends(m, metric, &at);
		return;
	case PER_WEFTD: case PER_VERSION: case PER_CONFIG: case PER_SEVERITY: case N_METRIC_SCOPES:
		put_whole(m, metric, &at);
		return;
	}
}

const char *metrics_next(struct metrics *m, size_t *ret_size)
{
	m->size = 0;
	m->text[0] = '\0';
	if (m->family > n_metrics)
		return NULL;
	if (m->family == n_metrics) {
		put(m, "# EOF\n");
		m->family++;
		*ret_size = m->size;
		return m->text;
	}
	const struct metric *metric = &metrics[m->family];
	if (!m->begun)
		put_head(m, metric);
	m->begun = true;
	if (m->at < n_steps(m->world->core, metric->scope)) {
		put_step(m, metric);
		m->at++;
	} else {
		m->family++;
		m->at = 0;
		m->begun = false;
		m->n_ports = 0;
	}
	*ret_size = m->size;
	return m->text;
}
