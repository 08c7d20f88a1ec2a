/* SPDX-License-Identifier: Apache-2.0 */
/* plan: what it says is what is sent then, message by message; and in the words of the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/plan.h"
#include "tests/unit/controller/te_world.h"

#define SWITCHES "version: 1\nswitches:\n  kvm1: {dpid: 0x11, vtep: 10.0.0.11}\n  kvm2: {dpid: 0x12, vtep: 10.0.0.12}\n" \
	"  kvm3: {dpid: 0x13, vtep: 10.0.0.13}\n"
static const char base[] = SWITCHES
	"networks:\n"
	"  office:\n    vni: 100\n    acl: web\n    ports: [kvm1:vm-a, kvm2:vm-a]\n"
	"  lab:\n    vni: 200\n    ports: [kvm1:vm-b, kvm2:vm-b]\n"
	"acls:\n  web:\n    - {allow: tcp, port: 80}\n    - {deny: any}\n"
	"links:\n  - {between: [kvm1:eth1, kvm2:eth1]}\n";

enum { PORTS = 5, N_SWITCHES = 2, N_KINDS = 3 };
static const char *const ports[PORTS] = { "vm-a", "vm-b", "vm-c", "eth1", "vxlan0" };
static const char *const kinds[N_KINDS] = { "added", "modified", "deleted" };

static struct world world;

/* What another file is: the base with one text in place of another. */
static const struct edit {
	const char *name, *from, *to;
	bool is_same;                   /* no row differs */
} edits[] = {
	{ "nothing", "", "", true },
	{ "a comment", "networks:\n", "# here\nnetworks:\n", true },
	{ "a port more", "kvm1:vm-a,", "kvm1:vm-a, kvm1:vm-c,", false },
	{ "a port less", "kvm1:vm-a, ", "", false },
	{ "a port that moves", "ports: [kvm1:vm-b, kvm2:vm-b]", "ports: [kvm2:vm-b, kvm1:vm-c]", false },
	{ "a network gone", "  lab:\n    vni: 200\n    ports: [kvm1:vm-b, kvm2:vm-b]\n", "", false },
	{ "a network more", "  lab:", "  more:\n    vni: 300\n    ports: [kvm1:vm-c, kvm2:vm-c]\n  lab:", false },
	{ "another name", "  lab:", "  laboratory:", false },
	{ "another VNI", "vni: 200", "vni: 201", false },
	{ "a rule more", "    - {deny", "    - {allow: tcp, port: 443}\n    - {deny", false },
	{ "no list", "    acl: web\n", "", false },
	{ "bound", "kvm1:vm-a,", "{port: kvm1:vm-a, mac: \"02:00:00:00:00:01\"},", false },
	{ "limits", "    vni: 100\n", "    vni: 100\n    storm: {broadcast: 100pps}\n", false },
	{ "no link", "links:\n  - {between: [kvm1:eth1, kvm2:eth1]}\n", "", false },
	{ "another switch", "  kvm3: {dpid: 0x13, vtep: 10.0.0.13}", "  kvm4: {dpid: 0x14, vtep: 10.0.0.14}", false },
	{ "a switch less", "  kvm3: {dpid: 0x13, vtep: 10.0.0.13}\n", "", false },
};
enum { N_EDITS = sizeof edits / sizeof *edits };

static char *text_of(const struct edit *edit)
{
	const char *at = strstr(base, edit->from);
	char *text = NULL;
	assert_non_null(at);
	assert_true(asprintf(&text, "%.*s%s%s", (int) (at - base), base, edit->to, at + strlen(edit->from)) > 0);
	return text;
}

static uint64_t n_sent(void)
{
	uint64_t n = 0;
	for (uint32_t sw = 0; sw < world.core->n_switches; sw++) {
		struct ledger_counts counts;
		ledger_count(world.core->switches[sw]->ledger, &counts);
		n += counts.n_sent;
	}
	return n;
}

