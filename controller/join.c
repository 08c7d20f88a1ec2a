/* SPDX-License-Identifier: Apache-2.0 */
/* join: the bridge and its controllers.
 *
 * A bridge that gets its first controller loses its rows, and one that changes it does not,
 * as long as it never has none: so all is one transaction, and controllers that stay keep
 * their row of the database. What the bridge was like is noted in its external_ids, for
 * `leave`. */
#include "controller/join.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void join_plan_init(struct join_plan *plan, struct arena *arena)
{
	*plan = (struct join_plan) { .commands.arena = arena, .changes.arena = arena, .warnings.arena = arena,
				     .errors.arena = arena };
}

/* --- targets ------------------------------------------------------------------------------- */

bool join_target_parts(const char *target, char address[64], char port[8], bool *is_tls)
{
	*is_tls = !strncmp(target, "ssl:", 4);
	if (!*is_tls && strncmp(target, "tcp:", 4))
		return false;
	const char *at = target + 4, *end = at + strcspn(at, ":");
	if (*at == '[') {
		at++;
		end = strchr(at, ']');
		if (!end)
			return false;
	}
	const char *colon = *end == ']' ? end + 1 : end;
	if (end == at || end - at >= 64 || (*colon && (*colon != ':' || !colon[1])))
		return false;
	snprintf(address, 64, "%.*s", (int) (end - at), at);
	snprintf(port, 8, "%s", *colon ? colon + 1 : "6653");
	char *rest;
	unsigned long number = strtoul(port, &rest, 10);
	return !*rest && number > 0 && number < 65536 && (!*colon || strlen(colon + 1) < 6);
}

const char *join_target(struct arena *arena, const char *text)
{
	char address[64], port[8];
	bool is_tls;
	unsigned char bytes[16];
	const char *target = strncmp(text, "ssl:", 4) && strncmp(text, "tcp:", 4) ? arena_printf(arena, "ssl:%s", text) : text;
	if (inet_pton(AF_INET6, text, bytes) == 1)
		target = arena_printf(arena, "ssl:[%s]", text);
	if (!join_target_parts(target, address, port, &is_tls) || strpbrk(address, "/@ \"\\"))
		return NULL;
	bool is_v6 = strchr(address, ':');
	return arena_printf(arena, "%s:%s%s%s:%s", is_tls ? "ssl" : "tcp", is_v6 ? "[" : "", address, is_v6 ? "]" : "", port);
}

/* "ssl:A" is "ssl:A:6653". */
static bool is_same_target(struct arena *arena, const char *a, const char *b)
{
	const char *one = join_target(arena, a), *other = join_target(arena, b);
	return one && other && !strcmp(one, other);
}

size_t join_count_rows(const char *dump)
{
	size_t n = 0;
	while (*dump) {
		size_t len = strcspn(dump, "\n");
		char *line = strndup(dump, len);
		const char *cookie = strstr(line, "cookie=0x");
		bool is_row = strstr(line, "actions="), is_ours = cookie && strspn(cookie + 9, "0123456789abcdef") == 16 &&
								!strncmp(cookie + 9, "77", 2);
		bool is_first = strstr(line, "priority=0 actions=NORMAL") && !strstr(line, "table=");
		n += is_row && !is_ours && !is_first;
		free(line);
		dump += len + (dump[len] != '\0');
	}
	return n;
}

/* --- the file ------------------------------------------------------------------------------ */

