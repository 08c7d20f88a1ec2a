/* SPDX-License-Identifier: Apache-2.0 */
/* `weft lab status` and `weft lab exec`: look at a running lab, go into it. */
#include "controller/lab.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* --- status ------------------------------------------------------------------------- */

static bool is_up(const json_t *object, const char *pid_file_key, const char *dir)
{
	return lab_is_alive(lab_pid_of(text_of(object, pid_file_key)), dir);
}

/* The recorded one, or one that somebody started in its place. */
static bool is_weftd_up(const json_t *weftd, const char *dir)
{
	return is_up(weftd, "pid_file", dir) || lab_weftd_answers(text_of(weftd, "socket"));
}

/* As of the last five seconds. */
static void ask_connected(struct lab_runner *runner, const json_t *hosts, struct lab_command *commands)
{
	json_t *host;
	const char *name;
	size_t n = 0;

	json_object_foreach((json_t *) hosts, name, host) {
		commands[n].argv = lab_argv(runner->arena, "ovs-vsctl", "--timeout=5", "--no-wait",
					    arena_printf(runner->arena, "--db=unix:%s", text_of(host, "db")),
					    "--bare", "--columns=is_connected", "list", "Controller", NULL);
		commands[n++].may_fail = true;
	}
	lab_run_all(runner, commands, n);
}

/* {weftd_wanted, weftd, hosts: {NAME: {vswitchd, ovsdb, connected}}, missing_namespaces} */
static json_t *status_json(struct lab_runner *runner, const json_t *root)
{
	const char *dir = text_of(root, "dir"), *name;
	json_t *hosts = json_object_get(root, "hosts"), *weftd = json_object_get(root, "weftd"), *host,
	       *item, *missing = json_array(), *shown = json_object();
	struct lab_command *commands = arena_new_array(runner->arena, struct lab_command,
						       json_object_size(hosts));
	bool wanted = json_is_string(json_object_get(weftd, "program"));
	size_t n = 0, i;

	ask_connected(runner, hosts, commands);
	json_object_foreach(hosts, name, host) {
		const char *out = commands[n].out;
		bool connected = out && !strncmp(out, "true", 4);

		json_object_set_new(shown, name,
				    json_pack("{s:b, s:b, s:b}", "vswitchd", is_up(host, "vswitchd_pid_file", dir),
					      "ovsdb", is_up(host, "ovsdb_pid_file", dir), "connected",
					      connected));
		n++;
	}
	json_array_foreach(json_object_get(root, "namespaces"), i, item) {
		const char *path = arena_printf(runner->arena, "/run/netns/%s", json_string_value(item));

		if (access(path, F_OK) < 0)
			json_array_append(missing, item);
	}
	return json_pack("{s:b, s:b, s:o, s:o}", "weftd_wanted", wanted, "weftd",
			 wanted && is_weftd_up(weftd, dir), "hosts", shown, "missing_namespaces",
			 missing);
}

static bool is_fine(const json_t *status, const json_t *root)
{
	bool wanted = json_is_true(json_object_get(status, "weftd_wanted"));
	json_t *host;
	const char *name;

	if (strcmp(text_of(root, "state"), "up") ||
	    (wanted && !json_is_true(json_object_get(status, "weftd"))) ||
	    json_array_size(json_object_get(status, "missing_namespaces")))
		return false;
	json_object_foreach(json_object_get(status, "hosts"), name, host) {
		if (!json_is_true(json_object_get(host, "vswitchd")) ||
		    !json_is_true(json_object_get(host, "ovsdb")) ||
		    (wanted && !json_is_true(json_object_get(host, "connected"))))
			return false;
	}
	return true;
}

