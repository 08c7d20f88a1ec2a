/* SPDX-License-Identifier: Apache-2.0 */
/* config, what is asked for: revisions, going back, confirmations; each with weftd killed behind
 * every step that it makes on the disk, and with a disk that fails at every step. write, fsync,
 * rename and unlink are this program's own here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/confirm.h"
#include "controller/loop.h"
#include "ofproto/log.h"
#include "tests/unit/controller/world.h"

enum { FAR_S = 3600, SOON_MS = 5000, CHECK_MS = 2, MAX_STEPS = 200 };

#define TEXT(PORTS) "version: 1\nswitches: {kvm1: {dpid: 0x11}}\nnetworks:\n  office: {ports: [" PORTS "]}\n"
static const char one[] = TEXT("kvm1:vm-a"), two[] = TEXT("kvm1:vm-a, kvm1:vm-b"), three[] = TEXT("kvm1:vm-c");
static const char bad[] = TEXT("kvm1:vm-a, prots");

static char dir[64], file[96], state_dir[96], folder[128];
static struct loop *loop;
static struct world world;
static struct history *history;
static struct config *config;

/* --- a disk that can fail, and a process that can die ------------------------------------- */

static int n_steps, dies_at, fails_at, fails_from;       /* 0 = never */

static bool step(void)
{
	n_steps++;
	if (n_steps == dies_at)
		_exit(9);
	if (n_steps != fails_at && (!fails_from || n_steps < fails_from))
		return true;
	errno = EIO;
	return false;
}

int fsync(int fd) { return step() ? (int) syscall(SYS_fsync, fd) : -1; }
int rename(const char *from, const char *to) { return step() ? (int) syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to) : -1; }
int unlink(const char *path) { return step() ? (int) syscall(SYS_unlinkat, AT_FDCWD, path, 0) : -1; }

/* Half of it arrives; then the disk is full, or the power gone. */
ssize_t write(int fd, const void *data, size_t size)
{
	struct stat st;
	bool is_ours = !fstat(fd, &st) && S_ISREG(st.st_mode);
	if (!is_ours)
		return syscall(SYS_write, fd, data, size);
	if (n_steps + 1 == dies_at || n_steps + 1 == fails_at)
		syscall(SYS_write, fd, data, size / 2);
	if (step())
		return syscall(SYS_write, fd, data, size);
	errno = ENOSPC;
	return -1;
}

static void disk_is_fine(void) { n_steps = dies_at = fails_at = fails_from = 0; }

/* --- a weftd ------------------------------------------------------------------------------- */

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
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

static void on_changed(void *ctx) { (void) ctx; }

static struct config_state now(void)
{
	struct config_state state;
	config_state(config, &state);
	return state;
}

static void start(void)
{
	loop = loop_new();
	history = history_new(folder);
	config = config_new(loop, file, history);
	struct net *net = config_take_net(config);
	assert_non_null(net);
	world = (struct world) { .core = core_new(net, 1000000) };
	world.core->wall_ms = loop_wall_ms();
	config_start(config, world.core, on_changed, NULL);
}

static void stop(void)
{
	config_free(config);
	history_free(history);
	if (world.core)
		world_uninit(&world);
	loop_free(loop);
	config = NULL;
	history = NULL;
	loop = NULL;
	memset(&world, 0, sizeof world);
}

static void restart(void)
{
	stop();
	start();
}

