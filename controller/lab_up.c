/* SPDX-License-Identifier: Apache-2.0 */
/* `weft lab up`: the steps in order. When one fails, what was built is taken
 * down again, and the message names the command that failed and what it said. */
#include "controller/lab.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The lab's directory is removed with the lab, so it must be ours alone. */
static bool check_dir(struct lab_runner *runner, const char *path)
{
	struct dirent *file;
	DIR *dir = opendir(path);
	bool empty = true;

	if (!dir)
		return errno == ENOENT || lab_fail(runner, "cannot read %s: %s", path, strerror(errno));
	while ((file = readdir(dir))) {
		if (!strcmp(file->d_name, "lab.json")) {
			closedir(dir);
			return lab_fail(runner, "there is a lab in %s already: take it down with `weft lab down "
					"--dir %s`, or give the new one another --name or --dir", path, path);
		}
		empty &= !strcmp(file->d_name, ".") || !strcmp(file->d_name, "..");
	}
	closedir(dir);
	return empty || lab_fail(runner, "%s is not empty: a lab wants a directory of its own, for it is "
				 "removed with the lab", path);
}

static bool take_dir(struct lab_runner *runner, const char *path)
{
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/'))
		mkdir(arena_strndup(runner->arena, path, (size_t) (slash - path)), 0755);
	return mkdir(path, 0755) == 0 || errno == EEXIST ||
	       lab_fail(runner, "cannot make the directory %s: %s", path, strerror(errno));
}

/* A namespace that is there is somebody's; it must not end up in our record. */
static bool check_namespaces(struct lab_runner *runner, const struct lab_plan *plan)
{
	for (size_t i = 0; i < plan->n_namespaces; i++) {
		const char *path = arena_printf(runner->arena, "/run/netns/%s", plan->namespaces[i]);

		if (access(path, F_OK) == 0)
			return lab_fail(runner, "the network namespace %s is there already, perhaps of "
					"another lab: take that down (`weft lab down --name %s`, or --dir if it "
					"was built with one), or choose another --name", plan->namespaces[i],
					plan->name);
	}
	return true;
}

static bool write_record(struct lab_runner *runner, const struct lab_plan *plan,
			 const struct lab_options *options, enum lab_state state, pid_t weftd)
{
	json_t *root = lab_json(plan, options, state, weftd);
	bool ok = lab_json_write(runner, plan, root);

	json_decref(root);
	return ok;
}

/* DIR/names: what /etc/hosts is for `weft lab exec`. */
static bool write_names(struct lab_runner *runner, const struct lab_plan *plan)
{
	const char *path = arena_printf(runner->arena, "%s/names", plan->dir);
	FILE *file = fopen(path, "we");

	if (!file)
		return lab_fail(runner, "cannot write %s: %s", path, strerror(errno));
	fprintf(file, "127.0.0.1 localhost\n::1 localhost\n");
	for (size_t i = 0; i < plan->n_vms; i++) {
		const struct lab_vm *vm = &plan->vms[i];

		if (vm->n_stands && vm->stands[0].ip)
			fprintf(file, "%s %s\n", vm->stands[0].ip, vm->name);
		if (vm->n_stands && vm->stands[0].ip6)
			fprintf(file, "%s %s\n", vm->stands[0].ip6, vm->name);
	}
	return fclose(file) == 0 || lab_fail(runner, "cannot write %s: %s", path, strerror(errno));
}

/* weftd first: switches connect when they start. Open vSwitch 3.1 heeds
 * max_backoff only after the first connection, and would else try again after 1,
 * 2, 4, 8 seconds. */
static bool build(struct lab_runner *runner, struct lab_plan *plan,
		  const struct lab_options *options, pid_t *weftd)
{
	return write_record(runner, plan, options, LAB_BUILDING, 0) &&
	       lab_namespaces_up(runner, plan) && lab_pki_up(runner, plan) &&
	       lab_weftd_up(runner, plan, options, weftd) &&
	       write_record(runner, plan, options, LAB_BUILDING, *weftd) &&
	       lab_vlans_up(runner, plan) && lab_vteps_up(runner, plan) && write_names(runner, plan) &&
	       lab_rates_up(runner, plan) && lab_bridges_open(runner, plan) && lab_hosts_up(runner, plan) &&
	       (!options->weftd || options->no_wait || lab_hosts_connected(runner, plan)) &&
	       write_record(runner, plan, options, LAB_UP, *weftd);
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) (now.tv_sec - start->tv_sec) + (double) (now.tv_nsec - start->tv_nsec) / 1e9;
}

static void print_lab(const struct lab_plan *plan, const struct lab_options *options, double seconds)
{
	const char *where;

	printf("lab %s is up: %zu switches, %zu VMs, in %.1f s\n", plan->name, plan->n_hosts,
	       plan->n_vms, seconds);
	for (size_t i = 0; i < plan->n_vms; i++) {
		const struct lab_vm *vm = &plan->vms[i];

		printf("  %-16s %s:%-16s", vm->name,
		       lab_vm_at(plan, vm), vm->port);
		for (size_t j = 0; j < vm->n_stands; j++)
			printf("%s%s %s", j ? ", " : "  ", vm->stands[j].network,
			       vm->stands[j].ip ? vm->stands[j].ip : "-");
		putchar('\n');
	}
	printf("next:\n");
	if (options->weftd)
		printf("  weft --run-dir %s/run status\n", plan->dir);
	else
		printf("  no weftd was started; the switches try %s in namespace %s\n",
		       lab_plan_target(plan), plan->ctl_ns);
	/* The lab without a name needs no words to be found. */
	where = strcmp(plan->dir, LAB_DEFAULT_DIR "/weft") ? arena_printf(plan->arena, " --dir %s", plan->dir) : "";
	printf("  weft lab ping%s\n"
	       "  weft lab exec%s %s -- ip address\n"
	       "  weft lab down%s\n", where, where, plan->n_vms ? plan->vms[0].name : plan->hosts[0].name, where);
}

int lab_up(struct lab_plan *plan, const struct lab_options *options)
{
	struct lab_runner runner;
	struct timespec start;
	pid_t weftd = 0;
	bool ok, took_dir = false;

	clock_gettime(CLOCK_MONOTONIC, &start);
	lab_runner_init(&runner, plan->arena, true);
	ok = check_dir(&runner, plan->dir) && check_namespaces(&runner, plan) &&
	     (took_dir = take_dir(&runner, plan->dir)) && build(&runner, plan, options, &weftd);
	if (!ok) {
		fprintf(stderr, "weft lab: %s\n", runner.error);
		if (took_dir) {
			fprintf(stderr, "weft lab: taking down what was built\n");
			lab_down(plan->dir, true);
			rmdir(plan->dir);       /* there was no record yet */
		}
	} else if (options->json) {
		json_t *root = lab_json(plan, options, LAB_UP, weftd);

		json_dumpf(root, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(root);
	} else {
		print_lab(plan, options, seconds_since(&start));
	}
	lab_runner_uninit(&runner);
	return ok ? 0 : 1;
}
