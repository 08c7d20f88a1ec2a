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
#include "controller/client.h"
#include "controller/loop.h"
#include "ofproto/log.h"
#include "tests/unit/controller/scratch.h"
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

static pid_t server;

/* --- the other side --------------------------------------------------------------------- */

static void on_changed(void *ctx) { (void) ctx; }

static void make_event(void *ctx)
{
	struct world *world = ctx;
	events_note(world->core->events, loop_wall_ms(), EVENT_ERROR, "row-refused", "kvm1", "a row \x1b[31m was refused");
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
	struct history *history = history_new(scratch_path("history"));
	struct config *config = config_new(loop, scratch_path("topology.yaml"), history);
	config_start(config, world.core, on_changed, NULL);
	struct api_world seen = { .core = world.core, .config = config, .listeners = listeners,
				  .started_wall_ms = loop_wall_ms() };
	struct api *api = api_new(loop, scratch_dir, &seen, &error);
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
	if (!scratch_make() || pipe(ready))
		return -1;
	scratch_write("topology.yaml", good);
	scratch_write("bad.yaml", bad);
	scratch_write("warn.yaml", "version: 1\nnetworks:\n  empty: {}\n  office: {ports: [\"*:*\"]}\n");
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
		unlink(scratch_path(names[i]));
	char command[128];
	snprintf(command, sizeof command, "rm -r %s/history", scratch_dir);
	return system(command) || rmdir(scratch_dir);
}

/* --- this side ------------------------------------------------------------------------------ */

static json_t *weft_json(const char *words, int code)
{
	assert_int_equal(weft(words), code);
	json_t *json = json_loads(weft_out, 0, NULL);
	assert_non_null(json);
	return json;
}

static void test_check(void **state)
{
	(void) state;
	weft_says("check @/topology.yaml", CLI_OK, "topology.yaml: fine: 1 switch, 2 networks\n", NULL);
	assert_string_equal(weft_err, "");
	weft_says("check @/bad.yaml", CLI_ERROR, NULL);
	assert_string_equal(weft_out, "");
	HAS(weft_err, "bad.yaml:4:5: error: unknown key \"prots\" in network \"office\"; did you mean \"ports\"?  [E003]\n");
	HAS(weft_err, "bad.yaml:5:");
	weft_says("check @/warn.yaml", CLI_OK, NULL);
	HAS(weft_err, "warning: ");
	HAS(weft_out, ", with warnings");
	weft_says("check @/nix.yaml", CLI_ERROR, "No such file", NULL);
	json_t *json = weft_json("check --json @/bad.yaml", CLI_ERROR);
	assert_true(json_is_false(json_object_get(json, "ok")));
	assert_true(json_array_size(json_object_get(json, "findings")) >= 2);
	json_decref(json);
	static const char tunnels[] = "version: 1\nswitches: {a: {dpid: 1, vtep: 10.0.0.1}, b: {dpid: 2, vtep: 10.0.0.2}}\nnetworks:\n"
		"  n1: {ports: [a:x, b:x]}\n  n2: {ports: [a:y, b:y]}\n  n3: {ports: [a:z, b:z]}\n  n4: {ports: [a:u, b:u]}\n";
	char five[500];
	snprintf(five, sizeof five, "%s  n5: {ports: [a:v, b:v]}\n  own: {ports: [a:w]}\n", tunnels);
	scratch_write("in", tunnels);
	weft_says("check @/in", CLI_OK, "network n1 goes by VXLAN: its guests need an MTU of at most 1450\n",
		  "network n4 goes by VXLAN: its guests need an MTU of at most 1450\n", NULL);
	scratch_write("in", five);
	weft_says("check @/in", CLI_OK,
		  "\n5 networks go by VXLAN (n1, ...): their guests need an MTU of at most 1450\n", NULL);
	assert_null(strstr(weft_out, "network n"));
	scratch_write("in", bad);
	weft_says("check -", CLI_ERROR, "(stdin):4:5: error", NULL);
	unlink(scratch_path("in"));
}