static void make_folder(void)
{
	snprintf(dir, sizeof dir, "/tmp/weft-apply-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof file, "%s/topology.yaml", dir);
	snprintf(state_dir, sizeof state_dir, "%s/state", dir);
	snprintf(folder, sizeof folder, "%s/history", state_dir);
	assert_int_equal(mkdir(state_dir, 0700), 0);
	put(file, one);
}

static void remove_folder(void)
{
	char command[128];
	snprintf(command, sizeof command, "rm -rf %s", dir);
	assert_int_equal(system(command), 0);
}

static int set_up(void **state)
{
	(void) state;
	disk_is_fine();
	make_folder();
	start();
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	disk_is_fine();
	stop();
	remove_folder();
	return 0;
}

static void stop_loop(void *ctx) { loop_stop(ctx); }

static void run_for(uint32_t ms)
{
	struct loop_timer *t = loop_timer_new(loop, stop_loop, loop);
	loop_timer_again(t, ms);
	loop_run(loop);
	loop_timer_free(t);
}

static const char *apply(const char *text, uint32_t confirm_s)
{
	struct config_asked asked = { .uid = 1000, .message = "because", .confirm_s = confirm_s };
	return config_apply(config, text, strlen(text), &asked);
}

static const char *rollback(uint32_t number)
{
	struct config_asked asked = { .uid = 1000 };
	return config_rollback(config, number, &asked);
}

static size_t n_ports(void) { return world.core->net->networks[0].n_ports; }

static void assert_in_force(const char *text, uint32_t revision)
{
	char digest[DIGEST_TEXT];
	digest_text(text, strlen(text), digest);
	assert_string_equal(on_disk(), text);
	assert_int_equal(now().revision, revision);
	assert_string_equal(history_last(history)->digest, digest);
	assert_int_equal(history_last(history)->number, revision);
	assert_int_equal(n_ports(), text == two ? 2 : 1);
	assert_null(now().problem);
}

static bool is_written(void)
{
	char path[160];
	snprintf(path, sizeof path, "%s/%s", folder, CONFIRM_NAME);
	return !access(path, F_OK);
}

static void assert_nothing_waits(void)
{
	assert_int_equal(now().waits.revision, 0);
	assert_false(is_written());
}

/* The wait ends, as if its time had been long ago: for the next start. */
static void make_overdue(void)
{
	const char *problem;
	struct confirm c = confirm_read(folder, &problem);
	assert_true(c.revision);
	c.since_wall_ms -= 2 * FAR_S * 1000ull;
	assert_null(confirm_write(folder, &c));
}

/* --- revisions ------------------------------------------------------------------------------ */

static void test_revisions(void **state)
{
	(void) state;
	assert_in_force(one, 1);
	assert_int_equal(history_last(history)->source, HISTORY_START);
	restart();
	assert_in_force(one, 1);        /* unchanged: no revision */
	assert_null(apply(one, 0));
	assert_in_force(one, 1);
	assert_null(apply(two, 0));
	assert_in_force(two, 2);
	assert_int_equal(history_last(history)->source, HISTORY_APPLY);
	assert_int_equal(history_last(history)->uid, 1000);
	assert_string_equal(history_last(history)->message, "because");
	assert_non_null(apply(bad, 0));
	assert_int_equal(history_n(history), 2);
	put(file, three);
	config_reload(config, 7);
	assert_in_force(three, 3);
	assert_int_equal(history_last(history)->source, HISTORY_RELOAD);
	assert_int_equal(history_last(history)->uid, 7);
	put(file, bad);
	config_reload(config, 7);
	assert_int_equal(now().revision, 3);
	put(file, one);
	for (int i = 0; now().revision != 4 && i < SOON_MS / CHECK_MS; i++)
		run_for(CHECK_MS);
	assert_in_force(one, 4);
	assert_int_equal(history_last(history)->source, HISTORY_EDIT);
	stop();
	put(file, two);
	start();
	assert_in_force(two, 5);
	assert_int_equal(history_last(history)->source, HISTORY_START);
}

static void test_rollback(void **state)
{
	(void) state;
	assert_non_null(strstr(rollback(0), "no revision before"));
	assert_null(apply(two, 0));
	assert_null(apply(three, 0));
	assert_null(rollback(0));
	assert_in_force(two, 4);
	assert_int_equal(history_last(history)->source, HISTORY_ROLLBACK);
	assert_int_equal(history_last(history)->of, 2);
	/* Further back, and not to what was just undone. */
	assert_null(rollback(0));
	assert_in_force(one, 5);
	assert_int_equal(history_last(history)->of, 1);
	assert_non_null(strstr(rollback(0), "no revision before"));
	assert_in_force(one, 5);
	assert_non_null(strstr(rollback(77), "there is no revision 77"));
	assert_null(rollback(5));       /* it is in force */
	assert_in_force(one, 5);
}

/* What cannot be kept is not applied; what is on the disk already is. */
static void test_no_history(void **state)
{
	(void) state;
	stop();
	remove_folder();
	make_folder();
	put(folder, "a file where the folder should be");
	start();
	assert_non_null(strstr(now().problem, folder));
	assert_int_equal(now().revision, 0);
	assert_non_null(strstr(apply(two, 0), "nothing was changed"));
	assert_non_null(now().hint);
	assert_non_null(apply(two, 60));
	assert_string_equal(on_disk(), one);
	put(file, two);
	config_reload(config, HISTORY_NOBODY);
	assert_int_equal(n_ports(), 2);
	unlink(folder);
	assert_null(apply(one, 0));
	assert_in_force(one, 1);
}

/* --- confirm -------------------------------------------------------------------------------- */

static void test_confirmed(void **state)
{
	(void) state;
	assert_non_null(strstr(config_confirm(config, 0), "nothing waits"));
	assert_null(apply(two, FAR_S));
	assert_in_force(two, 2);
	assert_int_equal(now().waits.revision, 2);
	assert_int_equal(now().waits.back_to, 1);
	assert_true(now().waits.left_ms > (FAR_S - 60) * 1000 && now().waits.left_ms <= FAR_S * 1000);
	assert_null(config_confirm(config, 0));
	assert_nothing_waits();
	restart();
	assert_in_force(two, 2);
	assert_nothing_waits();
	/* The same again is no change, and needs nobody. */
	assert_null(apply(two, FAR_S));
	assert_nothing_waits();
}

static void run_until_back(const char *text, uint32_t revision)
{
	for (int i = 0; now().revision != revision && i < SOON_MS / CHECK_MS; i++)
		run_for(CHECK_MS);
	assert_in_force(text, revision);
	assert_nothing_waits();
}

static void test_not_confirmed(void **state)
{
	(void) state;
	assert_null(apply(two, 1));
	run_until_back(one, 3);
	assert_int_equal(history_last(history)->source, HISTORY_UNCONFIRMED);
	assert_int_equal(history_last(history)->of, 1);
	assert_non_null(strstr(config_confirm(config, 0), "nobody confirmed revision 2"));
	/* Asked for a moment too late: it is done already. */
	assert_non_null(strstr(rollback(0), "no revision before"));
	restart();
	assert_in_force(one, 3);
}

static void test_restarted_while_it_waits(void **state)
{
	(void) state;
	assert_null(apply(two, FAR_S));
	restart();
	assert_in_force(two, 2);
	assert_int_equal(now().waits.revision, 2);
	assert_true(now().waits.left_ms <= FAR_S * 1000);
	make_overdue();
	restart();
	assert_in_force(one, 3);
	assert_nothing_waits();
	assert_int_equal(history_last(history)->source, HISTORY_UNCONFIRMED);
	restart();
	assert_in_force(one, 3);
}

static void test_others_while_it_waits(void **state)
{
	(void) state;
	assert_null(apply(two, FAR_S));
	assert_non_null(strstr(apply(three, 0), "revision 2 waits"));
	assert_non_null(strstr(apply(three, 60), "revision 2 waits"));
	assert_null(rollback(0));
	assert_in_force(one, 3);
	assert_nothing_waits();
	assert_null(apply(two, FAR_S));
	assert_non_null(strstr(rollback(2), "revision 4 waits"));
	assert_null(rollback(3));
	assert_in_force(one, 5);
	assert_nothing_waits();
	/* SIGHUP changes nothing where the file does not. */
	assert_null(apply(two, FAR_S));
	config_reload(config, HISTORY_NOBODY);
	assert_int_equal(now().waits.revision, 6);
	restart();
	assert_in_force(two, 6);
	assert_int_equal(now().waits.revision, 6);
}

/* An edit is in force at once, as ever, and goes with what waits; its text is kept. */
static void test_edited_while_it_waits(void **state)
{
	(void) state;
	assert_null(apply(two, FAR_S));
	put(file, three);
	config_reload(config, HISTORY_NOBODY);
	assert_in_force(three, 3);
	assert_int_equal(now().waits.revision, 2);
	make_overdue();
	restart();
	assert_in_force(one, 4);
	assert_nothing_waits();
	assert_null(rollback(3));
	assert_in_force(three, 5);
	/* Confirmed, it stays. */
	assert_null(apply(two, FAR_S));
	put(file, one);
	config_reload(config, HISTORY_NOBODY);
	assert_null(config_confirm(config, 0));
	restart();
	assert_in_force(one, 7);
	/* Edited back to what was before, there is nothing to go back to. */
	assert_null(apply(two, FAR_S));
	put(file, one);
	config_reload(config, HISTORY_NOBODY);
	assert_in_force(one, 9);
	assert_nothing_waits();
}

/* Also while no weftd ran. */
static void test_edited_before_the_start(void **state)
{
	(void) state;
	assert_null(apply(two, FAR_S));
	make_overdue();
	stop();
	put(file, three);
	start();
	assert_in_force(one, 4);
	assert_int_equal(history_find(history, 3)->source, HISTORY_START);
	assert_null(apply(two, FAR_S));
	make_overdue();
	stop();
	put(file, bad);
	start();
	assert_in_force(one, 6);
	assert_null(apply(two, FAR_S));
	stop();
	put(file, one);
	start();
	assert_nothing_waits();
	assert_in_force(one, 8);
}

/* The revision before is lost: what waits stays, and that is told. */
static void test_nothing_to_go_back_to(void **state)
{
	char path[160];
	(void) state;
	snprintf(path, sizeof path, "%s/000001.rev", folder);
	assert_null(apply(two, FAR_S));
	put(path, "damaged");
	restart();
	assert_nothing_waits();
	assert_string_equal(on_disk(), two);
	assert_non_null(strstr(now().problem, "000001.rev"));
}

/* The network goes back though the file cannot be written; the file follows when it can. */
static void test_file_that_cannot_be_written(void **state)
{
	(void) state;
	assert_null(apply(two, 1));
	n_steps = 0;
	fails_from = 1;
	for (int i = 0; !now().waits.stuck && i < SOON_MS / CHECK_MS; i++)
		run_for(CHECK_MS);
	assert_int_equal(n_ports(), 1);
	assert_string_equal(on_disk(), two);
	assert_non_null(strstr(now().waits.stuck, "cannot write"));
	assert_non_null(strstr(config_confirm(config, 0), "too late"));
	/* The file is not read again before. */
	config_reload(config, HISTORY_NOBODY);
	assert_int_equal(n_ports(), 1);
	disk_is_fine();
	config_reload(config, HISTORY_NOBODY);
	assert_in_force(one, 3);
	assert_nothing_waits();
}

/* --- killed at every step, and a disk that fails at every step -------------------------------- */

struct deed {
	const char *name;
	void (*before)(void);
	const char *(*act)(void);
	/* After a restart; acknowledged: it had said that it was done. */
	void (*after)(bool acknowledged);
};

static const char *act_apply(void) { return apply(two, 0); }
static const char *act_apply_confirm(void) { return apply(two, FAR_S); }
static const char *act_confirm(void) { return config_confirm(config, 0); }
static const char *act_rollback(void) { return rollback(0); }
static const char *act_start(void)
{
	restart();
	return NULL;
}
static void before_apply(void) {}
static void before_confirm(void) { assert_null(apply(two, FAR_S)); }
static void before_overdue(void)
{
	assert_null(apply(two, FAR_S));
	make_overdue();
}
static void before_next(void)
{
	assert_null(apply(three, 0));
	assert_null(apply(two, 0));
}

static bool is_text(const char *text) { return !strcmp(on_disk(), text); }

static void after_apply(bool acknowledged)
{
	assert_true(is_text(two) || (!acknowledged && is_text(one)));
	assert_in_force(is_text(two) ? two : one, is_text(two) ? 2 : 1);
	assert_nothing_waits();
	assert_int_equal(history_last(history)->uid, is_text(two) ? 1000 : HISTORY_NOBODY);
}

static void after_apply_confirm(bool acknowledged)
{
	assert_true(is_text(two) || (!acknowledged && is_text(one)));
	assert_in_force(is_text(two) ? two : one, is_text(two) ? 2 : 1);
	assert_int_equal(now().waits.revision, is_text(two) ? 2 : 0);
	assert_int_equal(is_written(), is_text(two));
}

static void after_confirm(bool acknowledged)
{
	assert_in_force(two, 2);
	assert_true(!acknowledged || !now().waits.revision);
}

static void after_rollback(bool acknowledged)
{
	assert_true(is_text(one) || (!acknowledged && is_text(two)));
	assert_in_force(is_text(one) ? one : two, is_text(one) ? 3 : 2);
	assert_int_equal(now().waits.revision, is_text(one) ? 0 : 2);
}

/* Whatever happened to the first start, the second one ends what it began. */
static void after_overdue(bool acknowledged)
{
	(void) acknowledged;
	assert_in_force(one, 3);
	assert_nothing_waits();
}

static void after_next(bool acknowledged)
{
	assert_true(is_text(three) || (!acknowledged && is_text(two)));
	assert_in_force(is_text(three) ? three : two, is_text(three) ? 4 : 3);
}

static const struct deed deeds[] = {
	{ "apply", before_apply, act_apply, after_apply },
	{ "apply --confirm", before_apply, act_apply_confirm, after_apply_confirm },
	{ "confirm", before_confirm, act_confirm, after_confirm },
	{ "rollback of what waits", before_confirm, act_rollback, after_rollback },
	{ "rollback", before_next, act_rollback, after_next },
	{ "going back at the start", before_overdue, act_start, after_overdue },
};

/* In a child: dies at a step, or comes to its end and says what was said. */
static int killed_at(const struct deed *deed, int at)
{
	int status;
	stop();                         /* one owner of the folder at a time */
	pid_t pid = fork();
	if (!pid) {
		start();
		deed->before();
		n_steps = 0;
		dies_at = at;
		_exit(deed->act() ? 2 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	start();
	return WEXITSTATUS(status);
}

static void test_killed_at_every_step(void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
		int at = 1;
		for (int end = 9; end == 9; at++) {
			assert_true(at < MAX_STEPS);
			end = killed_at(&deeds[i], at);
			assert_true(end == 0 || end == 9);
			deeds[i].after(end == 0);
			stop();
			remove_folder();
			make_folder();
			start();
		}
		print_message("%s: %d steps\n", deeds[i].name, at - 2);
		assert_true(at > 2);
	}
}

/* Said no: nothing has changed, now and after a restart. Said yes: it is so. */
static void test_disk_fails_at_every_step(void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
		bool was_reached = true;
		for (int at = 1; was_reached; at++) {
			assert_true(at < MAX_STEPS);
			deeds[i].before();
			n_steps = 0;
			fails_at = at;
			bool is_done = !deeds[i].act();
			was_reached = n_steps >= at;
			disk_is_fine();
			restart();
			deeds[i].after(is_done);
			stop();
			remove_folder();
			make_folder();
			start();
		}
	}
}

int main(void)
{
#define T(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_revisions), T(test_rollback), T(test_no_history), T(test_confirmed), T(test_not_confirmed),
		T(test_restarted_while_it_waits), T(test_others_while_it_waits), T(test_edited_while_it_waits),
		T(test_edited_before_the_start), T(test_nothing_to_go_back_to), T(test_file_that_cannot_be_written),
		T(test_killed_at_every_step), T(test_disk_fails_at_every_step),
	};
	log_init("test_config_apply");
	log_set("all", "off");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
