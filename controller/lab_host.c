/* SPDX-License-Identifier: Apache-2.0 */
/* The switches of a lab: per host an ovsdb-server and an ovs-vswitchd with
 * bridge br-int, in the host's namespace, with files in the host's directory.
 *
 * The whole configuration is one transaction written before ovs-vswitchd
 * starts, so that it comes up complete and connects once. With a vtep there is
 * br-phys too: the tunnel's address must be on a bridge of the same datapath
 * (lab_underlay.c). */
#include "controller/lab.h"
#include "controller/lab_args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	CONNECT_MS = 30000,             /* until a controller that does not connect is an error */
	POLL_MS = 50,
	PROBE_MS = 5000,                /* inactivity probe; Open vSwitch takes no less */
};

/* One command for each host, in parallel. */
typedef void make_command(const struct lab_plan *, size_t h, struct args *);

static bool for_hosts(struct lab_runner *runner, const struct lab_plan *plan, make_command *make,
		      struct lab_command **ret_commands)
{
	struct lab_command *commands = arena_new_array(runner->arena, struct lab_command,
						       plan->n_hosts);

	for (size_t h = 0; h < plan->n_hosts; h++) {
		struct args args = {.arena = runner->arena};

		make(plan, h, &args);
		commands[h].argv = args.v;
	}
	if (ret_commands)
		*ret_commands = commands;
	return lab_run_all(runner, commands, plan->n_hosts);
}

static void add_vsctl(struct args *args, const struct lab_host *host)
{
	add(args, "ovs-vsctl");
	add(args, "--db=unix:%s/db.sock", host->dir);
	add(args, "--timeout=30");
}

/* Variables first: sockets without a path of their own go to OVS_RUNDIR. */
static void add_daemon(struct args *args, const struct lab_host *host, const char *program)
{
	add(args, "env");
	add(args, "OVS_RUNDIR=%s", host->dir);
	add(args, "OVS_LOGDIR=%s", host->dir);
	add(args, "OVS_DBDIR=%s", host->dir);
	add_all(args, "ip", "netns", "exec", host->ns, program, NULL);
	add_all(args, "--detach", "--no-chdir", "-vconsole:off", NULL);
	add(args, "--pidfile=%s/%s.pid", host->dir, program);
	add(args, "--unixctl=%s/%s.ctl", host->dir, program);
	add(args, "--log-file=%s/%s.log", host->dir, program);
}

/* --- the commands ------------------------------------------------------------------- */

static void create_db(const struct lab_plan *plan, size_t h, struct args *args)
{
	add_all(args, "ovsdb-tool", "create", NULL);
	add(args, "%s/conf.db", plan->hosts[h].dir);
}

static void start_db(const struct lab_plan *plan, size_t h, struct args *args)
{
	const struct lab_host *host = &plan->hosts[h];

	add_daemon(args, host, "ovsdb-server");
	add(args, "--remote=punix:%s/db.sock", host->dir);
	add_all(args, "--remote=db:Open_vSwitch,Open_vSwitch,manager_options",
		"--private-key=db:Open_vSwitch,SSL,private_key",
		"--certificate=db:Open_vSwitch,SSL,certificate",
		"--bootstrap-ca-cert=db:Open_vSwitch,SSL,ca_cert", NULL);
	add(args, "%s/conf.db", host->dir);
}

static void configure(const struct lab_plan *plan, size_t h, struct args *args)
{
	const struct lab_host *host = &plan->hosts[h];

	add_vsctl(args, host);
	add_all(args, "--no-wait", "init", "--", "set", "Open_vSwitch", ".", NULL);
	add(args, "external-ids:system-id=%s", host->name);
	add(args, "external-ids:hostname=%s", host->name);
	add_all(args, "other_config:n-handler-threads=1", "other_config:n-revalidator-threads=1", NULL);
	if (plan->passes_tags)
		add(args, "other_config:vlan-limit=2");
	if (plan->tls) {
		add_all(args, "--", "set-ssl", NULL);
		add(args, "%s/pki/%s-key.pem", plan->dir, host->name);
		add(args, "%s/pki/%s-cert.pem", plan->dir, host->name);
		add(args, "%s/pki/ca.pem", plan->dir);
	}
	add_all(args, "--", "--id=@c", "create", "Controller", NULL);
	add(args, "target=\"%s\"", lab_plan_target(plan));
	add(args, "max_backoff=1000");
	add(args, "inactivity_probe=%d", PROBE_MS);
	/* In-band there are rows before ours that let through what has weftd's address. */
	add(args, "connection_mode=out-of-band");
	add_all(args, "--", "add-br", "br-int", "--", "set", "Bridge", "br-int", "datapath_type=netdev",
		"fail_mode=secure", "protocols=OpenFlow13", "controller=@c", NULL);
	add(args, "other-config:datapath-id=%016llx", (unsigned long long) host->dpid);
	add(args, "other-config:hwaddr=\"02:fe:00:00:%02zx:%02zx\"", (h + 1) >> 8 & 255, (h + 1) & 255);
	for (size_t i = 0; i < plan->n_vms; i++) {
		const struct lab_vm *vm = &plan->vms[i];

		if (vm->host != h)
			continue;
		add_port(args, "br-int", vm->port, vm->ofport);
		add(args, "external-ids:iface-id=\"%s\"", vm->name);
		add(args, "external-ids:attached-mac=\"%s\"", vm->mac);
	}
	for (size_t i = 0; i < 2 * plan->n_links; i++) {
		const struct lab_link *link = &plan->links[i / 2];

		if (link->hosts[i & 1] == h)
			lab_cable_args(plan, link, i & 1, args);
	}
	for (size_t i = 0; i < plan->n_uplinks; i++) {
		if (plan->uplinks[i].host == h)
			add_port(args, "br-int", plan->uplinks[i].port, plan->uplinks[i].ofport);
	}
	if (host->vtep)
		lab_underlay_args(plan, h, args);
}

