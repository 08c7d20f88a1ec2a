/* SPDX-License-Identifier: Apache-2.0 */
/* The documents: status, config, counters, log levels. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "controller/show.h"
#include "ofproto/log.h"
#include "topo/arena.h"

enum {
	MAX_NETWORKS = 1000,            /* of status; /v1/networks has them all */
	MAX_FILE = 16 << 20,
};

json_t *show_findings(const struct diag *diag)
{
	json_t *list = json_array();
	for (size_t i = 0; diag && i < diag_n_findings(diag); i++) {
		const struct finding *finding = diag_finding(diag, i);
		const struct diag_code_info *info = diag_code_info(finding->code);
		json_array_append_new(list, json_pack("{s:o, s:I, s:I, s:s, s:s, s:o, s:s}",
			"file", show_text(diag_file(diag)), "line", (json_int_t) finding->where.line,
			"column", (json_int_t) finding->where.col,
			"severity", info->severity == DIAG_ERROR ? "error" : "warning",
			"code", info->code, "text", show_text(finding->text), "cure", info->cure));
	}
	return list;
}

/* The file as it is on the disk; null when it cannot be read. */
static json_t *file_text(const char *path)
{
	FILE *f = fopen(path, "re");
	if (!f)
		return json_null();
	char *text = xheap_alloc(MAX_FILE + 1);
	size_t n = fread(text, 1, MAX_FILE, f);
	fclose(f);
	text[n] = '\0';
	json_t *json = show_text(text);
	free(text);
	return json;
}

/* What waits for a confirmation, or null. */
static json_t *waits_json(const struct config_waits *waits)
{
	if (!waits->revision)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:o}", "revision", (json_int_t) waits->revision, "back_to", (json_int_t) waits->back_to,
			 "seconds_left", (json_int_t) ((waits->left_ms + 999) / 1000), "stuck", show_text(waits->stuck));
}

json_t *show_config(const struct api_world *world, bool with_text)
{
	struct config_state state = { .file = world->core->net->file };
	if (world->config)
		config_state(world->config, &state);
	else
		snprintf(state.digest, sizeof state.digest, "%s", world->core->net->digest_text);
	json_t *json = json_pack("{s:o, s:s, s:b, s:I, s:I, s:I, s:I, s:o}",
				 "file", show_text(state.file), "digest", state.digest, "failed", state.failed,
				 "loaded_ms", (json_int_t) state.loaded_wall_ms, "loads", (json_int_t) state.n_loads,
				 "failures", (json_int_t) state.n_failures,
				 "unchanged", (json_int_t) state.n_unchanged,
				 "findings", show_findings(state.findings));
	show_set(json, "revision", state.revision ? json_integer(state.revision) : json_null());
	show_set(json, "confirm", waits_json(&state.waits));
	if (with_text)
		show_set(json, "text", file_text(state.file));
	return json;
}

static json_t *switches_json(const struct api_world *world)
{
	json_t *list = json_array();
	for (uint32_t sw = 0; sw < world->core->n_switches; sw++) {
		json_t *json = show_switch(world, sw, false);
		if (json)
			json_array_append_new(list, json);
	}
	return list;
}

static json_t *networks_json(const struct api_world *world)
{
	json_t *list = json_array();
	for (uint32_t i = 0; i < world->core->net->n_networks && i < MAX_NETWORKS; i++)
		json_array_append_new(list, show_network(world, i));
	return list;
}

static json_t *refused_json(const struct api_world *world)
{
	json_t *list = json_array();
	for (size_t i = 0; i < world->core->n_refused; i++) {
		const struct core_refused *refused = &world->core->refused[i];
		json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:I, s:I}", "who", show_text(refused->who),
						      "dpid", show_dpid(refused->dpid), "why", show_text(refused->why),
						      "count", (json_int_t) refused->n,
						      "last_ms", (json_int_t) refused->last_wall_ms));
	}
	return list;
}