static void print_status(const json_t *status, const json_t *root)
{
	json_t *host, *item;
	const char *name;
	size_t i;

	printf("lab %s in %s: %s\n", text_of(root, "name"), text_of(root, "dir"),
	       is_fine(status, root) ? "up" : strcmp(text_of(root, "state"), "up") ? "built by half" : "broken");
	printf("  weftd: %s\n", !json_is_true(json_object_get(status, "weftd_wanted")) ? "not started" :
	       json_is_true(json_object_get(status, "weftd")) ? "running" : "gone");
	json_object_foreach(json_object_get(status, "hosts"), name, host)
		printf("  %-16s ovs-vswitchd %s, ovsdb-server %s, controller %s\n", name,
		       json_is_true(json_object_get(host, "vswitchd")) ? "running" : "gone",
		       json_is_true(json_object_get(host, "ovsdb")) ? "running" : "gone",
		       json_is_true(json_object_get(host, "connected")) ? "connected" : "not connected");
	json_object_foreach(json_object_get(root, "vms"), name, item)
		printf("  %-16s %-24s %s %s\n", name, text_of(item, "where"), text_of(item, "mac"),
		       text_of(item, "ip"));
	json_array_foreach(json_object_get(status, "missing_namespaces"), i, item)
		printf("  namespace %s is gone\n", json_string_value(item));
}

int lab_status(const char *dir, bool json)
{
	const char *error;
	json_t *root = lab_json_read(dir, &error), *status;
	struct arena *arena;
	struct lab_runner runner;
	bool fine;

	if (!root) {
		fprintf(stderr, "weft lab: %s\n", error);
		return 1;
	}
	arena = arena_new();
	lab_runner_init(&runner, arena, false);
	status = status_json(&runner, root);
	fine = is_fine(status, root);
	if (json) {
		json_object_set(root, "running", status);
		json_dumpf(root, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		print_status(status, root);
	}
	json_decref(status);
	json_decref(root);
	lab_runner_uninit(&runner);
	arena_free(arena);
	return fine ? 0 : 3;
}

/* --- exec --------------------------------------------------------------------------- */

static const char *namespace_of(const json_t *root, const char *what)
{
	json_t *hosts = json_object_get(root, "hosts"), *vms = json_object_get(root, "vms"), *vm;
	const char *name;

	if (json_object_get(vms, what))
		return text_of(json_object_get(vms, what), "ns");
	if (json_object_get(hosts, what))
		return text_of(json_object_get(hosts, what), "ns");
	json_object_foreach(vms, name, vm) {
		if (!strcmp(text_of(vm, "where"), what))
			return text_of(vm, "ns");
	}
	if (!strcmp(what, "ctl") || !strcmp(what, "lan") || !strcmp(what, "underlay"))
		return text_of(json_object_get(root, what), "ns");
	return "";
}

static void print_choices(const json_t *root)
{
	json_t *value;
	const char *name;

	fprintf(stderr, "there are: ctl");
	json_object_foreach(json_object_get(root, "hosts"), name, value)
		fprintf(stderr, " %s", name);
	json_object_foreach(json_object_get(root, "vms"), name, value)
		fprintf(stderr, " %s", name);
	fputc('\n', stderr);
}

/* The lab's VMs by name, for this process and what it becomes: a private mount
 * over /etc/hosts. Without it the command runs as well. */
static void use_names(const json_t *root)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/names", text_of(root, "dir"));
	if (access(path, R_OK) == 0 && unshare(CLONE_NEWNS) == 0 &&
	    mount("", "/", NULL, MS_REC | MS_SLAVE, NULL) == 0)
		mount(path, "/etc/hosts", NULL, MS_BIND, NULL);
}

int lab_exec(const char *dir, const char *what, char **argv)
{
	const char *error, *ns, **full;
	json_t *root = lab_json_read(dir, &error), *host;
	size_t n = 0;

	if (!root) {
		fprintf(stderr, "weft lab: %s\n", error);
		return 1;
	}
	ns = namespace_of(root, what);
	if (!ns[0]) {
		fprintf(stderr, "weft lab: the lab has no \"%s\"; ", what);
		print_choices(root);
		json_decref(root);
		return 1;
	}
	host = json_object_get(json_object_get(root, "hosts"), what);
	if (host)
		setenv("OVS_RUNDIR", text_of(host, "dir"), 1);
	use_names(root);
	while (argv[n])
		n++;
	full = xheap_alloc((n + 5) * sizeof *full);
	full[0] = "ip";
	full[1] = "netns";
	full[2] = "exec";
	full[3] = ns;
	memcpy(full + 4, argv, n * sizeof *argv);
	execvp("ip", (char **) full);
	fprintf(stderr, "weft lab: cannot run ip: %s\n", strerror(errno));
	free(full);
	json_decref(root);
	return 1;
}
