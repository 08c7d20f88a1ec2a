/* SPDX-License-Identifier: Apache-2.0 */
/* config: the file of a running weftd. Bad, good, bad, good; what is kept of the
 * findings; every way in which a file changes on the disk, told by event or seen
 * by the look once a second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "controller/loop.h"
#include "ofproto/log.h"
#include "tests/unit/controller/world.h"

enum { SOON_MS = 5000, CHECK_MS = 2, QUIET_MS = 120, MAX_QUEUE = 65536 };

#define TEXT(NETWORK) "version: 1\nswitches: {kvm1: {dpid: 0x11}}\nnetworks:\n" NETWORK
static const char good[] = TEXT("  office: {ports: [kvm1:vm-a]}\n");
static const char other[] = TEXT("  office: {ports: [kvm1:vm-a, kvm1:vm-b]}\n");
static const char spaced[] = "# the same network\n" TEXT("  office: {ports: [kvm1:vm-a]}\n");
static const char warned[] = TEXT("  office: {ports: [kvm1:vm-a]}\n  idle: {ports: []}\n");
static const char bad[] = TEXT("  office: {prots: [kvm1:vm-a], vlan: 5000}\n");
static const char worse[] = "version: 1\n\tnetworks: {}\n";

static char dir[64], file[96];
static struct loop *loop;
static struct world world;
static struct config *config;
static int n_changed;
static bool is_unwatchable;

int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	if (!is_unwatchable)
		return (int) syscall(SYS_inotify_add_watch, fd, path, mask);
	errno = ENOSPC;
	return -1;
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* As an editor that is careful: a new file takes the old one's name. */
static void put_beside(const char *path, const char *text)
{
	char beside[160];
	snprintf(beside, sizeof beside, "%s.beside", path);
	put(beside, text);
	assert_int_equal(rename(beside, path), 0);
}

static const char *on_disk(void)
{
	static char text[1024];
	FILE *f = fopen(file, "r");
	assert_non_null(f);
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	return text;
}

static void on_changed(void *ctx)
{
	assert_ptr_equal(ctx, &world);
	n_changed++;
}

static struct config_state now(void)
{
	struct config_state state;
	config_state(config, &state);
	return state;
}

static int set_up(void **state)
{
	(void) state;
	snprintf(dir, sizeof dir, "/tmp/weft-config-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(file, sizeof file, "%s/topology.yaml", dir);
	loop = loop_new();
	n_changed = 0;
	is_unwatchable = false;
	return 0;
}

static void begin(const char *text)
{
	put(file, text);
	world_init(&world, text);
	config = config_new(loop, file, NULL);
	config_start(config, world.core, on_changed, &world);
}

static int tear_down(void **state)
{
	(void) state;
	config_free(config);
	config = NULL;
	if (world.core)
		world_uninit(&world);
	memset(&world, 0, sizeof world);
	loop_free(loop);
	unlink(file);
	return rmdir(dir);
}

static void stop(void *ctx) { loop_stop(ctx); }

static void run_for(uint32_t ms)
{
	struct loop_timer *t = loop_timer_new(loop, stop, loop);
	loop_timer_again(t, ms);
	loop_run(loop);
	loop_timer_free(t);
}

/* Until so many loads were made, by event alone. */
static void run_until_loads(uint64_t n)
{
	for (int i = 0; now().n_loads < n; i++) {
		if (i > SOON_MS / CHECK_MS)
			fail_msg("%d loads, not %d", (int) now().n_loads, (int) n);
		run_for(CHECK_MS);
	}
	assert_int_equal(now().n_loads, n);
}

static size_t n_events(const char *kind)
{
	size_t n = 0;
	for (uint64_t id = events_last_id(world.core->events); id; id--) {
		const struct event *event = events_get(world.core->events, id);
		n += !event->is_fact && !strcmp(event->kind, kind);
	}
	return n;
}

/* --- the first load ------------------------------------------------------------------ */

static void test_first_load_good(void **state)
{
	(void) state;
	put(file, good);
	config = config_new(loop, file, NULL);
	struct net *net = config_take_net(config);
	assert_non_null(net);
	assert_null(config_take_net(config));
	assert_string_equal(now().digest, net->digest_text);
	assert_string_equal(now().file, file);
	assert_int_equal(now().n_loads, 1);
	assert_int_equal(diag_n_findings(now().findings), 0);
	assert_false(now().failed);
	net_free(net);
}

static void test_first_load_keeps_warnings(void **state)
{
	(void) state;
	begin(warned);
	assert_false(now().failed);
	assert_int_equal(diag_n_errors(now().findings), 0);
	assert_int_equal(diag_n_findings(now().findings), 1);
	assert_int_equal(diag_finding(now().findings, 0)->code, DIAG_NO_PORTS);
	put(file, good);
	config_reload(config, HISTORY_NOBODY);
	assert_int_equal(diag_n_findings(now().findings), 0);
	put(file, warned);
	config_reload(config, HISTORY_NOBODY);
	assert_int_equal(diag_n_findings(now().findings), 1);
}

static void test_first_load_bad(void **state)
{
	(void) state;
	put(file, bad);
	config = config_new(loop, file, NULL);
	assert_null(config_take_net(config));
	assert_true(now().failed);
	assert_int_equal(now().n_failures, 1);
	assert_int_equal(diag_n_errors(now().findings), 3);
	config_free(config);
	unlink(file);
	config = config_new(loop, file, NULL);
	assert_null(config_take_net(config));
	assert_true(now().failed);
	assert_int_equal(diag_n_errors(now().findings), 1);
}

/* --- reloads -------------------------------------------------------------------------- */

static void test_bad_good_bad_good(void **state)
{
	static const struct {
		const char *text;
		int n_errors, n_changed;
		bool is_other;                  /* what is in force then */
	} steps[] = {
		{ bad, 3, 0, false }, { good, 0, 0, false }, { worse, 1, 0, false }, { other, 0, 1, true },
		{ bad, 3, 1, true }, { worse, 1, 1, true }, { "", 2, 1, true }, { good, 0, 2, false },
	};
	char digests[2][17];
	unsigned n_bad = 0;
	(void) state;
	begin(other);
	snprintf(digests[1], sizeof digests[1], "%s", now().digest);
	put(file, good);
	config_reload(config, HISTORY_NOBODY);
	snprintf(digests[0], sizeof digests[0], "%s", now().digest);
	n_changed = 0;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		const struct net *before = world.core->net;
		put(file, steps[i].text);
		config_reload(config, HISTORY_NOBODY);
		bool is_bad = steps[i].n_errors > 0;
		n_bad += is_bad;
		assert_int_equal(now().failed, is_bad);
		assert_int_equal(now().n_loads, i + 3);
		assert_int_equal(now().n_failures, n_bad);
		assert_int_equal(n_events("config-refused"), n_bad);
		assert_int_equal(diag_n_errors(now().findings), steps[i].n_errors);
		assert_int_equal(n_changed, steps[i].n_changed);
		assert_string_equal(now().digest, digests[steps[i].is_other]);
		assert_string_equal(world.core->net->digest_text, digests[steps[i].is_other]);
		if (is_bad)
			assert_ptr_equal(world.core->net, before);
		assert_int_equal(world.core->net->networks[0].n_ports, steps[i].is_other ? 2 : 1);
	}
}