/* Messages by kind, until nothing more comes. */
static void take_all(size_t n[][N_KINDS])
{
	for (int quiet = 0; quiet < 4;) {
		size_t found = 0;
		core_plan(world.core);
		for (uint32_t sw = 0; sw < world.core->n_switches; sw++) {
			struct ledger *ledger = world.core->switches[sw]->ledger;
			if (!core_may_send(world.core, sw))
				continue;
			for (int phase = 0; phase < N_PHASES; phase++)
				for (struct row *row; (row = ledger_next(ledger, (enum phase) phase)); found++) {
					n[sw][!row->want ? 2 : row->have ? 1 : 0]++;
					ledger_sent(ledger, row, (uint32_t) found + 1);
				}
			ledger_commit(ledger);
		}
		quiet = found ? 0 : quiet + 1;
	}
}

static int set_up(void **state)
{
	size_t n[8][N_KINDS] = { 0 };
	(void) state;
	world_init(&world, base);
	for (uint32_t i = 1; i <= N_SWITCHES; i++) {
		char name[8];
		snprintf(name, sizeof name, "kvm%u", i);
		uint32_t sw = world_connect(&world, name, ports, PORTS);
		world_learn(&world, "office", i, sw, 1);
		world_learn(&world, "lab", 10 + i, sw, 2);
	}
	world_advance(&world, 60000);
	core_tick(world.core);
	take_all(n);
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	world_uninit(&world);
	return 0;
}

/* In a child, as weftd does it. */
static json_t *plan_of_core(struct core *core, const char *text, bool rows)
{
	struct plan_question question = { .file = "topology.yaml", .text = text, .size = strlen(text), .wants_rows = rows };
	FILE *f = tmpfile();
	int status;
	assert_non_null(f);
	pid_t pid = fork();
	if (!pid) {
		plan_answer(core, &question, f);
		_exit(fflush(f) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	rewind(f);
	json_error_t error;
	json_t *plan = json_loadf(f, 0, &error);
	if (!plan)
		fail_msg("%s at %d", error.text, error.position);
	fclose(f);
	return plan;
}

static json_t *plan_of(const char *text, bool rows) { return plan_of_core(world.core, text, rows); }

static long long number(const json_t *json, const char *key)
{
	assert_true(json_is_integer(json_object_get(json, key)));
	return json_integer_value(json_object_get(json, key));
}

static const char *word(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));
	return text ? text : "";
}

static const json_t *item(const json_t *list, const char *key, const char *value)
{
	size_t i;
	const json_t *one;
	json_array_foreach(list, i, one)
		if (!strcmp(word(one, key), value))
			return one;
	return NULL;
}

static bool is_true(const json_t *json, const char *key) { return json_is_true(json_object_get(json, key)); }

/* The counts of a switch are those of its objects, and its rows are as many. */
static void check_sums(const json_t *plan, const json_t *sw)
{
	for (size_t k = 0; k < N_KINDS; k++) {
		long long n = 0, n_rows = 0;
		size_t i;
		const json_t *part;
		json_array_foreach(json_object_get(sw, "objects"), i, part)
			n += number(part, kinds[k]);
		json_array_foreach(json_object_get(plan, "rows"), i, part)
			n_rows += !strcmp(word(part, "switch"), word(sw, "name")) && !strcmp(word(part, "change"), kinds[k]);
		assert_int_equal(n, number(sw, kinds[k]));
		assert_int_equal(n_rows, n);
	}
}