static json_t *listeners_json(const struct api_world *world)
{
	json_t *list = json_array();
	for (char **text = world->listeners; text && *text; text++)
		json_array_append_new(list, show_text(*text));
	return list;
}

json_t *show_status(const struct api_world *world)
{
	const struct core *core = world->core;
	bool is_degraded;
	json_t *problems = show_problems(world, &is_degraded);
	uint64_t up_ms = core->wall_ms > world->started_wall_ms ? core->wall_ms - world->started_wall_ms : 0;
	json_t *json = json_pack("{s:s, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:I}",
				 "verdict", is_degraded ? "degraded" : "ok", "problems", problems,
				 "switches", switches_json(world), "networks", networks_json(world),
				 "n_networks", (json_int_t) core->net->n_networks,
				 "n_hosts", (json_int_t) view_n_hosts(core->view),
				 "config", show_config(world, false), "listeners", listeners_json(world),
				 "refused", refused_json(world),
				 "errors_received", (json_int_t) core->counts.n_errors_received);
	show_set(json, "malformed", show_count(core->counts.n_malformed));
	show_set(json, "last_event_id", show_count(events_last_id(core->events)));
	show_set(json, "version", json_string(WEFT_VERSION));
	show_set(json, "pid", json_integer(getpid()));
	show_set(json, "uptime_seconds", show_count(up_ms / 1000));
	return json;
}

/* --- counters ---------------------------------------------------------------------------- */

uint64_t show_rss_bytes(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	if (f) {
		if (fscanf(f, "%*u %lu", &pages) != 1)
			pages = 0;
		fclose(f);
	}
	return (uint64_t) pages * (uint64_t) sysconf(_SC_PAGESIZE);
}

static json_t *process_json(void)
{
	struct rusage used;
	getrusage(RUSAGE_SELF, &used);
	uint64_t cpu_ms = (uint64_t) (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
		(uint64_t) (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
	return json_pack("{s:I, s:I, s:I}", "rss_bytes", (json_int_t) show_rss_bytes(),
			 "max_rss_bytes", (json_int_t) used.ru_maxrss * 1024, "cpu_ms", (json_int_t) cpu_ms);
}

json_t *show_counters(const struct api_world *world)
{
	const struct core_counts *n = &world->core->counts;
	struct config_state config = { 0 };
	if (world->config)
		config_state(world->config, &config);
	json_t *json = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
				 "facts", (json_int_t) n->n_facts, "patches", (json_int_t) n->n_patches,
				 "compiles", (json_int_t) n->n_compiles, "punts", (json_int_t) n->n_punts,
				 "punts_over_budget", (json_int_t) n->n_punts_over_budget,
				 "reloads", (json_int_t) n->n_reloads,
				 "switches_refused", (json_int_t) n->n_switches_refused,
				 "errors_received", (json_int_t) n->n_errors_received,
				 "malformed", (json_int_t) n->n_malformed,
				 "hosts", (json_int_t) view_n_hosts(world->core->view));
	show_set(json, "config_loads", show_count(config.n_loads));
	show_set(json, "config_failures", show_count(config.n_failures));
	show_set(json, "config_unchanged", show_count(config.n_unchanged));
	show_set(json, "connections", show_count(world->sessions ? sessions_count(world->sessions) : 0));
	show_set(json, "last_event_id", show_count(events_last_id(world->core->events)));
	show_set(json, "process", process_json());
	return json;
}

/* --- log levels -------------------------------------------------------------------------------- */

static void add_level(void *ctx, const char *module, const char *level)
{
	char lower[16] = "";
	for (size_t i = 0; level[i] && i + 1 < sizeof lower; i++)
		lower[i] = (char) tolower((unsigned char) level[i]);
	json_array_append_new(ctx, json_pack("{s:s, s:s}", "module", module, "level", lower));
}

json_t *show_log(void)
{
	json_t *modules = json_array();
	log_levels(add_level, modules);
	return json_pack("{s:o}", "modules", modules);
}