static void test_the_same_again(void **state)
{
	(void) state;
	begin(good);
	const struct net *net = world.core->net;
	config_reload(config, HISTORY_NOBODY);
	assert_ptr_equal(world.core->net, net);
	assert_int_equal(now().n_unchanged, 1);
	assert_int_equal(n_changed, 0);
	/* The same network on other lines: rows name lines, so it is taken. */
	put(file, spaced);
	config_reload(config, HISTORY_NOBODY);
	assert_int_equal(now().n_unchanged, 2);
	assert_int_equal(n_changed, 1);
	assert_int_equal(world.core->net->networks[0].where.line, 5);
}

/* --- apply ---------------------------------------------------------------------------- */

static void test_apply(void **state)
{
	(void) state;
	begin(good);
	assert_null(config_apply(config, other, strlen(other), NULL));
	assert_string_equal(on_disk(), other);
	assert_int_equal(world.core->net->networks[0].n_ports, 2);
	assert_int_equal(n_changed, 1);
	assert_null(now().refused);
	/* Its own writing is told by event as well, and is nothing new. */
	run_until_loads(3);
	assert_int_equal(now().n_unchanged, 1);
	assert_int_equal(n_changed, 1);
}

/* A text that was refused says nothing about the file, and the other way round. */
static void test_apply_refused(void **state)
{
	(void) state;
	begin(warned);
	assert_non_null(strstr(config_apply(config, bad, strlen(bad), NULL), "nothing was changed"));
	assert_string_equal(on_disk(), warned);
	assert_int_equal(n_changed, 0);
	assert_false(now().failed);
	assert_int_equal(now().n_failures, 1);
	assert_int_equal(diag_n_errors(now().refused), 3);
	assert_int_equal(diag_n_errors(now().findings), 0);
	assert_int_equal(diag_n_findings(now().findings), 1);

	put(file, worse);
	config_reload(config, HISTORY_NOBODY);
	assert_non_null(config_apply(config, bad, strlen(bad), NULL));
	assert_true(now().failed);
	assert_int_equal(diag_n_errors(now().findings), 1);
	assert_null(config_apply(config, good, strlen(good), NULL));
	assert_false(now().failed);
	assert_null(now().refused);
	assert_int_equal(diag_n_findings(now().findings), 0);
	assert_string_equal(on_disk(), good);
}

static void test_apply_without_a_folder(void **state)
{
	char away[96];
	(void) state;
	begin(good);
	snprintf(away, sizeof away, "%s-away", dir);
	assert_int_equal(rename(dir, away), 0);
	const char *problem = config_apply(config, other, strlen(other), NULL);
	assert_int_equal(rename(away, dir), 0);
	assert_non_null(problem);
	assert_non_null(strstr(problem, "No such file or directory; nothing was changed"));
	assert_null(now().refused);
	assert_int_equal(n_changed, 0);
	assert_string_equal(on_disk(), good);
}

