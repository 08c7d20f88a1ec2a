/* SPDX-License-Identifier: Apache-2.0 */
/* The paths of the API and what each one does. Which parameters a path takes is
 * in its row; anything else in a request is an error that says so. */
#include "controller/api.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api_private.h"
#include "controller/loop.h"
#include "ofproto/log.h"
#include "topo/arena.h"

LOG_MODULE(api)

/* --- handlers ---------------------------------------------------------------------------- */

static void get_status(struct api_request *request)
{
	api_reply(request->call, show_status(&request->api->world));
}

static void get_config(struct api_request *request)
{
	api_reply(request->call, show_config(&request->api->world, true));
}

static void get_counters(struct api_request *request)
{
	api_reply(request->call, show_counters(&request->api->world));
}

static void get_log(struct api_request *request)
{
	api_reply(request->call, show_log());
}

static void get_list(struct api_request *request)
{
	api_stream_list(request);
}

static void get_events(struct api_request *request)
{
	if (request->is_follow)
		api_follow(request);
	else
		api_stream_list(request);
}

static void post_log(struct api_request *request)
{
	json_error_t error;
	const char *module = http_param(request->call, "module"), *level = http_param(request->call, "level");
	json_t *body = json_loadb(request->body, request->body_size, 0, &error);
	if (json_is_object(body)) {
		module = json_string_value(json_object_get(body, "module"));
		level = json_string_value(json_object_get(body, "level"));
	}
	if (!module || !level) {
		api_error(request->call, 400, NULL, "send {\"module\": \"session\", \"level\": \"dbg\"}; `weft log` (GET /v1/log) lists the modules",
			  "a module and a level are wanted");
	} else {
		const char *problem = log_set(module, level);
		if (problem)
			api_error(request->call, 400, NULL, "`weft log` (GET /v1/log) lists the modules; `all` means all of them",
				  "%s:%s: %s", module, level, problem);
		else
			api_reply(request->call, show_log());
	}
	json_decref(body);
}

/* --- the table ------------------------------------------------------------------------------ */

#define SWITCH { "switch", "of this switch only" }
#define NETWORK { "network", "of this network only" }
#define CONFIRM { "confirm_seconds", "go back to what was before unless it is confirmed in so many seconds, 1 to 86400" }
#define MESSAGE { "message", "kept with the revision: one line, 200 bytes" }
#define LIMIT { "limit", "at most so many items; 0 = all (default 10000)" }