void join_from_file(struct join_wish *wish, struct join_plan *plan)
{
	const struct net *net = wish->net;
	if (!net || !net->n_switches)
		return;
	uint32_t i = net_switch_by_name(net, wish->name);
	if (i == NET_NONE) {
		const char **names = arena_new_array(plan->errors.arena, const char *, net->n_switches);
		for (size_t k = 0; k < net->n_switches; k++)
			names[k] = net->switches[k].name;
		const char *near = diag_did_you_mean(wish->name, names, net->n_switches);
		add(&plan->errors, "no switch \"%s\" in %s%s%s%s: it is the key under `switches`", wish->name, net->file,
		    near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
		return;
	}
	const struct net_switch *sw = &net->switches[i];
	if (wish->has_dpid && wish->dpid != sw->dpid)
		add(&plan->errors, "%s:%u says that the dpid of %s is 0x%016" PRIx64 ", not 0x%016" PRIx64, net->file,
		    sw->where.line, sw->name, sw->dpid, wish->dpid);
	wish->has_dpid = true;
	wish->dpid = sw->dpid;
	bool is_its = !wish->vtep;
	for (size_t k = 0; k < sw->n_vteps && !is_its; k++)
		is_its = !strcmp(sw->vteps[k].text, wish->vtep);
	if (!is_its)
		add(&plan->errors, "%s:%u does not have the vtep %s at %s", net->file, sw->where.line, wish->vtep, sw->name);
	else if (!wish->vtep)
		wish->vtep = sw->vtep;
}

/* --- the bridge ---------------------------------------------------------------------------- */

/* A change that takes something away. */
static void take(struct join_plan *plan, const struct join_wish *wish, const char *what)
{
	if (wish->replace)
		add(&plan->changes, "%s", what);
	else
		add(&plan->errors, "%s: give --replace if that is meant", what);
}

static const char *or_none(const char *text) { return *text ? text : "none"; }

/* A list as one word: "OpenFlow10,OpenFlow13". */
static const char *joined(struct arena *arena, const json_t *row, const char *column)
{
	const char *text = "", *item;
	for (size_t i = 0; (item = vsctl_item(row, column, i)); i++)
		text = arena_printf(arena, "%s%s%s", text, i ? "," : "", item);
	return text;
}

struct bridge_set {                     /* columns of one `set Bridge` */
	struct args args;
	struct join_plan *plan;
};

static void want(struct bridge_set *set, const char *what, const char *column, const char *old, const char *new)
{
	if (!strcmp(old, new))
		return;
	add(&set->plan->changes, "%s: %s -> %s", what, or_none(old), new);
	vsctl_add_value(&set->args, column, new);
}

/* How it was, before we first touched it. */
static void note_before(struct bridge_set *set, const json_t *bridge, const struct join_wish *wish)
{
	struct arena *arena = set->args.arena;
	const char *name = vsctl_key(bridge, "external_ids", "weft-switch");
	if (!strcmp(name, wish->name))
		return;
	vsctl_add_value(&set->args, "external_ids:weft-switch", wish->name);
	add(&set->plan->changes, "external_ids:weft-switch: %s -> %s", or_none(name), wish->name);
	if (*name || !bridge)
		return;
	vsctl_add_value(&set->args, "external_ids:weft-was-fail-mode", or_none(vsctl_text(bridge, "fail_mode")));
	vsctl_add_value(&set->args, "external_ids:weft-was-protocols", or_none(joined(arena, bridge, "protocols")));
	vsctl_add_value(&set->args, "external_ids:weft-was-datapath-id",
			or_none(vsctl_key(bridge, "other_config", "datapath-id")));
}

static void want_datapath(struct bridge_set *set, const json_t *bridge, const struct join_wish *wish)
{
	const char *has = vsctl_text(bridge, "datapath_type");
	has = *has ? has : "system";
	if (!wish->datapath || (bridge && !strcmp(has, wish->datapath)) || (!bridge && !strcmp(wish->datapath, "system")))
		return;
	if (bridge)
		take(set->plan, wish, arena_printf(set->args.arena, "datapath_type: %s -> %s, which takes all ports of %s "
						   "down for a moment and its rows for good", has, wish->datapath, wish->bridge));
	else
		add(&set->plan->changes, "datapath_type: %s", wish->datapath);
	vsctl_add_value(&set->args, "datapath_type", wish->datapath);
}

static void want_bridge(const struct join_wish *wish, const json_t *bridge, struct bridge_set *set)
{
	want(set, "fail_mode", "fail_mode", vsctl_text(bridge, "fail_mode"), "secure");
	/* Who can do more than we need keeps it: others may speak to the bridge too. */
	if (!vsctl_has(bridge, "protocols", "OpenFlow13"))
		want(set, "protocols", "protocols", joined(set->args.arena, bridge, "protocols"), "OpenFlow13");
	if (wish->has_dpid) {
		const char *has = vsctl_text(bridge, "datapath_id");
		const char *dpid = arena_printf(set->args.arena, "%016" PRIx64, wish->dpid);
		if (strcmp(vsctl_key(bridge, "other_config", "datapath-id"), dpid))
			want(set, "datapath id", "other_config:datapath-id", strcmp(has, dpid) ? has : "", dpid);
	}
	want_datapath(set, bridge, wish);
	note_before(set, bridge, wish);
}

/* --- controllers --------------------------------------------------------------------------- */

/* The bridge's controller with that target. */
static json_t *controller_of(struct arena *arena, const struct vsctl *ovs, const json_t *bridge, const char *target)
{
	json_t *row;
	for (size_t i = 0; (row = vsctl_controller(ovs, bridge, i)); i++)
		if (is_same_target(arena, vsctl_text(row, "target"), target))
			return row;
	return NULL;
}

static void mend_controller(struct join_plan *plan, const json_t *row)
{
	const char *target = vsctl_text(row, "target"), *mode = vsctl_text(row, "connection_mode");
	long long backoff = vsctl_number(row, "max_backoff", 8000), probe = vsctl_number(row, "inactivity_probe", JOIN_PROBE_MS);
	bool is_slow = backoff > JOIN_BACKOFF_MS, is_deaf = probe == 0 || probe > 2 * JOIN_PROBE_MS;
	bool is_in_band = strcmp(mode, "out-of-band");
	if (!is_slow && !is_deaf && !is_in_band)
		return;
	add_all(&plan->commands, "--", "set", "Controller", vsctl_text(row, "_uuid"), NULL);
	if (is_slow) {
		add(&plan->commands, "max_backoff=%d", JOIN_BACKOFF_MS);
		add(&plan->changes, "max_backoff of %s: %lld -> %d", target, backoff, JOIN_BACKOFF_MS);
	}
	if (is_deaf) {
		add(&plan->commands, "inactivity_probe=%d", JOIN_PROBE_MS);
		add(&plan->changes, "inactivity_probe of %s: %lld -> %d", target, probe, JOIN_PROBE_MS);
	}
	if (is_in_band) {
		add(&plan->commands, "connection_mode=out-of-band");
		add(&plan->changes, "connection_mode of %s: %s -> out-of-band", target, *mode ? mode : "in-band");
	}
}

static void warn_of_rows(const struct join_wish *wish, struct join_plan *plan)
{
	add(&plan->warnings, "%s has no controller yet: with its first one Open vSwitch empties it, and its ports are silent "
	    "until weftd has sent its rows", wish->bridge);
	if (wish->n_rows)
		take(plan, wish, arena_printf(plan->errors.arena, "%zu row%s of somebody's on %s %s lost", wish->n_rows,
					      wish->n_rows == 1 ? "" : "s", wish->bridge, wish->n_rows == 1 ? "is" : "are"));
}

static void want_controllers(const struct vsctl *ovs, const struct join_wish *wish, const json_t *bridge,
			     struct bridge_set *set)
{
	struct join_plan *plan = set->plan;
	struct arena *arena = set->args.arena;
	size_t n_kept = 0, n_had = 0;
	const char *list = "", *had = "";
	json_t *row;
	for (; (row = vsctl_controller(ovs, bridge, n_had)); n_had++)
		had = arena_printf(arena, "%s%s%s", had, n_had ? ", " : "", vsctl_text(row, "target"));
	if (!wish->n_targets && !n_had)
		add(&plan->errors, "where is weftd? Give --controller ADDRESS (ssl:ADDRESS:6653)");
	for (size_t i = 0; !wish->n_targets && i < n_had; i++)
		mend_controller(plan, vsctl_controller(ovs, bridge, i));
	if (!wish->n_targets)
		return;
	for (size_t i = 0; i < wish->n_targets; i++) {
		row = controller_of(arena, ovs, bridge, wish->targets[i]);
		if (row) {
			n_kept++;
			mend_controller(plan, row);
			list = arena_printf(arena, "%s%s%s", list, i ? "," : "", vsctl_text(row, "_uuid"));
			continue;
		}
		add(&plan->commands, "--");
		add(&plan->commands, "--id=@weft%zu", i);
		add_all(&plan->commands, "create", "Controller", NULL);
		vsctl_add_value(&plan->commands, "target", wish->targets[i]);
		add(&plan->commands, "max_backoff=%d", JOIN_BACKOFF_MS);
		add(&plan->commands, "inactivity_probe=%d", JOIN_PROBE_MS);
		add(&plan->commands, "connection_mode=out-of-band");
		list = arena_printf(arena, "%s%s@weft%zu", list, i ? "," : "", i);
	}
	if (n_kept == n_had && n_kept == wish->n_targets)
		return;
	const char *all = "";
	for (size_t i = 0; i < wish->n_targets; i++)
		all = arena_printf(arena, "%s%s%s", all, i ? ", " : "", wish->targets[i]);
	const char *what = arena_printf(arena, "controller: %s -> %s", or_none(had), all);
	if (n_kept < n_had)
		take(plan, wish, what);
	else
		add(&plan->changes, "%s", what);
	if (!n_had && vsctl_item(bridge, "ports", 1))
		warn_of_rows(wish, plan);
	add(&set->args, "controller=[%s]", list);
}

/* --- certificates -------------------------------------------------------------------------- */

static void want_ssl(const struct vsctl *ovs, const struct join_wish *wish, struct join_plan *plan)
{
	static const char *const names[N_JOIN_FILES] = { "private_key", "certificate", "ca_cert" };
	const json_t *row = vsctl_ssl(ovs);
	bool is_same = row;
	if (!wish->files[JOIN_CERT])
		return;
	for (size_t i = 0; i < N_JOIN_FILES; i++)
		is_same = is_same && !strcmp(vsctl_text(row, names[i]), wish->files[i]);
	if (is_same)
		return;
	const char *has = vsctl_text(row, "certificate");
	const char *what = arena_printf(plan->commands.arena, "certificate of this Open vSwitch, for all it speaks to by ssl: "
					"%s -> %s", or_none(has), wish->files[JOIN_CERT]);
	if (row)
		take(plan, wish, what);
	else
		add(&plan->changes, "%s", what);
	add_all(&plan->commands, "--", "set-ssl", wish->files[JOIN_KEY], wish->files[JOIN_CERT], wish->files[JOIN_CA], NULL);
}

void join_plan(struct arena *arena, const struct vsctl *ovs, const struct join_wish *wish, struct join_plan *plan)
{
	const json_t *bridge = vsctl_row(ovs, VSCTL_BRIDGE, "name", wish->bridge);
	struct bridge_set set = { .args.arena = arena, .plan = plan };
	want_ssl(ovs, wish, plan);
	if (!bridge) {
		add_all(&plan->commands, "--", "add-br", wish->bridge, NULL);
		add(&plan->changes, "bridge %s: new", wish->bridge);
	}
	want_bridge(wish, bridge, &set);
	want_controllers(ovs, wish, bridge, &set);
	if (set.args.n) {
		add_all(&plan->commands, "--", "set", "Bridge", wish->bridge, NULL);
		for (size_t i = 0; i < set.args.n; i++)
			add(&plan->commands, "%s", set.args.v[i]);
	}
	join_tunnels(ovs, wish, plan);
}