/* --- the file on the disk ------------------------------------------------------------- */

static void test_told_by_event(void **state)
{
	(void) state;
	begin(good);
	put(file, other);
	run_until_loads(2);
	assert_int_equal(n_changed, 1);
	put_beside(file, good);
	run_until_loads(3);
	put(file, bad);
	run_until_loads(4);
	assert_true(now().failed);
	put_beside(file, other);
	run_until_loads(5);
	assert_false(now().failed);
	assert_int_equal(n_changed, 3);
}

/* Not one load for another file, for one that is still being written, nor for each
 * of an editor's steps. */
static void test_no_load_too_many(void **state)
{
	char sibling[128];
	(void) state;
	begin(good);
	snprintf(sibling, sizeof sibling, "%s.swp", file);
	put(sibling, bad);
	unlink(sibling);
	FILE *f = fopen(file, "w");
	assert_non_null(f);
	fputs("version: 1\n", f);
	fflush(f);
	run_for(QUIET_MS);
	config_look(config);
	config_look(config);
	assert_int_equal(now().n_loads, 1);
	fclose(f);
	for (int i = 0; i < 5; i++)
		put_beside(file, i % 2 ? bad : other);
	run_until_loads(2);
	run_for(QUIET_MS);
	assert_int_equal(now().n_loads, 2);
	assert_false(now().failed);
}

/* More events than the kernel keeps: ours may be among the lost ones. */
static void test_too_many_events(void **state)
{
	char names[2][128];
	unsigned n = 0;
	(void) state;
	FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
	if (!f || fscanf(f, "%u", &n) != 1 || n > MAX_QUEUE)
		skip();
	fclose(f);
	begin(good);
	for (int i = 0; i < 2; i++)
		snprintf(names[i], sizeof names[i], "%s/%d", dir, i);
	for (unsigned i = 0; i <= n; i++)
		put(names[i % 2], "");
	put(file, other);
	run_until_loads(2);
	assert_int_equal(n_changed, 1);
	unlink(names[0]);
	unlink(names[1]);
}

static void test_seen_by_looking(void **state)
{
	(void) state;
	begin(good);
	unlink(file);
	config_look(config);
	assert_int_equal(now().n_loads, 1);     /* perhaps an editor is at it */
	config_look(config);
	assert_int_equal(now().n_loads, 2);
	assert_true(now().failed);
	config_look(config);
	config_look(config);
	assert_int_equal(now().n_loads, 2);
	put(file, other);
	run_until_loads(3);
	assert_false(now().failed);
}

/* What a link leads to: written, and another one. */
static void test_links(void **state)
{
	char real[2][96], link[128];
	(void) state;
	begin(good);
	for (int i = 0; i < 2; i++) {
		snprintf(real[i], sizeof real[i], "/tmp/weft-config-%d-%d", getpid(), i);
		put(real[i], i ? good : other);
	}
	snprintf(link, sizeof link, "%s.link", file);
	assert_int_equal(symlink(real[0], link), 0);
	assert_int_equal(rename(link, file), 0);
	run_until_loads(2);
	assert_int_equal(world.core->net->networks[0].n_ports, 2);
	put(real[0], good);
	run_until_loads(3);
	assert_int_equal(world.core->net->networks[0].n_ports, 1);
	assert_null(config_apply(config, other, strlen(other), NULL));
	struct stat st;
	assert_int_equal(lstat(file, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	uint64_t n = now().n_loads;
	/* Nothing tells that the target was exchanged; the look sees it. */
	put_beside(real[0], good);
	config_look(config);
	config_look(config);
	assert_int_equal(now().n_loads, n + 1);
	assert_int_equal(world.core->net->networks[0].n_ports, 1);
	unlink(real[0]);
	unlink(real[1]);
}

/* No watches left: an exchanged file is seen all the same. */
static void test_unwatchable(void **state)
{
	(void) state;
	is_unwatchable = true;
	begin(good);
	put_beside(file, other);
	run_for(QUIET_MS);
	assert_int_equal(now().n_loads, 1);
	config_look(config);
	config_look(config);
	assert_int_equal(now().n_loads, 2);
	assert_int_equal(n_changed, 1);
	put_beside(file, good);
	config_reload(config, HISTORY_NOBODY);
	assert_int_equal(n_changed, 2);
}

int main(void)
{
#define T(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_first_load_good), T(test_first_load_keeps_warnings), T(test_first_load_bad),
		T(test_bad_good_bad_good), T(test_the_same_again), T(test_apply), T(test_apply_refused),
		T(test_apply_without_a_folder), T(test_told_by_event), T(test_no_load_too_many),
		T(test_too_many_events), T(test_seen_by_looking), T(test_links), T(test_unwatchable),
	};
	log_init("test_config");
	log_set("all", "off");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
