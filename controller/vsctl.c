/* SPDX-License-Identifier: Apache-2.0 */
/* vsctl: running Open vSwitch's programs. What their output means is in vsctl_rows.c. */
#include "controller/vsctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const columns[N_VSCTL_TABLES][2] = {
	[VSCTL_SWITCH] = { "Open_vSwitch", "_uuid,ovs_version,other_config,external_ids,ssl,manager_options,bridges" },
	[VSCTL_SSL] = { "SSL", "_uuid,private_key,certificate,ca_cert" },
	[VSCTL_CONTROLLER] = { "Controller", "_uuid,target,connection_mode,is_connected,role,status,max_backoff,inactivity_probe" },
	[VSCTL_BRIDGE] = { "Bridge", "_uuid,name,controller,datapath_id,datapath_type,fail_mode,protocols,ports,other_config,external_ids" },
	[VSCTL_PORT] = { "Port", "_uuid,name,interfaces" },
	[VSCTL_INTERFACE] = { "Interface", "_uuid,name,type,options,ofport,error,mtu,bfd,bfd_status,external_ids" },
};

/* The runner stops at the first thing that goes wrong; here nothing is lost by going on. */
static void forgive(struct lab_runner *runner)
{
	runner->failed = false;
	runner->error = NULL;
}

static const char *trimmed(struct arena *arena, const char *text)
{
	size_t len = strlen(text);
	while (len && (text[len - 1] == '\n' || text[len - 1] == ' '))
		len--;
	return arena_strndup(arena, text, len);
}

static bool is_installed(const char *program)
{
	const char *path = getenv("PATH");
	char file[4096];
	for (path = path ? path : "/usr/bin:/bin"; *path; path += strspn(path, ":")) {
		size_t len = strcspn(path, ":");
		snprintf(file, sizeof file, "%.*s/%s", (int) len, path, program);
		if (!access(file, X_OK))
			return true;
		path += len;
	}
	return false;
}

static bool run(struct lab_runner *runner, struct lab_command *command, const char **ret_why)
{
	command->may_fail = true;
	if (!is_installed(command->argv[0])) {
		*ret_why = arena_printf(runner->arena, "%s is not installed here; on Debian: apt-get install openvswitch-switch",
					command->argv[0]);
		return false;
	}
	if (!lab_run_all(runner, command, 1)) {
		*ret_why = trimmed(runner->arena, runner->error);
		forgive(runner);
		return false;
	}
	return true;
}

/* What ovs-vsctl says, and what to do about it where that is known. */
static const char *vsctl_why(struct lab_runner *runner, const struct lab_command *command)
{
	const char *said = trimmed(runner->arena, command->err[0] ? command->err : command->out), *cure = "";
	if (strstr(said, "database connection failed"))
		cure = geteuid() ? "\nrun this as root; if it is root that says so, start Open vSwitch: systemctl start openvswitch-switch"
				 : "\nOpen vSwitch does not run here; start it: systemctl start openvswitch-switch";
	else if (WIFSIGNALED(command->status) || strstr(said, "Alarm clock"))
		cure = "\novs-vswitchd does not take the change; does it run? systemctl restart openvswitch-switch\n"
		       "(the database has the change: it comes into force when ovs-vswitchd runs)";
	else if (strstr(said, "no row") || strstr(said, "no bridge"))
		cure = "\nit was changed by somebody else meanwhile; run this again";
	return arena_printf(runner->arena, "%s%s", said[0] ? said : "ovs-vsctl ended without a word", cure);
}

const char *vsctl_read(struct lab_runner *runner, struct vsctl *ovs)
{
	struct args args = { .arena = runner->arena };
	const char *why;
	*ovs = (struct vsctl) { 0 };
	add_all(&args, "ovs-vsctl", "--timeout=10", "--format=json", NULL);
	for (size_t i = 0; i < N_VSCTL_TABLES; i++) {
		add(&args, "--");
		add(&args, "--columns=%s", columns[i][1]);
		add_all(&args, "list", columns[i][0], NULL);
	}
	struct lab_command command = { .argv = args.v };
	if (!run(runner, &command, &why))
		return why;
	if (command.status)
		return vsctl_why(runner, &command);
	if (vsctl_parse(ovs, command.out))
		return NULL;
	vsctl_uninit(ovs);
	return "what ovs-vsctl prints cannot be read; is it Open vSwitch 2.13 or later?";
}

const char *vsctl_run(struct lab_runner *runner, const struct args *args, const char **ret_said)
{
	struct args all = { .arena = runner->arena };
	const char *why;
	add_all(&all, "ovs-vsctl", "--timeout=30", NULL);
	for (size_t i = 0; i < args->n; i++)
		add(&all, "%s", args->v[i]);
	struct lab_command command = { .argv = all.v };
	*ret_said = "";
	if (!run(runner, &command, &why))
		return why;
	if (command.status)
		return vsctl_why(runner, &command);
	*ret_said = trimmed(runner->arena, command.err);
	return NULL;
}

const char *vsctl_ask(struct lab_runner *runner, const char **argv, const char **ret_why)
{
	struct lab_command command = { .argv = argv };
	if (!run(runner, &command, ret_why))
		return NULL;
	if (!command.status)
		return command.out;
	*ret_why = trimmed(runner->arena, command.err[0] ? command.err : command.out);
	return NULL;
}

const char *vsctl_flows(struct lab_runner *runner, const char *bridge, const char **ret_why)
{
	const char **argv = lab_argv(runner->arena, "ovs-ofctl", "--timeout=10", "--no-stats", "--no-names", "-O",
				     "OpenFlow10,OpenFlow11,OpenFlow12,OpenFlow13,OpenFlow14,OpenFlow15", "dump-flows",
				     bridge, NULL);
	return vsctl_ask(runner, argv, ret_why);
}
