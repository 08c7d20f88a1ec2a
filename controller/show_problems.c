/* SPDX-License-Identifier: Apache-2.0 */
/* What is not as it should be, in plain words, each with what to do.
 *
 * error and warning need somebody and make the verdict "degraded"; info is worth
 * knowing. Long lists of one kind are cut: the sentence says how many more. Here
 * stands what weftd itself, who it lets in, and the last minutes have to say; the
 * other files look at switches, links, networks, guards and traffic. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "controller/problems.h"
#include "controller/show_te.h"
#include "ofproto/tls.h"

enum {
	REFUSED_MS = 60 * 1000,         /* a switch that is refused comes again within that */
	CERTIFICATE_DAYS = 30,
	ECHOES_TOLD = 3,                /* once or twice is how hosts move */
};

static const char *const severities[] = { "error", "warning", "info" };

struct problems {
	const struct api_world *world;
	json_t *by_severity[N_SEVERITIES];
};

const struct api_world *problems_world(const struct problems *problems) { return problems->world; }

void problems_add(struct problems *problems, enum severity severity, const char *kind, struct about about,
		  const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	json_array_append_new(problems->by_severity[severity],
			      json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "severity", severities[severity],
					"kind", kind, "switch", show_text(about.sw),
					"network", show_text(about.network), "text", show_text(text),
					"hint", show_text(about.hint)));
}

void problems_more(struct problems *problems, enum severity severity, const char *kind, size_t n)
{
	if (n > MAX_OF_KIND)
		problems_add(problems, severity, kind, (struct about) { 0 }, "and %zu more of this kind", n - MAX_OF_KIND);
}

static void look_at_config(struct problems *problems)
{
	struct config_state state;
	if (!problems->world->config)
		return;
	config_state(problems->world->config, &state);
	if (!state.failed)
		return;
	char first[512] = "";
	size_t n = state.findings ? diag_n_errors(state.findings) : 0;
	if (state.findings && diag_n_findings(state.findings))
		diag_format(state.findings, diag_finding(state.findings, 0), first, sizeof first);
	problems_add(problems, ERROR, "config-refused",
			(struct about) { .hint = "weft check FILE shows all of them; the file is read again when it changes" },
			"%zu error%s in %s: the network before it stays in force. The first: %s", n, n == 1 ? "" : "s", state.file,
			first);
}

/* A revision that waits to be confirmed, and the folder of revisions. */
static void look_at_history(struct problems *problems)
{
	struct config_state state;
	if (!problems->world->config)
		return;
	config_state(problems->world->config, &state);
	const struct config_waits *waits = &state.waits;
	if (waits->revision && waits->stuck)
		problems_add(problems, ERROR, "confirm", (struct about) { .hint = "it is tried again every 10 seconds; `weft apply FILE` or "
			     "`weft rollback NUMBER` ends that" }, "nobody confirmed revision %" PRIu32 ", and going back does not work: %s",
			     waits->revision, waits->stuck);
	else if (waits->revision)
		problems_add(problems, WARNING, "confirm", (struct about) { .hint = "`weft confirm` keeps it, `weft rollback` goes back at once" },
			     "revision %" PRIu32 " waits for a confirmation: revision %" PRIu32 " comes back in %" PRIu64 " s", waits->revision,
			     waits->back_to, (waits->left_ms + 999) / 1000);
	if (state.problem)
		problems_add(problems, WARNING, "history", (struct about) { .hint = "what is in force is not touched by it, but going back may not "
			     "be possible; see --state-dir of weftd" }, "%s", state.problem);
}

static void look_at_certificate(struct problems *problems)
{
	struct about about = { .hint = "weft pki renew weftd --dir DIR; weftd takes the new one by itself" };
	if (!problems->world->tls)
		return;
	if (tls_bad_files(problems->world->tls))
		problems_add(problems, ERROR, "certificate",
				(struct about) { .hint = "the ones before them stay in force, but a restart of weftd would fail" },
				"the certificate files cannot be used: %s", tls_bad_files(problems->world->tls));
	int days = tls_days_left(problems->world->tls);
	if (days < 0)
		problems_add(problems, ERROR, "certificate", about, "weftd's own certificate has ended: no switch can connect");
	else if (days < CERTIFICATE_DAYS)
		problems_add(problems, WARNING, "certificate", about, "weftd's own certificate ends in %d days", days);
}

/* Has it been let in since it was refused? */
static bool is_cured(const struct core *core, const struct core_refused *refused)
{
	for (uint32_t sw = 0; sw < core->n_switches; sw++) {
		const struct view_switch *vs = view_switch(core->view, sw);
		if (vs && vs->connected && (vs->dpid == refused->dpid || !strcmp(vs->name, refused->who))
		    && core->switches[sw]->connected_wall_ms > refused->last_wall_ms)
			return true;
	}
	return false;
}

static void add_te(void *ctx, bool is_warning, const char *kind, const char *text, const char *hint)
{
	problems_add(ctx, is_warning ? WARNING : INFO, kind, (struct about) { .hint = hint }, "%s", text);
}

static void look_at_refused_switches(struct problems *problems)
{
	const struct core *core = problems->world->core;
	for (size_t i = 0; i < core->n_refused; i++) {
		const struct core_refused *refused = &core->refused[i];
		if (core->wall_ms - refused->last_wall_ms > REFUSED_MS || is_cured(core, refused))
			continue;
		problems_add(problems, WARNING, "switch-refused", (struct about) { .sw = refused->who },
				"%s was not let in (%" PRIu64 " time%s): %s", refused->who, refused->n, refused->n == 1 ? "" : "s", refused->why);
	}
}