static void test_status(void **state)
{
	(void) state;
	weft_says("--run-dir @ status", CLI_OK, NULL);
	assert_memory_equal(weft_out, "ok: 1 of 1 switches connected, 2 networks, 2 hosts\n", 51);
	HAS(weft_out, "info: switch kvm1: ports in no network (1): spare\n");
	HAS(weft_out, "SWITCH  STATE      FLOWS  HOSTS  PORTS  IN-SYNC  SINCE\n");
	HAS(weft_out, "listening on ssl:[::]:6653\n");
	/* No colour in a pipe. */
	assert_null(strchr(weft_out, '\033'));
	json_t *json = weft_json("status --json --run-dir @", CLI_OK);
	assert_string_equal(json_string_value(json_object_get(json, "verdict")), "ok");
	json_decref(json);
}

static void test_show(void **state)
{
	(void) state;
	weft_says("show hosts --run-dir @", CLI_OK, "NETWORK  MAC                WHERE      IP",
		  "office   02:00:00:00:00:01  kvm1:vm-a  10.0.0.1", NULL);
	weft_says("show hosts network=yard --run-dir @", CLI_OK, NULL);
	assert_null(strstr(weft_out, "office"));
	weft_says("show ports --run-dir @", CLI_OK, "office, yard tag 30", "LOCAL", NULL);
	weft_says("show networks --run-dir @", CLI_OK, "yard", NULL);
	weft_says("show switches --run-dir @", CLI_OK, "0x0000000000000011", NULL);
	weft_says("show events kind=host --run-dir @", CLI_OK, "host office 02:00:00:00:00:01 kvm1:vm-a", NULL);
	weft_says("show flows table=l2_src state=have --run-dir @", CLI_OK, "# switch kvm1\n",
		  " actions=goto_table:64  # l2: port kvm1:vm-a of network office (topology.yaml:5); host\n", NULL);
	weft_says("show hosts limit=1 --run-dir @", CLI_OK, NULL);
	HAS(weft_err, "there are more");
	json_t *json = weft_json("--json show hosts ip=10.0.0.2 --run-dir @", CLI_OK);
	assert_int_equal(json_array_size(json_object_get(json, "hosts")), 1);
	json_decref(json);
}

static void test_top(void **state)
{
	(void) state;
	weft_says("top --once --run-dir @", CLI_OK, "SWITCH  PORT    IN  OUT  IN-DROPS  OUT-DROPS",
		  "kvm1    vm-a     -    -", NULL);
	weft_says("top --run-dir @", CLI_OK, "spare", NULL);
	weft_says("top --often --run-dir @", CLI_ERROR, "--once and nothing else", NULL);
	weft_says("top --json --run-dir @", CLI_ERROR, NULL);
	weft_says("top --run-dir /nowhere", CLI_ERROR, "weftd does not answer", NULL);
}

static void test_explain(void **state)
{
	(void) state;
	weft_says("explain office/vm-a vm-b --run-dir @", CLI_OK, NULL);
	assert_memory_equal(weft_out, "REACHABLE both ways: office/vm-a and vm-b, ethernet\n", 52);
	HAS(weft_out, "  office/vm-a  kvm1:vm-a, network office, 10.0.0.1, 02:00:00:00:00:01\n");
	HAS(weft_out, "\nvm-a begins, vm-b answers: REACHABLE\n");
	weft_says("explain office/vm-a spare ethernet --run-dir @", CLI_BLOCKED,
		  "BLOCKED: office/vm-a and spare, ethernet\n",
		  "\n  no entry of topology.yaml names port kvm1:spare: its frames are dropped\n    -> add it to a network: `ports: [kvm1:spare]`\n",
		  NULL);
	weft_says("explain yard/vm-a office/vm-a --one-way --run-dir @", CLI_BLOCKED,
		  "BLOCKED: icmp from yard/vm-a to office/vm-a\n", "networks are apart", NULL);
	json_t *json = weft_json("--json explain office/vm-a vm-b --ovs --run-dir @", CLI_OK);
	assert_string_equal(json_string_value(json_object_get(json, "verdict")), "reachable");
	json_decref(json);
	weft_says("explain --ovs --run-dir @ office/vm-a vm-b", CLI_OK,
		  "    on kvm1:\n      ovs-appctl ofproto/trace br-int in_port=1,", NULL);
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
		weft_says(cases[i].words, CLI_ERROR, cases[i].said, NULL);
	}
}

