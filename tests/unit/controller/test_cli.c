/* SPDX-License-Identifier: Apache-2.0 */
/* cli: the whole command, each time in a process of its own, against an API in
 * another one: words, JSON, exit codes, and what is said when something is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/cli.h"
#include "controller/cli_table.h"
#include "controller/client.h"
#include "controller/loop.h"
#include "ofproto/log.h"
#include "tests/unit/controller/world.h"

static const char good[] =
	"version: 1\n"
	"switches: {kvm1: {dpid: 0x11}}\n"
	"networks:\n"
	"  office:\n"
	"    ports: [kvm1:vm-a, kvm1:vm-b]\n"
	"  yard:\n"
	"    ports: [{port: kvm1:vm-a, tag: 30}]\n";
static const char bad[] = "version: 1\nnetworks:\n  office:\n    prots: [\"*:*\"]\n    vlan: 5000\n";

static char dir[64];
static pid_t server;

/* --- the other side --------------------------------------------------------------------- */

static void on_changed(void *ctx) { (void) ctx; }

static void make_event(void *ctx)
{
	struct world *world = ctx;
	events_note(world->core->events, loop_wall_ms(), EVENT_ERROR, "row-refused", "kvm1", "a row \x1b[31m was refused");
}

static const char *in_dir(const char *name)
{
	static char paths[4][128];
	static unsigned turn;
	char *path = paths[turn++ % 4];
	snprintf(path, sizeof paths[0], "%s/%s", dir, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(in_dir(name), "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* Runs until it is killed. */
static void serve(int ready)
{
	static const char *const ports[] = { "vm-a", "vm-b", "spare" };
	static char listener[] = "ssl:[::]:6653";
	static char *listeners[] = { listener, NULL };
	const char *error = NULL;
	struct world world;
	signal(SIGPIPE, SIG_IGN);
	struct loop *loop = loop_new();
	world_init(&world, good);
	world.core->now_ms = loop_now_ms(loop);
	world_connect(&world, "kvm1", ports, 3);
	world_learn(&world, "office", 1, 0, 1);
	world_learn(&world, "yard", 2, 0, 1);
	world_take_rows(&world, 0);
	struct history *history = history_new(in_dir("history"));
	struct config *config = config_new(loop, in_dir("topology.yaml"), history);
	config_start(config, world.core, on_changed, NULL);
	struct api_world seen = { .core = world.core, .config = config, .listeners = listeners,
				  .started_wall_ms = loop_wall_ms() };
	struct api *api = api_new(loop, dir, &seen, &error);
	if (!api)
		_exit(9);
	loop_every(loop, 100, make_event, &world);
	if (write(ready, "x", 1) != 1)
		_exit(9);
	loop_run(loop);
	_exit(0);
}

static int group_up(void **state)
{
	int ready[2];
	char byte;
	(void) state;
	snprintf(dir, sizeof dir, "/tmp/weft-cli-XXXXXX");
	if (!mkdtemp(dir) || pipe(ready))
		return -1;
	write_file("topology.yaml", good);
	write_file("bad.yaml", bad);
	write_file("warn.yaml", "version: 1\nnetworks:\n  empty: {}\n  office: {ports: [\"*:*\"]}\n");
	unsetenv("WEFT_RUN_DIR");
	server = fork();
	if (!server)
		serve(ready[1]);
	close(ready[1]);
	bool is_up = read(ready[0], &byte, 1) == 1;
	close(ready[0]);
	return is_up ? 0 : -1;
}

static int group_down(void **state)
{
	static const char *const names[] = { "topology.yaml", "bad.yaml", "warn.yaml", "weftd.sock", "weftd.pid", "in", "other.yaml",
					     "out", "err" };
	(void) state;
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlink(in_dir(names[i]));
	char command[128];
	snprintf(command, sizeof command, "rm -r %s/history", dir);
	return system(command) || rmdir(dir);
}

/* --- this side ------------------------------------------------------------------------------ */

static char out[1 << 20], err[1 << 16];

static void read_back(const char *name, char *buf, size_t size)
{
	FILE *f = fopen(in_dir(name), "r");
	assert_non_null(f);
	buf[fread(buf, 1, size - 1, f)] = '\0';
	fclose(f);
}

/* Words separated by spaces; @ = the test's directory. Returns the exit code. */
static int weft(const char *words)
{
	char copy[512], *rest = copy, *argv[32] = { copy }, expanded[32][200];
	int argc = 0, status;
	snprintf(copy, sizeof copy, "weft %s", words);
	while ((argv[argc] = strsep(&rest, " "))) {
		if (!*argv[argc])
			continue;
		if (argv[argc][0] == '@') {
			snprintf(expanded[argc], sizeof expanded[0], "%s%s", dir, argv[argc] + 1);
			argv[argc] = expanded[argc];
		}
		argc++;
	}
	fflush(NULL);
	pid_t pid = fork();
	if (!pid) {
		if (!freopen(in_dir("out"), "w", stdout) || !freopen(in_dir("err"), "w", stderr))
			_exit(99);
		if (access(in_dir("in"), F_OK) || !freopen(in_dir("in"), "r", stdin))
			fclose(stdin);
		exit(cli_main(argc, argv));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	read_back("out", out, sizeof out);
	read_back("err", err, sizeof err);
	return WEXITSTATUS(status);
}

static json_t *weft_json(const char *words, int code)
{
	assert_int_equal(weft(words), code);
	json_t *json = json_loads(out, 0, NULL);
	assert_non_null(json);
	return json;
}

#define HAS(TEXT, PART) do { \
	if (!strstr(TEXT, PART)) \
		fail_msg("\"%s\" is not in:\n%s", PART, TEXT); \
} while (0)

static void test_check(void **state)
{
	(void) state;
	assert_int_equal(weft("check @/topology.yaml"), CLI_OK);
	HAS(out, "topology.yaml: fine: 1 switch, 2 networks\n");
	assert_string_equal(err, "");
	assert_int_equal(weft("check @/bad.yaml"), CLI_ERROR);
	assert_string_equal(out, "");
	HAS(err, "bad.yaml:4:5: error: unknown key \"prots\" in network \"office\"; did you mean \"ports\"?  [E003]\n");
	HAS(err, "bad.yaml:5:");
	assert_int_equal(weft("check @/warn.yaml"), CLI_OK);
	HAS(err, "warning: ");
	HAS(out, ", with warnings");
	assert_int_equal(weft("check @/nix.yaml"), CLI_ERROR);
	HAS(err, "No such file");
	json_t *json = weft_json("check --json @/bad.yaml", CLI_ERROR);
	assert_true(json_is_false(json_object_get(json, "ok")));
	assert_true(json_array_size(json_object_get(json, "findings")) >= 2);
	json_decref(json);
	static const char tunnels[] = "version: 1\nswitches: {a: {dpid: 1, vtep: 10.0.0.1}, b: {dpid: 2, vtep: 10.0.0.2}}\nnetworks:\n"
		"  n1: {ports: [a:x, b:x]}\n  n2: {ports: [a:y, b:y]}\n  n3: {ports: [a:z, b:z]}\n  n4: {ports: [a:u, b:u]}\n";
	char five[500];
	snprintf(five, sizeof five, "%s  n5: {ports: [a:v, b:v]}\n  own: {ports: [a:w]}\n", tunnels);
	write_file("in", tunnels);
	assert_int_equal(weft("check @/in"), CLI_OK);
	HAS(out, "network n1 goes by VXLAN: its guests need an MTU of at most 1450\n");
	HAS(out, "network n4 goes by VXLAN: its guests need an MTU of at most 1450\n");
	write_file("in", five);
	assert_int_equal(weft("check @/in"), CLI_OK);
	HAS(out, "\n5 networks go by VXLAN (n1, ...): their guests need an MTU of at most 1450\n");
	assert_null(strstr(out, "network n"));
	write_file("in", bad);
	assert_int_equal(weft("check -"), CLI_ERROR);
	HAS(err, "(stdin):4:5: error");
	unlink(in_dir("in"));
}

static void test_status(void **state)
{
	(void) state;
	assert_int_equal(weft("--run-dir @ status"), CLI_OK);
	assert_memory_equal(out, "ok: 1 of 1 switches connected, 2 networks, 2 hosts\n", 51);
	HAS(out, "info: switch kvm1: ports in no network (1): spare\n");
	HAS(out, "SWITCH  STATE      FLOWS  HOSTS  PORTS  IN-SYNC  SINCE\n");
	HAS(out, "listening on ssl:[::]:6653\n");
	/* No colour in a pipe. */
	assert_null(strchr(out, '\033'));
	json_t *json = weft_json("status --json --run-dir @", CLI_OK);
	assert_string_equal(json_string_value(json_object_get(json, "verdict")), "ok");
	json_decref(json);
}

static void test_show(void **state)
{
	(void) state;
	assert_int_equal(weft("show hosts --run-dir @"), CLI_OK);
	HAS(out, "NETWORK  MAC                WHERE      IP");
	HAS(out, "office   02:00:00:00:00:01  kvm1:vm-a  10.0.0.1");
	assert_int_equal(weft("show hosts network=yard --run-dir @"), CLI_OK);
	assert_null(strstr(out, "office"));
	assert_int_equal(weft("show ports --run-dir @"), CLI_OK);
	HAS(out, "office, yard tag 30");
	HAS(out, "LOCAL");
	assert_int_equal(weft("show networks --run-dir @"), CLI_OK);
	HAS(out, "yard");
	assert_int_equal(weft("show switches --run-dir @"), CLI_OK);
	HAS(out, "0x0000000000000011");
	assert_int_equal(weft("show events kind=host --run-dir @"), CLI_OK);
	HAS(out, "host office 02:00:00:00:00:01 kvm1:vm-a");
	assert_int_equal(weft("show flows table=l2_src state=have --run-dir @"), CLI_OK);
	HAS(out, "# switch kvm1\n");
	HAS(out, " actions=goto_table:64  # l2: port kvm1:vm-a of network office (topology.yaml:5); host\n");
	assert_int_equal(weft("show hosts limit=1 --run-dir @"), CLI_OK);
	HAS(err, "there are more");
	json_t *json = weft_json("--json show hosts ip=10.0.0.2 --run-dir @", CLI_OK);
	assert_int_equal(json_array_size(json_object_get(json, "hosts")), 1);
	json_decref(json);
}

static void test_top(void **state)
{
	(void) state;
	assert_int_equal(weft("top --once --run-dir @"), CLI_OK);
	HAS(out, "SWITCH  PORT    IN  OUT  IN-DROPS  OUT-DROPS");
	HAS(out, "kvm1    vm-a     -    -");
	assert_int_equal(weft("top --run-dir @"), CLI_OK);
	HAS(out, "spare");
	assert_int_equal(weft("top --often --run-dir @"), CLI_ERROR);
	HAS(err, "--once and nothing else");
	assert_int_equal(weft("top --json --run-dir @"), CLI_ERROR);
	assert_int_equal(weft("top --run-dir /nowhere"), CLI_ERROR);
	HAS(err, "weftd does not answer");
}

static void test_explain(void **state)
{
	(void) state;
	assert_int_equal(weft("explain office/vm-a vm-b --run-dir @"), CLI_OK);
	assert_memory_equal(out, "REACHABLE both ways: office/vm-a and vm-b, ethernet\n", 52);
	HAS(out, "  office/vm-a  kvm1:vm-a, network office, 10.0.0.1, 02:00:00:00:00:01\n");
	HAS(out, "\nvm-a begins, vm-b answers: REACHABLE\n");
	assert_int_equal(weft("explain office/vm-a spare ethernet --run-dir @"), CLI_BLOCKED);
	HAS(out, "BLOCKED: office/vm-a and spare, ethernet\n");
	HAS(out, "\n  no entry of topology.yaml names port kvm1:spare: its frames are dropped\n    -> add it to a network: `ports: [kvm1:spare]`\n");
	assert_int_equal(weft("explain yard/vm-a office/vm-a --one-way --run-dir @"), CLI_BLOCKED);
	HAS(out, "BLOCKED: icmp from yard/vm-a to office/vm-a\n");
	HAS(out, "networks are apart");
	json_t *json = weft_json("--json explain office/vm-a vm-b --ovs --run-dir @", CLI_OK);
	assert_string_equal(json_string_value(json_object_get(json, "verdict")), "reachable");
	json_decref(json);
	assert_int_equal(weft("explain --ovs --run-dir @ office/vm-a vm-b"), CLI_OK);
	HAS(out, "    on kvm1:\n      ovs-appctl ofproto/trace br-int in_port=1,");
}

static void test_what_is_wrong(void **state)
{
	static const struct { const char *words, *said; } cases[] = {
		{ "", "usage: weft" },
		{ "stauts", "did you mean status? `weft help` lists them" },
		{ "hosts", "did you mean show hosts?" },
		{ "--frob status", "--frob is no option" },
		{ "status --run-dir", "--run-dir wants a directory" },
		{ "status now", "no more words" },
		{ "show", "show what?" },
		{ "show host", "did you mean hosts?\n" },
		{ "show hosts office --run-dir @", "\"office\" is no filter" },
		{ "show hosts netwrok=office --run-dir @", "did you mean network?" },
		{ "show hosts limit=x --run-dir @", "is no value" },
		{ "check", "one FILE is wanted" },
		{ "apply a b", "too many words" },
		{ "apply -m text", "one FILE is wanted" },
		{ "apply a --confirm", "it takes --confirm TIME and -m TEXT" },
		{ "apply a --confirm soon", "a time from 1s to 24h" },
		{ "apply a --confirm 25h", "a time from 1s to 24h" },
		{ "apply a --frob", "it takes --confirm TIME and -m TEXT" },
		{ "rollback x", "the number of a revision is wanted" },
		{ "rollback 77 --run-dir @", "there is no revision 77; nothing was changed; `weft history`" },
		{ "confirm --run-dir @", "nothing waits for a confirmation; `weft apply FILE --confirm 60s`" },
		{ "confirm now", "no more words" },
		{ "history all", "no more words" },
		{ "diff", "name one or two" },
		{ "diff 77 --run-dir @", "there is no revision 77" },
		{ "diff @/nix --run-dir @", "cannot read" },
		{ "plan a b", "one FILE is wanted, or none" },
		{ "plan --frob", "one FILE is wanted, or none" },
		{ "plan @/nix --run-dir @", "cannot read" },
		{ "apply @/nix --run-dir @", "cannot read" },
		{ "log set api", "set MODULE LEVEL" },
		{ "log set nix dbg --run-dir @", "no module" },
		{ "watch kind --run-dir @", "is no filter" },
		{ "watch knid=host --run-dir @", "did you mean kind?" },
		{ "name x", "only --file FILE" },
		{ "explain vm-a", "name two" },
		{ "explain vm-a vm-b tcp/1 more", "too many words" },
		{ "explain vm-a vm-b --frob", "--one-way, --ovs, --probe, --as MAC|IP and --size BYTES" },
		{ "explain vm-a vm-b tcp --run-dir @", "\"tcp\" is no protocol; it wants a port" },
		{ "explain vm-a vm-b --size x --run-dir @", "\"x\" is no size" },
		{ "explain vm-b kvm1:vm-a --probe --run-dir @", "no probe: " },
		{ "reference nix", "no such page" },
		{ "status --run-dir @/nowhere", "weftd does not answer on " },
		{ "status --run-dir @/nowhere", "Is it running?" },
		{ "status --run-dir /a-very-long-directory-name-that-goes-on-and-on-and-on-and-on-and-on-until-no-socket-has-room-for-it-any-more", "too long" },
	};
	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(weft(cases[i].words), CLI_ERROR);
		HAS(err, cases[i].said);
	}
}

static void test_apply_and_reload(void **state)
{
	(void) state;
	assert_int_equal(weft("apply @/bad.yaml --run-dir @"), CLI_ERROR);
	/* By the name that the user knows. */
	HAS(err, "/bad.yaml:4:5: error: unknown key");
	HAS(err, "nothing was changed");
	assert_int_equal(weft("apply @/topology.yaml --run-dir @"), CLI_OK);
	HAS(out, "in force: ");
	assert_int_equal(weft("apply --run-dir @"), CLI_OK);
	assert_int_equal(weft("reload --run-dir @"), CLI_OK);
	json_t *json = weft_json("reload --json --run-dir @", CLI_OK);
	assert_true(json_is_false(json_object_get(json, "failed")));
	json_decref(json);
}

static void test_plan(void **state)
{
	(void) state;
	write_file("other.yaml", "version: 1\nswitches:\n  kvm1: {dpid: 0x11}\nnetworks:\n  office:\n    ports: [kvm1:vm-b]\n");
	assert_int_equal(weft("plan @/other.yaml --run-dir @"), CLI_WOULD_CHANGE);
	HAS(out, "gone    network yard (");
	HAS(out, "/topology.yaml:5)\n");
	HAS(out, "gone    port kvm1:vm-a of network office (");
	HAS(out, "\nkvm1: ");
	HAS(out, " deleted: port kvm1:vm-a of network office (");
	HAS(out, "02:00:00:00:00:01 on kvm1:vm-a would no longer be in network office; its port would be in no network\n");
	HAS(out, "02:00:00:00:00:02 on kvm1:vm-a would no longer be in network yard, which is gone; its port would be in no network\n");
	assert_int_equal(weft("plan @/other.yaml --rows --run-dir @"), CLI_WOULD_CHANGE);
	HAS(out, "# kvm1\n");
	HAS(out, "\n-cookie=0x77");
	HAS(out, "  # l2: port kvm1:vm-a of network office\n");
	assert_int_equal(weft("plan --run-dir @"), CLI_OK);
	HAS(out, "the file says the same network\n1 switch: no row differs\n");
	assert_int_equal(weft("plan @/bad.yaml --run-dir @"), CLI_ERROR);
	HAS(err, "/bad.yaml:4:5: error: unknown key");
	/* No text is not no file. */
	write_file("in", "");
	assert_int_equal(weft("plan - --run-dir @"), CLI_ERROR);
	HAS(err, "stdin:1:1: error: ");
	unlink(in_dir("in"));
	json_t *json = weft_json("--json plan @/other.yaml --run-dir @", CLI_WOULD_CHANGE);
	assert_true(json_is_true(json_object_get(json, "changes")));
	json_decref(json);
}

static void test_history(void **state)
{
	(void) state;
	assert_int_equal(weft("history --run-dir @"), CLI_OK);
	HAS(out, "       1  in force  20");
	HAS(out, "  start ");
	assert_int_equal(weft("apply @/other.yaml --confirm=5min -m yard-closes --run-dir @"), CLI_OK);
	HAS(out, ", revision 2\nit waits for `weft confirm`: revision 1 comes back in ");
	assert_int_equal(weft("status --run-dir @"), CLI_DEGRADED);
	HAS(out, "warning: revision 2 waits for a confirmation: revision 1 comes back in ");
	HAS(out, "`weft confirm` keeps it");
	assert_int_equal(weft("history --run-dir @"), CLI_OK);
	HAS(out, "yard-closes\n");
	HAS(out, "\nrevision 2 waits for `weft confirm`");
	assert_int_equal(weft("apply @/topology.yaml --run-dir @"), CLI_ERROR);
	HAS(err, "revision 2 waits for a confirmation");
	assert_int_equal(weft("diff 1 --run-dir @"), CLI_WOULD_CHANGE);
	HAS(out, "--- revision 1\n+++ revision 2\n@@ ");
	assert_int_equal(weft("diff 2 disk --run-dir @"), CLI_OK);
	assert_string_equal(out, "");
	assert_int_equal(weft("diff 2 @/other.yaml --run-dir @"), CLI_OK);
	assert_int_equal(weft("rollback -m no --run-dir @"), CLI_OK);
	HAS(out, ", revision 3\n");
	assert_int_equal(weft("diff 1 3 --run-dir @"), CLI_OK);
	json_t *json = weft_json("diff 2 3 --json --run-dir @", CLI_WOULD_CHANGE);
	assert_true(json_is_false(json_object_get(json, "same")));
	json_decref(json);
	assert_int_equal(weft("apply @/other.yaml --confirm 60 --run-dir @"), CLI_OK);
	assert_int_equal(weft("confirm --run-dir @"), CLI_OK);
	HAS(out, ", revision 4\n");
	assert_int_equal(weft("rollback 1 --run-dir @"), CLI_OK);
	json = weft_json("--json history --run-dir @", CLI_OK);
	assert_int_equal(json_integer_value(json_object_get(json, "in_force")), 5);
	json_decref(json);
	assert_int_equal(weft("status --run-dir @"), CLI_OK);
}

static void test_degraded(void **state)
{
	(void) state;
	write_file("topology.yaml", bad);
	assert_int_equal(weft("reload --run-dir @"), CLI_ERROR);
	HAS(err, "/topology.yaml:4:5: error: unknown key");
	assert_int_equal(weft("status --run-dir @"), CLI_DEGRADED);
	assert_memory_equal(out, "degraded: ", 10);
	HAS(out, "(what is on the disk now has errors)");
	assert_int_equal(weft("status --json --run-dir @"), CLI_DEGRADED);
	write_file("topology.yaml", good);
	assert_int_equal(weft("reload --run-dir @"), CLI_OK);
	assert_int_equal(weft("status --run-dir @"), CLI_OK);
}

static void test_log(void **state)
{
	(void) state;
	assert_int_equal(weft("log set all err --run-dir @"), CLI_OK);
	assert_int_equal(weft("log --run-dir @"), CLI_OK);
	HAS(out, "MODULE   LEVEL\n");
	HAS(out, "api      err\n");
}

static void test_name(void **state)
{
	static const char line[] = " cookie=0x770201, table=0 actions=drop\r\nNUL and no newline";
	(void) state;
	assert_int_equal(weft("show flows table=l2_dst --run-dir @"), CLI_OK);
	char *row = strstr(out, "cookie="), *end = strstr(row, "  #");
	char dump[4096];
	snprintf(dump, sizeof dump, "%.*s\n%s", (int) (end - row), row, line);
	write_file("in", dump);
	assert_int_equal(weft("name --run-dir @"), CLI_OK);
	HAS(out, "  # l2: ");
	HAS(out, " (topology.yaml:5); ");
	HAS(out, line);
	assert_int_equal(weft("name --file @/topology.yaml"), CLI_OK);
	HAS(out, "/topology.yaml:5); ");
	assert_int_equal(weft("name --file=@/topology.yaml"), CLI_ERROR);
	assert_int_equal(weft("name --file @/bad.yaml"), CLI_ERROR);
	HAS(err, "unknown key");
	unlink(in_dir("in"));
}

/* Lines until there are enough, then nobody reads any more. */
static void watch(const char *const *words, size_t n_lines, char *buf, size_t size)
{
	char *argv[8];
	int argc = 0, ends[2], status;
	for (; words[argc]; argc++)
		argv[argc] = (char *) words[argc];
	argv[argc] = NULL;
	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	pid_t pid = fork();
	if (!pid) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		exit(cli_main(argc, argv));
	}
	close(ends[1]);
	FILE *f = fdopen(ends[0], "r");
	size_t used = 0;
	for (size_t i = 0; i < n_lines; i++) {
		assert_non_null(fgets(buf + used, (int) (size - used), f));
		used += strlen(buf + used);
	}
	fclose(f);
	/* The next line that it writes ends it. */
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
}

static void test_watch(void **state)
{
	static char buf[65536];
	(void) state;
	const char *const words[] = { "weft", "--run-dir", dir, "watch", "after=0", NULL };
	watch(words, 12, buf, sizeof buf);
	HAS(buf, " host office 02:00:00:00:00:01 kvm1:vm-a ip=10.0.0.1\n");
	/* Bytes of others do not reach the terminal. */
	HAS(buf, " error row-refused kvm1: a row \\x1b[31m was refused\n");
	const char *const json_words[] = { "weft", "--run-dir", dir, "watch", "--json", "kind=row-refused", NULL };
	watch(json_words, 1, buf, sizeof buf);
	json_t *json = json_loads(buf, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(json, "kind")), "row-refused");
	json_decref(json);
}