static void test_plan_is_what_is_sent(void **state)
{
	for (size_t e = 0; e < N_EDITS; e++) {
		size_t sent[8][N_KINDS] = { 0 }, sum = 0;
		char *text = text_of(&edits[e]);
		uint64_t before = n_sent();
		json_t *plan = plan_of(text, true);
		print_message("%s: %lld added, %lld modified, %lld deleted\n", edits[e].name, number(plan, "added"), number(plan, "modified"),
			      number(plan, "deleted"));
		assert_true(is_true(plan, "ok"));
		world_reload(&world, text);
		take_all(sent);
		for (uint32_t s = 0; s < world.core->n_switches; s++) {
			const struct view_switch *vs = view_switch(world.core->view, s);
			const json_t *sw = item(json_object_get(plan, "switches"), "name", vs->name);
			for (size_t k = 0; k < N_KINDS; k++) {
				assert_int_equal(sw ? number(sw, kinds[k]) : 0, sent[s][k]);
				sum += sent[s][k];
			}
			if (sw)
				check_sums(plan, sw);
		}
		assert_int_equal(n_sent() - before, sum);
		assert_int_equal(sum == 0, edits[e].is_same || !strcmp(edits[e].name, "a switch less") || !strcmp(edits[e].name, "another switch"));
		assert_int_equal(is_true(plan, "changes"), !edits[e].is_same);
		json_decref(plan);
		/* It is what is in force now, and nothing would change any more. */
		plan = plan_of(text, false);
		assert_false(is_true(plan, "changes"));
		json_decref(plan);
		free(text);
		tear_down(state);
		set_up(state);
	}
}

/* Ways, trees and steered paths change in several steps, some of them after a time of grace: all of it is
 * in the plan, and nothing else comes. */
#define MESH(LINKS, MORE) \
	"version: 1\nswitches: {a: {dpid: 1}, b: {dpid: 2}, c: {dpid: 3}}\nnetworks:\n  red: {ports: [\"*:vm*\"]}\nlinks:\n" \
	"  - {between: [a:ab, b:ba], rate: 100Mbit}\n" LINKS MORE
#define AC "  - {between: [a:ac, c:ca], rate: 100Mbit}\n"
#define BC "  - {between: [b:bc, c:cb], rate: 100Mbit}\n"

static void test_plan_with_links(void **state)
{
	static const struct { const char *name, *text; bool is_same; } others[] = {
		{ "a comment", MESH(AC BC, "x-note: nothing\n"), true },
		{ "a link less", MESH(AC, ""), false },
		{ "a pin", MESH(AC BC, "te: {pin: [{from: a, to: b, via: [c]}]}\n"), false },
		{ "dearer", MESH("  - {between: [a:ac, c:ca], rate: 100Mbit, cost: 50}\n" BC, ""), false },
	};
	(void) state;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		struct te_world *t = calloc(1, sizeof *t);
		te_world_init(t, MESH(AC BC, ""), NULL);
		te_world_connect(t);
		te_world_seconds(t, 60);
		uint64_t before = te_world_mods(t);
		json_t *plan = plan_of_core(t->w.core, others[i].text, false);
		long long n = number(plan, "added") + number(plan, "modified") + number(plan, "deleted");
		world_reload(&t->w, others[i].text);
		te_world_seconds(t, 20);
		print_message("%s: %lld messages in %lld steps\n", others[i].name, n, number(plan, "rounds"));
		assert_int_equal(te_world_mods(t) - before, n);
		assert_int_equal(n == 0, others[i].is_same);
		json_decref(plan);
		te_world_uninit(t);
		free(t);
	}
}

static void assert_object(const json_t *plan, const char *name, const char *change, long long line)
{
	const json_t *object = item(json_object_get(plan, "objects"), "object", name);
	if (!object)
		fail_msg("no object %s", name);
	assert_string_equal(word(object, "change"), change);
	assert_int_equal(json_integer_value(json_object_get(object, "line")), line);
}

static json_t *plan_of_edit(const char *name)
{
	for (size_t e = 0; e < N_EDITS; e++)
		if (!strcmp(edits[e].name, name)) {
			char *text = text_of(&edits[e]);
			json_t *plan = plan_of(text, false);
			free(text);
			return plan;
		}
	fail();
	return NULL;
}