static void test_apply_and_reload(void **state)
{
	(void) state;
	weft_says("apply @/bad.yaml --run-dir @", CLI_ERROR, NULL);
	/* By the name that the user knows. */
	HAS(weft_err, "/bad.yaml:4:5: error: unknown key");
	HAS(weft_err, "nothing was changed");
	weft_says("apply @/topology.yaml --run-dir @", CLI_OK, "in force: ", NULL);
	weft_says("apply --run-dir @", CLI_OK, NULL);
	weft_says("reload --run-dir @", CLI_OK, NULL);
	json_t *json = weft_json("reload --json --run-dir @", CLI_OK);
	assert_true(json_is_false(json_object_get(json, "failed")));
	json_decref(json);
}

static void test_plan(void **state)
{
	(void) state;
	scratch_write("other.yaml", "version: 1\nswitches:\n  kvm1: {dpid: 0x11}\nnetworks:\n  office:\n    ports: [kvm1:vm-b]\n");
	weft_says("plan @/other.yaml --run-dir @", CLI_WOULD_CHANGE, "gone    network yard (", "/topology.yaml:5)\n",
		  "gone    port kvm1:vm-a of network office (", "\nkvm1: ",
		  " deleted: port kvm1:vm-a of network office (",
		  "02:00:00:00:00:01 on kvm1:vm-a would no longer be in network office; its port would be in no network\n",
		  "02:00:00:00:00:02 on kvm1:vm-a would no longer be in network yard, which is gone; its port would be in no network\n",
		  NULL);
	weft_says("plan @/other.yaml --rows --run-dir @", CLI_WOULD_CHANGE, "# kvm1\n", "\n-cookie=0x77",
		  "  # l2: port kvm1:vm-a of network office\n", NULL);
	weft_says("plan --run-dir @", CLI_OK, "the file says the same network\n1 switch: no row differs\n", NULL);
	weft_says("plan @/bad.yaml --run-dir @", CLI_ERROR, "/bad.yaml:4:5: error: unknown key", NULL);
	/* No text is not no file. */
	scratch_write("in", "");
	weft_says("plan - --run-dir @", CLI_ERROR, "stdin:1:1: error: ", NULL);
	unlink(scratch_path("in"));
	json_t *json = weft_json("--json plan @/other.yaml --run-dir @", CLI_WOULD_CHANGE);
	assert_true(json_is_true(json_object_get(json, "changes")));
	json_decref(json);
}

static void test_history(void **state)
{
	(void) state;
	weft_says("history --run-dir @", CLI_OK, "       1  in force  20", "  start ", NULL);
	weft_says("apply @/other.yaml --confirm=5min -m yard-closes --run-dir @", CLI_OK,
		  ", revision 2\nit waits for `weft confirm`: revision 1 comes back in ", NULL);
	weft_says("status --run-dir @", CLI_DEGRADED,
		  "warning: revision 2 waits for a confirmation: revision 1 comes back in ",
		  "`weft confirm` keeps it", NULL);
	weft_says("history --run-dir @", CLI_OK, "yard-closes\n", "\nrevision 2 waits for `weft confirm`", NULL);
	weft_says("apply @/topology.yaml --run-dir @", CLI_ERROR, "revision 2 waits for a confirmation", NULL);
	weft_says("diff 1 --run-dir @", CLI_WOULD_CHANGE, "--- revision 1\n+++ revision 2\n@@ ", NULL);
	weft_says("diff 2 disk --run-dir @", CLI_OK, NULL);
	assert_string_equal(weft_out, "");
	weft_says("diff 2 @/other.yaml --run-dir @", CLI_OK, NULL);
	weft_says("rollback -m no --run-dir @", CLI_OK, ", revision 3\n", NULL);
	weft_says("diff 1 3 --run-dir @", CLI_OK, NULL);
	json_t *json = weft_json("diff 2 3 --json --run-dir @", CLI_WOULD_CHANGE);
	assert_true(json_is_false(json_object_get(json, "same")));
	json_decref(json);
	weft_says("apply @/other.yaml --confirm 60 --run-dir @", CLI_OK, NULL);
	weft_says("confirm --run-dir @", CLI_OK, ", revision 4\n", NULL);
	weft_says("rollback 1 --run-dir @", CLI_OK, NULL);
	json = weft_json("--json history --run-dir @", CLI_OK);
	assert_int_equal(json_integer_value(json_object_get(json, "in_force")), 5);
	json_decref(json);
	weft_says("status --run-dir @", CLI_OK, NULL);
}