static void test_help_and_reference(void **state)
{
	static const char *const pages[] = { "file", "topology", "errors", "commands", "weftd", "api", "pipeline" };
	(void) state;
	assert_int_equal(weft("--version"), CLI_OK);
	assert_string_equal(out, "weft " WEFT_VERSION "\n");
	assert_int_equal(weft("help"), CLI_OK);
	HAS(out, "\n  status ");
	HAS(out, " [--size BYTES]\n");
	assert_null(strstr(out, "reference"));
	assert_int_equal(weft("--help"), CLI_OK);
	assert_int_equal(weft("show --help"), CLI_OK);
	HAS(out, "usage: weft show switches|");
	assert_int_equal(weft("reference"), CLI_OK);
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		char words[64];
		HAS(out, pages[i]);
		snprintf(words, sizeof words, "reference %s", pages[i]);
		assert_int_equal(weft(words), CLI_OK);
		assert_true(strlen(out) > 500);
		weft("reference");
	}
}

/* --- the small parts ----------------------------------------------------------------------------- */

static void test_table(void **state)
{
	char *text = NULL;
	size_t size = 0;
	(void) state;
	FILE *f = open_memstream(&text, &size);
	struct cli_table *table = cli_table_new("NAME N> EMPTY LAST");
	cli_table_print(table, f);
	cli_table_cell(table, "gr\xc3\xbc\xc3\x9f""e");
	cli_table_cell(table, "%d", 5);
	cli_table_cell(table, "%s", "");
	cli_table_cell(table, "x");
	cli_table_cell(table, "a\x1b[1m");
	cli_table_cell(table, "%d", 12345);
	cli_table_cell(table, "%s", "");
	cli_table_cell(table, "%s", "");
	cli_table_print(table, f);
	cli_table_free(table);
	cli_table_free(NULL);
	fclose(f);
	assert_string_equal(text,
			    "NAME          N  LAST\n"
			    "gr\xc3\xbc\xc3\x9f""e         5  x\n"
			    "a\\x1b[1m  12345\n");
	free(text);
}

static void test_target(void **state)
{
	char a[] = "switch=kvm1", b[] = "mac=02:00 &x";
	char *words[] = { a, b };
	(void) state;
	char *target = client_target("/v1/hosts", 2, words);
	assert_string_equal(target, "/v1/hosts?switch=kvm1&mac=02%3A00%20%26x");
	free(target);
	target = client_target("/v1/events?follow=1", 1, words);
	assert_string_equal(target, "/v1/events?follow=1&switch=kvm1");
	free(target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_show), cmocka_unit_test(test_top), cmocka_unit_test(test_explain),
		cmocka_unit_test(test_what_is_wrong),
		cmocka_unit_test(test_apply_and_reload),
		cmocka_unit_test(test_degraded),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_help_and_reference),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_target),
		/* The last ones: weftd has read its file after them. */
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_history),
	};
	log_init("test_cli");
	log_set("all", "off");
	return cmocka_run_group_tests(tests, group_up, group_down);
}