static const struct api_path paths[] = {
	{ "GET", "/v1/status", "how the whole is: verdict, problems, switches, networks", get_status, NULL, {{ 0 }} },
	{ "GET", "/v1/switches", "the switches, their connections and counters", get_list, &show_switches,
	  { SWITCH, { "state", "connected, connecting, standby, disconnected or waiting" }, LIMIT } },
	{ "GET", "/v1/ports", "the ports of all switches and what the file makes of them", get_list, &show_ports,
	  { SWITCH, NETWORK, { "port", "ports of this name only" },
	    { "state", "ok, down, local, no-network, disabled, conflict, standby or link" }, LIMIT } },
	{ "GET", "/v1/hosts", "the learned hosts", get_list, &show_hosts,
	  { SWITCH, NETWORK, { "port", "behind ports of this name only" }, { "mac", "of this address only" },
	    { "ip", "of this IPv4 or IPv6 address only" }, { "state", "learned, recovered or unconfirmed" }, LIMIT } },
	{ "GET", "/v1/networks", "the networks of the file and how full they are", get_list, &show_networks,
	  { NETWORK, LIMIT } },
	{ "GET", "/v1/links", "the cables between bridges, and whether they are there", get_list, &show_links,
	  { SWITCH, { "state", "up, down, unconfirmed or wrong" }, LIMIT } },
	{ "GET", "/v1/te", "traffic engineering: what is busy, what runs, what was decided and why", api_te, NULL,
	  { { "switch", "pairs from or to this switch only" }, { "limit", "at most so many pairs, the largest first; 0 = all (default 100)" },
	    { "what_if", "instead of all that: a question, as `kvm1-kvm2 down`, `kvm2 down`, `kvm1->kvm3 x2`, `kvm1->kvm3 300Mbit`; several with commas" } } },
	{ "GET", "/v1/graph", "switches and the links between them, with loads", api_graph, NULL, {{ 0 }} },
	{ "GET", "/v1/flows", "the rows of the switches: flows, groups, meters", get_list, &show_flows,
	  { SWITCH, NETWORK, { "app", "of this app only" }, { "table", "of this table only, by name or number" },
	    { "kind", "flow, group or meter" },
	    { "state", "have, want, going, refused, blocked or foreign" }, LIMIT } },
	{ "GET", "/v1/acls", "the rules of all lists, in order, and what they have met", get_list, &show_acls,
	  { { "acl", "of this list only" }, SWITCH, { "network", "of the lists that this network or its ports use" }, LIMIT } },
	{ "GET", "/v1/explain", "can one host reach another, and if not, who says so and what to change", api_explain, NULL,
	  { { "from", "port, switch:port, MAC or IP; NETWORK/ in front says in which network" }, { "to", "the same" },
	    { "protocol", "as in `weft explain`: icmp, icmp6, tcp/22, udp/53, sctp/PORT, arp, nd, arp/IP, nd/IP, dad/IP, ra, dhcp, dhcp6, dhcp/server, "
		"dhcp6/server, gre, esp, igmp, ospf, vrrp, proto/NUMBER, ethernet or an ethertype; without it icmp" },
	    { "as", "MAC, IP or MAC,IP: what becomes of one frame that `from` sends with that address" },
	    { "size", "bytes of the IP packet: does it fit into the tunnels?" },
	    { "probe", "1 = send five marked frames the same way, and see which counters grow" } } },
	{ "GET", "/v1/events", "what happened; with follow=1 one JSON object a line, without end", get_events, &show_events,
	  { { "after", "only events with a larger id; without it the last ones" }, { "follow", "1 = go on as events come" },
	    SWITCH, NETWORK, { "kind", "of this kind only" }, { "severity", "info, warning or error" }, LIMIT } },
	{ "GET", "/v1/objects", "what the low 48 bits of a cookie stand for", get_list, &show_objects, { LIMIT } },
	{ "GET", "/v1/config", "the file, what came of it, and its findings", get_config, NULL, {{ 0 }} },
	{ "GET", "/v1/counters", "counters since weftd started", get_counters, NULL, {{ 0 }} },
	{ "GET", "/metrics", "counters of everything in OpenMetrics text, for Prometheus; see metrics.md", api_metrics, NULL, {{ 0 }} },
	{ "GET", "/v1/log", "log levels by module", get_log, NULL, {{ 0 }} },
	{ "GET", "/v1/history", "the revisions: files that came into force, the oldest first", api_history, NULL, {{ 0 }} },
	{ "GET", "/v1/revision", "the text of one revision", api_revision, NULL,
	  { { "number", "which one; without it the one in force" } } },
	{ "POST", "/v1/plan", "the body is a topology file: say what would change if it were applied; without a body the file on the disk",
	  api_plan, NULL, { { "rows", "1 = with every row that would be sent" } } },
	{ "POST", "/v1/apply", "the body is a topology file: check it, replace the file, put it in force", api_apply, NULL,
	  { CONFIRM, MESSAGE } },
	{ "POST", "/v1/confirm", "what waits for a confirmation stays", api_confirm, NULL, {{ 0 }} },
	{ "POST", "/v1/rollback", "put the text of a revision in force again, as /v1/apply does", api_rollback, NULL,
	  { { "number", "which one; without it the one before the text in force, or the one that comes back when nobody confirms" },
	    CONFIRM, MESSAGE } },
	{ "POST", "/v1/check", "the body is a topology file: only check it", api_check, NULL, {{ 0 }} },
	{ "POST", "/v1/reload", "read the file again", api_reload, NULL, {{ 0 }} },
	{ "POST", "/v1/log", "set a log level; the body is {\"module\": NAME, \"level\": LEVEL}", post_log, NULL,
	  { { "module", "instead of the body" }, { "level", "instead of the body" } } },
};
enum { N_PATHS = sizeof paths / sizeof *paths };