static void start_vswitchd(const struct lab_plan *plan, size_t h, struct args *args)
{
	add_daemon(args, &plan->hosts[h], "ovs-vswitchd");
	add(args, "unix:%s/db.sock", plan->hosts[h].dir);
}

/* Waits until ovs-vswitchd has taken everything over. */
static void settle(const struct lab_plan *plan, size_t h, struct args *args)
{
	add_vsctl(args, &plan->hosts[h]);
	add_all(args, "set", "Open_vSwitch", ".", NULL);
	add(args, "external-ids:weft-lab=%s", plan->name);
}

static void find_errors(const struct lab_plan *plan, size_t h, struct args *args)
{
	add_vsctl(args, &plan->hosts[h]);
	add_all(args, "--bare", "--columns=name,error", "find", "Interface", "error!=[]", NULL);
}

/* --- steps --------------------------------------------------------------------------- */

static bool make_dirs(struct lab_runner *runner, const struct lab_plan *plan)
{
	const char *hosts = arena_printf(runner->arena, "%s/hosts", plan->dir);

	if (mkdir(hosts, 0755) < 0 && errno != EEXIST)
		return lab_fail(runner, "cannot make %s: %s", hosts, strerror(errno));
	for (size_t h = 0; h < plan->n_hosts; h++) {
		if (mkdir(plan->hosts[h].dir, 0755) < 0)
			return lab_fail(runner, "cannot make %s: %s", plan->hosts[h].dir, strerror(errno));
	}
	return true;
}

/* ovs-appctl looks for the socket under a name with the process id in it. */
static void link_sockets(const struct lab_plan *plan, struct arena *arena)
{
	static const char *const programs[] = {"ovs-vswitchd", "ovsdb-server"};

	for (size_t h = 0; h < plan->n_hosts; h++) {
		const char *dir = plan->hosts[h].dir;

		for (size_t i = 0; i < 2; i++) {
			int pid = (int) lab_pid_of(arena_printf(arena, "%s/%s.pid", dir, programs[i]));

			/* A convenience: without it the path has to be given. */
			if (symlink(arena_printf(arena, "%s.ctl", programs[i]),
				    arena_printf(arena, "%s/%s.%d.ctl", dir, programs[i], pid)) < 0)
				continue;
		}
	}
}

bool lab_hosts_up(struct lab_runner *runner, const struct lab_plan *plan)
{
	struct lab_command *errors;

	if (!make_dirs(runner, plan) || !for_hosts(runner, plan, create_db, NULL) ||
	    !for_hosts(runner, plan, start_db, NULL) || !for_hosts(runner, plan, configure, NULL) ||
	    !for_hosts(runner, plan, start_vswitchd, NULL) ||
	    !for_hosts(runner, plan, settle, NULL) || !lab_underlay_up(runner, plan) ||
	    !for_hosts(runner, plan, find_errors, &errors))
		return false;
	link_sockets(plan, runner->arena);
	for (size_t h = 0; h < plan->n_hosts; h++) {
		if (errors[h].out[0])
			return lab_fail(runner, "Open vSwitch of %s has trouble with an interface: %s",
					plan->hosts[h].name, errors[h].out);
	}
	return true;
}

/* --- the controller -------------------------------------------------------------------- */

/* ovs-vswitchd writes is_connected down every five seconds, and at once when
 * that interval changes; so each look changes it. */
static void look(const struct lab_plan *plan, size_t h, struct args *args)
{
	static unsigned turn;

	add_vsctl(args, &plan->hosts[h]);
	add_all(args, "--bare", "--columns=is_connected", "list", "Controller", NULL);
	add_all(args, "--", "set", "Open_vSwitch", ".", NULL);
	add(args, "other_config:stats-update-interval=%u", 5001 + (turn++ & 1023));
}

static void stop_looking(const struct lab_plan *plan, size_t h, struct args *args)
{
	add_vsctl(args, &plan->hosts[h]);
	add_all(args, "--no-wait", "remove", "Open_vSwitch", ".", "other_config",
		"stats-update-interval", NULL);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool lab_hosts_connected(struct lab_runner *runner, const struct lab_plan *plan)
{
	int64_t end = now_ms() + CONNECT_MS;
	bool *connected = arena_new_array(runner->arena, bool, plan->n_hosts);
	size_t n_missing, missing;

	do {
		n_missing = missing = 0;
		for (size_t h = 0; h < plan->n_hosts; h++) {
			struct args args = {.arena = runner->arena};
			struct lab_command command = {0};

			if (connected[h])
				continue;
			look(plan, h, &args);
			command.argv = args.v;
			if (!lab_run_all(runner, &command, 1))
				return false;
			connected[h] = !strncmp(command.out, "true", 4);
			if (!connected[h]) {
				n_missing++;
				missing = h;
			}
		}
		if (n_missing && !lab_pause(runner, POLL_MS))
			return false;
	} while (n_missing && now_ms() < end);
	if (n_missing)
		return lab_fail(runner, "%zu of %zu switches did not connect to %s within %d seconds, among "
				"them %s: look into %s/ovs-vswitchd.log and %s/weftd.log", n_missing,
				plan->n_hosts, lab_plan_target(plan), CONNECT_MS / 1000,
				plan->hosts[missing].name, plan->hosts[missing].dir, plan->dir);
	return for_hosts(runner, plan, stop_looking, NULL);
}