static void test_objects(void **state)
{
	(void) state;
	json_t *plan = plan_of_edit("a network gone");
	assert_object(plan, "network lab", "gone", 11);
	assert_object(plan, "port kvm1:vm-b of network lab", "gone", 13);
	assert_null(item(json_object_get(plan, "objects"), "object", "network office"));
	json_decref(plan);
	plan = plan_of_edit("a port more");
	assert_object(plan, "network office", "changed", 7);
	assert_object(plan, "port kvm1:vm-c of network office", "new", 10);
	assert_int_equal(json_array_size(json_object_get(plan, "objects")), 2);
	json_decref(plan);
	plan = plan_of_edit("a rule more");
	assert_object(plan, "acl web", "changed", 15);
	json_decref(plan);
	plan = plan_of_edit("another switch");
	assert_object(plan, "switch kvm4", "new", 5);
	assert_object(plan, "switch kvm3", "gone", 5);
	assert_string_equal(word(item(json_object_get(plan, "switches"), "name", "kvm4"), "state"), "away");
	json_decref(plan);
	plan = plan_of_edit("no link");
	assert_int_equal(json_array_size(json_object_get(plan, "objects")), 1);
	json_decref(plan);
}

/* Rows name the object and the line of the file that they come from, gone ones the old one's. */
static void test_rows_by_object(void **state)
{
	(void) state;
	json_t *plan = plan_of_edit("a network gone");
	const json_t *sw = item(json_object_get(plan, "switches"), "name", "kvm1");
	const json_t *part = item(json_object_get(sw, "objects"), "object", "port kvm1:vm-b of network lab");
	assert_non_null(part);
	assert_int_equal(number(part, "line"), 13);
	assert_true(number(part, "deleted") > 0);
	assert_int_equal(number(part, "added"), 0);
	json_decref(plan);
	plan = plan_of_edit("a port more");
	sw = item(json_object_get(plan, "switches"), "name", "kvm1");
	part = item(json_object_get(sw, "objects"), "object", "port kvm1:vm-c of network office");
	assert_non_null(part);
	assert_int_equal(number(part, "line"), 10);
	json_decref(plan);
}

static void test_hosts(void **state)
{
	(void) state;
	json_t *plan = plan_of_edit("a port that moves");
	const json_t *hosts = json_object_get(plan, "hosts"), *host = json_array_get(hosts, 0);
	assert_int_equal(json_array_size(hosts), 1);
	assert_int_equal(number(plan, "n_hosts"), 1);
	assert_string_equal(word(host, "mac"), "02:00:00:00:00:0b");
	assert_string_equal(word(host, "ip"), "10.0.0.11");
	assert_string_equal(word(host, "where"), "kvm1:vm-b");
	assert_string_equal(word(host, "network"), "lab");
	assert_false(is_true(host, "network_is_gone"));
	assert_int_equal(json_array_size(json_object_get(host, "networks")), 0);
	json_decref(plan);
	plan = plan_of_edit("a network gone");
	assert_int_equal(number(plan, "n_hosts"), 2);
	assert_true(is_true(json_array_get(json_object_get(plan, "hosts"), 0), "network_is_gone"));
	json_decref(plan);
	plan = plan_of_edit("a port more");
	assert_int_equal(number(plan, "n_hosts"), 0);
	json_decref(plan);
}

/* A connection that ends by the new file gets nothing, as sessions_check_admission() ends it first. */
static void test_switch_that_leaves(void **state)
{
	(void) state;
	static const char without[] = "version: 1\nswitches: {kvm1: {dpid: 0x11}, kvm2: {dpid: 0x99}}\nnetworks:\n  office: {ports: [kvm1:vm-a]}\n";
	json_t *plan = plan_of(without, false);
	const json_t *sw = item(json_object_get(plan, "switches"), "name", "kvm2");
	assert_string_equal(word(sw, "state"), "leaves");
	assert_int_equal(number(sw, "deleted"), 0);
	assert_true(number(plan, "deleted") > 0);
	json_decref(plan);
}

static void test_errors(void **state)
{
	(void) state;
	json_t *plan = plan_of("version: 1\nnetworks: {office: {prots: []}}\n", true);
	assert_false(is_true(plan, "ok"));
	assert_false(is_true(plan, "changes"));
	assert_int_equal(json_array_size(json_object_get(plan, "findings")), 1);
	json_decref(plan);
}

int main(void)
{
#define T(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_plan_is_what_is_sent), T(test_objects), T(test_rows_by_object), T(test_hosts), T(test_switch_that_leaves),
		T(test_errors), cmocka_unit_test(test_plan_with_links),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