static void tell_refused(struct problems *problems, enum severity severity, const char *kind, struct about about,
			 const struct event *event)
{
	const struct fact *fact = &event->fact;
	const struct view_port *port = view_port(problems->world->core->view, fact->sw, fact->ofport);
	const uint8_t *mac = fact->mac;
	problems_add(problems, severity, kind, about, "network %s, switch %s: hosts were not let in during the last 10 minutes, "
			"the last %02x:%02x:%02x:%02x:%02x:%02x at port %s: %s", about.network ? about.network : "", about.sw ? about.sw : "",
			mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], port ? port->name : "that is gone", fact_reason_text(fact->reason));
}

/* Events of the last minutes that are worth a line: what cured itself, and
 * limits that keep hosts out. One line per kind, switch and network. */
static void look_at_events(struct problems *problems)
{
	const struct core *core = problems->world->core;
	struct seen { char kind[24], sw[64], network[64]; size_t n; uint64_t id; } seen[MAX_OF_KIND] = { 0 };
	size_t n_seen = 0;
	for (uint64_t id = events_last_id(core->events); id; id--) {
		const struct event *event = events_get(core->events, id);
		struct seen now = { .n = 1, .id = id };
		if (!event || event->wall_ms + SHOW_RECENT_MS < core->wall_ms)
			break;
		if (event->is_fact && event->fact.kind == FACT_HOST_REFUSED) {
			uint32_t index = net_network_by_id(core->net, event->fact.network);
			const struct view_switch *vs = event->fact.sw == NET_NONE ? NULL : view_switch(core->view, event->fact.sw);
			snprintf(now.kind, sizeof now.kind, event->fact.reason == REASON_STANDS ? "host-echo" : "host-limit");
			snprintf(now.sw, sizeof now.sw, "%s", vs ? vs->name : "");
			snprintf(now.network, sizeof now.network, "%s", index == NET_NONE ? "" : core->net->networks[index].name);
		} else if (!event->is_fact && (!strcmp(event->kind, "drift") || !strcmp(event->kind, "openflow-error"))) {
			snprintf(now.kind, sizeof now.kind, "%s", event->kind);
			snprintf(now.sw, sizeof now.sw, "%s", event->sw);
		} else {
			continue;
		}
		size_t i = 0;
		while (i < n_seen && (strcmp(seen[i].kind, now.kind) || strcmp(seen[i].sw, now.sw) ||
				      strcmp(seen[i].network, now.network)))
			i++;
		if (i < n_seen)
			seen[i].n++;
		else if (n_seen < MAX_OF_KIND)
			seen[n_seen++] = now;
	}
	for (size_t i = 0; i < n_seen; i++) {
		const struct event *event = events_get(core->events, seen[i].id);
		struct about about = { .sw = seen[i].sw[0] ? seen[i].sw : NULL,
				       .network = seen[i].network[0] ? seen[i].network : NULL };
		if (!strcmp(seen[i].kind, "host-limit")) {
			about.hint = "raise max_hosts, or find out who brings so many; hosts that are known keep working";
			tell_refused(problems, WARNING, seen[i].kind, about, event);
		} else if (!strcmp(seen[i].kind, "host-echo")) {
			if (seen[i].n < ECHOES_TOLD)
				continue;
			about.hint = "a loop, or a LAN that sends frames back; who has moved there is known when it goes on speaking";
			tell_refused(problems, INFO, seen[i].kind, about, event);
		} else if (!strcmp(seen[i].kind, "drift")) {
			about.hint = "somebody else writes to this bridge; all of it was put right";
			problems_add(problems, INFO, "drift", about, "flows of switch %s were changed by another hand %zu time%s in the "
					"last 10 minutes; the last: %s", seen[i].sw, seen[i].n, seen[i].n == 1 ? "" : "s", event->text);
		} else {
			about.hint = "this is a fault of weft or of the switch: please report it with weftd's log";
			problems_add(problems, WARNING, "openflow-error", about, "switch %s answered with an error %zu time%s in the last "
					"10 minutes; the last one: %s", seen[i].sw, seen[i].n, seen[i].n == 1 ? "" : "s", event->text);
		}
	}
}

json_t *show_problems(const struct api_world *world, bool *ret_is_degraded)
{
	struct problems problems = { .world = world };
	for (size_t i = 0; i < N_SEVERITIES; i++)
		problems.by_severity[i] = json_array();
	look_at_config(&problems);
	look_at_history(&problems);
	look_at_certificate(&problems);
	problems_of_switches(&problems);
	problems_of_links(&problems);
	show_te_problems(world, add_te, &problems);
	problems_of_networks(&problems);
	look_at_refused_switches(&problems);
	look_at_events(&problems);
	problems_of_audits(&problems);
	problems_of_guards(&problems);
	*ret_is_degraded = json_array_size(problems.by_severity[ERROR]) || json_array_size(problems.by_severity[WARNING]);
	for (size_t i = WARNING; i < N_SEVERITIES; i++) {
		json_array_extend(problems.by_severity[ERROR], problems.by_severity[i]);
		json_decref(problems.by_severity[i]);
	}
	return problems.by_severity[ERROR];
}