void api_print_reference(FILE *f)
{
	fprintf(f, "# API\n\n"
		"HTTP/1.1 and JSON over the Unix socket `RUN_DIR/weftd.sock`. Who may open the socket (mode 0660) may\n"
		"do everything. The program `weft` uses nothing else.\n\n"
		"    curl --unix-socket /run/weft/weftd.sock http://weftd/v1/status\n\n"
		"Names are in snake_case with their units; times ending in `_ms` without more are milliseconds since\n"
		"1970; `null` means: there is none. Members may be added, none is renamed or removed within `v1`.\n"
		"An error has a code from 400 on and the body `{\"error\": TEXT, \"hint\": WHAT TO DO}`, with `findings`\n"
		"beside them when a topology file is at fault. A list has the form\n"
		"`{NAME: [...], \"truncated\": false}`; `truncated` says that the limit has left some out.\n"
		"A body may have 16 MiB. A client that reads slowly delays nobody: its answer is made while it reads.\n\n");
	for (size_t i = 0; i < N_PATHS; i++) {
		fprintf(f, "## %s %s\n\n%c%s.\n\n", paths[i].method, paths[i].path, paths[i].help[0] - 'a' + 'A',
			paths[i].help + 1);
		if (!paths[i].params[0].name)
			continue;
		fprintf(f, "| parameter | meaning |\n|---|---|\n");
		for (size_t p = 0; p < API_MAX_PARAMS && paths[i].params[p].name; p++)
			fprintf(f, "| `%s` | %s |\n", paths[i].params[p].name, paths[i].params[p].help);
		fputc('\n', f);
	}
	api_print_members(f);
}

/* --- from a request to its row ----------------------------------------------------------------- */

static void no_such_path(struct http_call *call)
{
	const char *names[N_PATHS];
	char hint[200], with_version[100];
	for (size_t i = 0; i < N_PATHS; i++)
		names[i] = paths[i].path;
	snprintf(with_version, sizeof with_version, "/v1%s%.90s", http_path(call)[0] == '/' ? "" : "/", http_path(call));
	const char *near = diag_did_you_mean(http_path(call), names, N_PATHS);
	if (!near)
		near = diag_did_you_mean(with_version, names, N_PATHS);
	if (near)
		snprintf(hint, sizeof hint, "did you mean %s?", near);
	else
		snprintf(hint, sizeof hint, "paths begin with /v1/, as /v1/status; docs/reference/api.md lists them");
	api_error(call, 404, NULL, hint, "there is no %s here", http_path(call));
}

static bool parse_number(const char *text, uint64_t *ret)
{
	char *end;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || n > INT64_MAX)
		return false;
	*ret = n;
	return true;
}

/* Where a parameter goes; false when its value makes no sense. */
static bool take_param(struct api_request *request, const char *name, const char *value)
{
	struct show_query *query = &request->query;
	const struct { const char *name, **to; } texts[] = {
		{ "switch", &query->sw }, { "acl", &query->acl }, { "network", &query->network }, { "port", &query->port },
		{ "app", &query->app }, { "table", &query->table }, { "state", &query->state },
		{ "severity", &query->state }, { "mac", &query->mac }, { "ip", &query->ip }, { "kind", &query->kind },
	};
	uint64_t number;
	if (!strcmp(name, "limit") || !strcmp(name, "after")) {
		if (!parse_number(value, &number))
			return false;
		if (name[0] == 'l')
			query->limit = number;
		else
			query->after = number;
		query->has_after |= name[0] == 'a';
		return true;
	}
	if (!strcmp(name, "follow")) {
		request->is_follow = !strcmp(value, "1");
		return request->is_follow || !strcmp(value, "0");
	}
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (!strcmp(name, texts[i].name))
			*texts[i].to = value;
	return true;
}