static void test_degraded(void **state)
{
	(void) state;
	scratch_write("topology.yaml", bad);
	weft_says("reload --run-dir @", CLI_ERROR, "/topology.yaml:4:5: error: unknown key", NULL);
	weft_says("status --run-dir @", CLI_DEGRADED, NULL);
	assert_memory_equal(weft_out, "degraded: ", 10);
	HAS(weft_out, "(what is on the disk now has errors)");
	weft_says("status --json --run-dir @", CLI_DEGRADED, NULL);
	scratch_write("topology.yaml", good);
	weft_says("reload --run-dir @", CLI_OK, NULL);
	weft_says("status --run-dir @", CLI_OK, NULL);
}

static void test_log(void **state)
{
	(void) state;
	weft_says("log set all err --run-dir @", CLI_OK, NULL);
	weft_says("log --run-dir @", CLI_OK, "MODULE   LEVEL\n", "api      err\n", NULL);
}

static void test_name(void **state)
{
	static const char line[] = " cookie=0x770201, table=0 actions=drop\r\nNUL and no newline";
	(void) state;
	weft_says("show flows table=l2_dst --run-dir @", CLI_OK, NULL);
	char *row = strstr(weft_out, "cookie="), *end = strstr(row, "  #");
	char dump[4096];
	snprintf(dump, sizeof dump, "%.*s\n%s", (int) (end - row), row, line);
	scratch_write("in", dump);
	weft_says("name --run-dir @", CLI_OK, "  # l2: ", " (topology.yaml:5); ", line, NULL);
	weft_says("name --file @/topology.yaml", CLI_OK, "/topology.yaml:5); ", NULL);
	weft_says("name --file=@/topology.yaml", CLI_OK, "/topology.yaml:5); ", NULL);
	weft_says("name --file=@/nix.yaml", CLI_ERROR, "nix.yaml", NULL);
	weft_says("name --file @/bad.yaml", CLI_ERROR, "unknown key", NULL);
	unlink(scratch_path("in"));
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
	const char *const words[] = { "weft", "--run-dir", scratch_dir, "watch", "after=0", NULL };
	watch(words, 12, buf, sizeof buf);
	HAS(buf, " host office 02:00:00:00:00:01 kvm1:vm-a ip=10.0.0.1\n");
	/* Bytes of others do not reach the terminal. */
	HAS(buf, " error row-refused kvm1: a row \\x1b[31m was refused\n");
	const char *const json_words[] = { "weft", "--run-dir", scratch_dir, "watch", "--json", "kind=row-refused", NULL };
	watch(json_words, 1, buf, sizeof buf);
	json_t *json = json_loads(buf, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(json, "kind")), "row-refused");
	json_decref(json);
}

static void test_help_and_reference(void **state)
{
	static const char *const pages[] = { "file", "topology", "errors", "commands", "weftd", "api", "pipeline" };
	(void) state;
	weft_says("--version", CLI_OK, NULL);
	assert_string_equal(weft_out, "weft " WEFT_VERSION "\n");
	weft_says("help", CLI_OK, "\n  status ", " [--size BYTES]\n", NULL);
	assert_null(strstr(weft_out, "reference"));
	weft_says("--help", CLI_OK, NULL);
	weft_says("show --help", CLI_OK, "usage: weft show switches|", NULL);
	weft_says("reference", CLI_OK, NULL);
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		char words[64];
		HAS(weft_out, pages[i]);
		snprintf(words, sizeof words, "reference %s", pages[i]);
		weft_says(words, CLI_OK, NULL);
		assert_true(strlen(weft_out) > 500);
		weft("reference");
	}
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
		/* The last ones: weftd has read its file after them. */
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_history),
	};
	log_init("test_cli");
	log_set("all", "off");
	return cmocka_run_group_tests(tests, group_up, group_down);
}