/* False when it was answered with what is wrong. */
static bool take_params(struct api_request *request)
{
	struct http_call *call = request->call;
	const struct api_param *params = request->path->params;
	const char *names[API_MAX_PARAMS];
	size_t n = 0;
	char hint[200] = "it takes no parameters";
	while (n < API_MAX_PARAMS && params[n].name) {
		snprintf(n ? hint + strlen(hint) : hint, sizeof hint - (n ? strlen(hint) : 0), "%s%s",
			 n ? ", " : "it takes: ", params[n].name);
		names[n] = params[n].name;
		n++;
	}
	for (size_t i = 0; i < http_n_params(call); i++) {
		const char *name = http_param_name(call, i), *value = http_param_value(call, i);
		size_t p = 0;
		while (p < n && strcmp(names[p], name))
			p++;
		if (p == n) {
			const char *near = diag_did_you_mean(name, names, n);
			if (near)
				snprintf(hint, sizeof hint, "did you mean %s?", near);
			api_error(call, 400, NULL, hint, "%s has no parameter \"%s\"", request->path->path, name);
			return false;
		}
		for (size_t k = 0; k < i; k++)
			if (!strcmp(http_param_name(call, k), name)) {
				api_error(call, 400, NULL, NULL, "parameter \"%s\" is there twice", name);
				return false;
			}
		if (!take_param(request, name, value)) {
			api_error(call, 400, NULL, params[p].help, "\"%s\" is no value for parameter \"%s\"", value, name);
			return false;
		}
	}
	return true;
}

static void on_request(void *ctx, struct http_call *call)
{
	struct api *api = ctx;
	struct api_request request = { .api = api, .call = call, .query.limit = SHOW_LIMIT };
	const char *allow = NULL;
	api->world.core->now_ms = loop_now_ms(api->loop);
	api->world.core->wall_ms = loop_wall_ms();
	for (size_t i = 0; i < N_PATHS; i++) {
		if (strcmp(paths[i].path, http_path(call)))
			continue;
		if (!strcmp(paths[i].method, http_method(call)))
			request.path = &paths[i];
		else
			allow = allow ? "GET, POST" : paths[i].method;
	}
	if (!request.path && allow) {
		api_no_such_method(call, allow);
		return;
	}
	if (!request.path) {
		no_such_path(call);
		return;
	}
	request.body = http_body(call, &request.body_size);
	if (!request.body)
		api_error(call, 413, NULL, "split the file", "the body is larger than %d bytes", HTTP_MAX_BODY);
	else if (take_params(&request))
		request.path->handle(&request);
}

/* --- life -------------------------------------------------------------------------------------------- */

struct api *api_new(struct loop *loop, const char *run_dir, const struct api_world *world, const char **ret_error)
{
	struct api *api = xheap_alloc(sizeof *api);
	json_set_alloc_funcs(xheap_alloc, free);
	*ret_error = rundir_claim(&api->run, run_dir);
	if (*ret_error) {
		free(api);
		return NULL;
	}
	api->loop = loop;
	api->world = *world;
	api_follow_init(api);
	api_check_init(api);
	api_plan_init(api);
	api->http = http_new(loop_base(loop), api->run.listen_fd, on_request, api);
	api->run.listen_fd = -1;
	VLOG_INFO("answering on %s", api->run.address.sun_path);
	return api;
}

void api_free(struct api *api)
{
	if (!api)
		return;
	http_free(api->http);
	api_follow_uninit(api);
	api_explain_uninit(api);
	api_check_uninit(api);
	api_plan_uninit(api);
	rundir_release(&api->run);
	free(api);
}
