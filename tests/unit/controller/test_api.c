/* SPDX-License-Identifier: Apache-2.0 */
/* api: over a real socket, with a core and a file, in one thread: every path,
 * what is refused, streams, slow clients, and that the manual tells the truth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/controller/api_served.h"

static const char limited[] =
	"version: 1\n"
	"switches: {kvm1: {dpid: 0x11}}\n"
	"networks:\n"
	"  office:\n"
	"    storm: {broadcast: 10pps}\n"
	"    ports: [kvm1:vm-a, kvm1:vm-b]\n";

static const char guarded[] =
	"version: 1\n"
	"switches: {kvm1: {dpid: 0x11}}\n"
	"networks:\n"
	"  office:\n"
	"    guard: [dhcp, ra]\n"
	"    storm: {broadcast: 10pps}\n"
	"    ports: [{port: kvm1:vm-a, mac: \"02:00:00:00:00:02\", ip: 10.0.0.2, rate: 10Mbit}, {port: kvm1:vm-b, max_hosts: 1, on_limit: shut}]\n";

static void test_status(void **state)
{
	(void) state;
	json_t *json = call("GET", "/v1/status", NULL, 200);
	assert_string_equal(text(json, "verdict"), "ok");
	assert_int_equal(number(json, "pid"), getpid());
	assert_string_equal(text(json, "version"), WEFT_VERSION);
	assert_string_equal(json_string_value(json_array_get(json_object_get(json, "listeners"), 0)), listener);
	const json_t *state_of_file = json_object_get(json, "config");
	assert_string_equal(text(state_of_file, "file"), file);
	assert_true(json_is_false(json_object_get(state_of_file, "failed")));
	json_decref(json);
}

/* What is refused, with a hint. */
static void test_errors(void **state)
{
	static const struct { const char *method, *target; int code; const char *error, *hint; } cases[] = {
		{ "GET", "/", 404, "there is no /", "/v1/" },
		{ "GET", "/v1/statsu", 404, "there is no /v1/statsu", "did you mean /v1/status?" },
		{ "GET", "/hosts", 404, "there is no /hosts", "did you mean /v1/hosts?" },
		{ "GET", "/v1/hosts/", 404, "there is no", "did you mean /v1/hosts?" },
		{ "POST", "/v1/status", 405, "/v1/status takes GET, not POST", "" },
		{ "GET", "/v1/apply", 405, "/v1/apply takes POST, not GET", "" },
		{ "DELETE", "/v1/log", 405, "/v1/log takes GET, POST, not DELETE", "" },
		{ "GET", "/v1/status?x=1", 400, "no parameter \"x\"", "it takes no parameters" },
		{ "GET", "/v1/hosts?netwrok=office", 400, "no parameter \"netwrok\"", "did you mean network?" },
		{ "GET", "/v1/hosts?limit=1&limit=2", 400, "there twice", "" },
		{ "GET", "/v1/hosts?limit=ten", 400, "\"ten\" is no value", "at most so many" },
		{ "GET", "/v1/hosts?limit=-1", 400, "\"-1\" is no value", "" },
		{ "GET", "/v1/events?after=99999999999999999999", 400, "is no value", "" },
		{ "GET", "/v1/events?follow=yes", 400, "\"yes\" is no value", "1 = " },
	};
	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *json = call(cases[i].method, cases[i].target, NULL, cases[i].code);
		assert_non_null(strstr(text(json, "error"), cases[i].error));
		assert_non_null(strstr(text(json, "hint"), cases[i].hint));
		json_decref(json);
	}
}

static void test_apply(void **state)
{
	char on_disk[1024] = "";
	(void) state;
	json_t *json = call("POST", "/v1/apply", other, 200);
	assert_true(json_is_true(json_object_get(json, "applied")));
	assert_string_equal(text(json, "digest"), world.core->net->digest_text);
	json_decref(json);
	assert_int_equal(n_changed, 1);
	assert_int_equal(world.core->net->networks[0].n_ports, 2);
	json = call("POST", "/v1/apply", bad, 422);
	assert_true(json_is_false(json_object_get(json, "applied")));
	const json_t *findings = json_object_get(json, "findings");
	assert_true(json_array_size(findings) >= 2);
	assert_int_equal(number(json_array_get(findings, 0), "line"), 4);
	assert_int_equal(number(json_array_get(findings, 0), "column"), 5);
	assert_string_equal(text(json_array_get(findings, 0), "code"), "E003");
	json_decref(json);
	/* A bad text changes nothing, and is no finding about the file. */
	assert_int_equal(n_changed, 1);
	json = call("GET", "/v1/config", NULL, 200);
	assert_true(json_is_false(json_object_get(json, "failed")));
	assert_int_equal(json_array_size(json_object_get(json, "findings")), 0);
	json_decref(json);
	FILE *f = fopen(file, "r");
	assert_non_null(f);
	assert_int_equal(fread(on_disk, 1, sizeof on_disk - 1, f), strlen(other));
	fclose(f);
	assert_string_equal(on_disk, other);
}

static void test_check(void **state)
{
	(void) state;
	json_t *json = call("POST", "/v1/check", other, 200);
	assert_true(json_is_true(json_object_get(json, "ok")));
	json_decref(json);
	json = call("POST", "/v1/check", bad, 200);
	assert_true(json_is_false(json_object_get(json, "ok")));
	assert_true(json_array_size(json_object_get(json, "findings")) >= 2);
	json_decref(json);
	json = call("POST", "/v1/check", "\xff\xfe:\x01{[", 200);
	assert_true(json_is_false(json_object_get(json, "ok")));
	json_decref(json);
	assert_int_equal(n_changed, 0);
}

static void test_reload(void **state)
{
	(void) state;
	write_file(bad);
	json_t *json = call("POST", "/v1/reload", NULL, 422);
	assert_true(json_array_size(json_object_get(json, "findings")) >= 2);
	json_decref(json);
	json = call("GET", "/v1/status", NULL, 200);
	assert_string_equal(text(json, "verdict"), "degraded");
	assert_string_equal(text(json_array_get(json_object_get(json, "problems"), 0), "kind"), "config-refused");
	assert_true(json_is_true(json_object_get(json_object_get(json, "config"), "failed")));
	json_decref(json);
	json = call("GET", "/v1/config", NULL, 200);
	assert_string_equal(text(json, "text"), bad);
	json_decref(json);
	write_file(good);
	json_decref(call("POST", "/v1/reload", NULL, 200));
	json = call("GET", "/v1/status", NULL, 200);
	assert_string_equal(text(json, "verdict"), "ok");
	json_decref(json);
}

static void test_log(void **state)
{
	(void) state;
	json_t *json = call("POST", "/v1/log", "{\"module\": \"api\", \"level\": \"err\"}", 200), *item;
	size_t i, n = 0;
	json_array_foreach(json_object_get(json, "modules"), i, item)
		n += !strcmp(text(item, "module"), "api") && !strcmp(text(item, "level"), "err");
	assert_int_equal(n, 1);
	json_decref(json);
	json_decref(call("POST", "/v1/log?module=api&level=warn", NULL, 200));
	json_decref(call("POST", "/v1/log", "{\"module\": \"nix\", \"level\": \"err\"}", 400));
	json_decref(call("POST", "/v1/log", "{\"module\": \"api\", \"level\": \"loud\"}", 400));
	json_decref(call("POST", "/v1/log", "{\"module\": 7}", 400));
	json_decref(call("POST", "/v1/log", "{", 400));
	json_decref(call("POST", "/v1/log", NULL, 400));
}

/* --- long answers ----------------------------------------------------------------------- */

/* --- followers ------------------------------------------------------------------------------ */

/* --- the manual ---------------------------------------------------------------------------------- */

static void test_explain(void **state)
{
	static const struct { const char *target, *error; } wrong[] = {
		{ "/v1/explain?from=vm-a", "from and to are wanted" },
		{ "/v1/explain?from=vm-a&to=vm-b&protocol=tcp", "\"tcp\" is no protocol" },
		{ "/v1/explain?from=vm-a&to=vm-b&size=1", "\"1\" is no size" },
	}, odd[] = {
		{ "/v1/explain?from=vm-a&to=vm-a", "the same host" },
		{ "/v1/explain?from=nowhere/vm-a&to=vm-b", "there is no network" },
		{ "/v1/explain?from=vm-a&to=vm-b&probe=1", "no probe: " },
	};
	(void) state;
	world_reload(&world, other);
	core_plan(world.core);
	world_take_rows(&world, 0);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		json_t *json = call("GET", wrong[i].target, NULL, 400);
		assert_non_null(strstr(json_string_value(json_object_get(json, "error")), wrong[i].error));
		json_decref(json);
	}
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		json_t *json = call("GET", odd[i].target, NULL, 422);
		const char *error = json_string_value(json_object_get(json, "error"));
		if (!strstr(error, odd[i].error))
			fail_msg("%s: %s", odd[i].target, error);
		assert_true(json_is_string(json_object_get(json, "hint")));
		json_decref(json);
	}
	json_t *json = call("GET", "/v1/explain?from=vm-a&to=vm-b", NULL, 200);
	char *text = json_dumps(json, 0);
	if (strcmp(json_string_value(json_object_get(json, "verdict")), "reachable"))
		fail_msg("%s", text);
	free(text);
	json_decref(json);
}

static void test_confirm_and_rollback(void **state)
{
	(void) state;
	json_decref(call("POST", "/v1/confirm", NULL, 409));
	json_decref(call("POST", "/v1/rollback", NULL, 409));
	json_t *json = call("POST", "/v1/apply?confirm_seconds=600&message=why%20so", other, 200);
	const json_t *waits = json_object_get(json, "confirm");
	assert_int_equal(json_integer_value(json_object_get(json, "revision")), 2);
	assert_int_equal(json_integer_value(json_object_get(waits, "revision")), 2);
	assert_int_equal(json_integer_value(json_object_get(waits, "back_to")), 1);
	json_decref(json);
	json = call("GET", "/v1/history", NULL, 200);
	const json_t *last = json_array_get(json_object_get(json, "revisions"), 1);
	assert_string_equal(text(last, "source"), "apply");
	assert_string_equal(text(last, "message"), "why so");
	assert_int_equal(json_integer_value(json_object_get(last, "uid")), getuid());
	assert_int_equal(json_integer_value(json_object_get(json, "in_force")), 2);
	manual_knows("history", json);
	manual_is_kept("history", json, NULL);
	json_decref(json);
	json_decref(call("POST", "/v1/apply", good, 409));
	json_decref(call("POST", "/v1/rollback?number=1", NULL, 200));
	json = call("GET", "/v1/revision", NULL, 200);
	assert_int_equal(json_integer_value(json_object_get(json, "number")), 3);
	assert_string_equal(text(json, "text"), good);
	json_decref(json);
	json = call("GET", "/v1/revision?number=2", NULL, 200);
	assert_string_equal(text(json, "text"), other);
	json_decref(json);
	json_decref(call("GET", "/v1/revision?number=9", NULL, 404));
	json_decref(call("GET", "/v1/revision?number=x", NULL, 400));
	json_decref(call("POST", "/v1/apply?confirm_seconds=0", other, 400));
	json_decref(call("POST", "/v1/apply?confirm_seconds=86401", other, 400));
	json_decref(call("POST", "/v1/apply?confirm_seconds=5", other, 200));
	json_decref(call("POST", "/v1/confirm", NULL, 200));
}

static void test_manual_tells_the_truth(void **state)
{
	static const char *const lists[] = { "switches", "ports", "hosts", "networks", "flows", "events", "objects" };
	static const char *const documents[] = { "status", "config", "counters", "log" };
	(void) state;
	/* Something of everything. */
	json_decref(call("POST", "/v1/apply?confirm_seconds=600", other, 200));
	world_learn(&world, "office", 1, 0, 1);
	world_reload(&world, limited);
	core_plan(world.core);
	world_learn(&world, "office", 1, 0, 2);
	struct fact closed = { .kind = FACT_QUARANTINE, .reason = REASON_LOOP, .sw = 0, .ofport = 1, .old_sw = NET_NONE,
			       .network = world.core->net->networks[0].id };
	core_fact(world.core, &closed);
	struct fact storm = { .kind = FACT_STORM, .sw = 0, .ofport = 2, .old_sw = NET_NONE,
			      .network = world.core->net->networks[0].id };
	core_fact(world.core, &storm);
	storm.n_dropped = 7;
	core_fact(world.core, &storm);
	struct fact claim = { .kind = FACT_ADDRESS, .sw = 0, .ofport = 2, .old_sw = NET_NONE, .has_ip4 = true,
			      .network = world.core->net->networks[0].id, .ip4 = { 10, 0, 0, 1 } };
	memcpy(claim.mac, (uint8_t[6]) { 2, 0, 0, 0, 0, 1 }, 6);
	core_fact(world.core, &claim);
	world_reload(&world, guarded);
	struct fact lease = claim, shut = { .kind = FACT_PORT_SHUT, .sw = 0, .ofport = 2, .network = claim.network };
	lease.kind = FACT_LEASE;
	lease.until_s = UINT32_MAX;
	core_fact(world.core, &lease);
	core_fact(world.core, &shut);
	core_refuse(world.core, "kvm9", 9, "no such switch");
	write_file(bad);
	json_decref(call("POST", "/v1/reload", NULL, 422));
	for (size_t i = 0; i < 7 + 4; i++) {
		const char *name = i < 7 ? lists[i] : documents[i - 7];
		char path[64];
		snprintf(path, sizeof path, "/v1/%s", name);
		json_t *json = call("GET", path, NULL, 200);
		const json_t *what = i < 7 ? json_object_get(json, name) : json;
		assert_true(i >= 7 || json_array_size(what) > 0);
		manual_knows(name, what);
		/* No session here, so there is nothing of one. */
		manual_is_kept(name, what, (const char *const[]) { "session.", "sync.", NULL });
		json_decref(json);
	}
	json_t *explained = call("GET", "/v1/explain?from=vm-a&to=kvm1:vm-b", NULL, 200);
	manual_knows("explain", explained);
	/* Nothing is wrong here, and nothing was sent. */
	manual_is_kept("explain", explained, (const char *const[]) { "directions.causes.", "probe.", NULL });
	json_decref(explained);
	json_t *plan = call("POST", "/v1/plan?rows=1", good, 200);
	manual_knows("plan", plan);
	manual_is_kept("plan", plan, NULL);
	json_decref(plan);
	char *page = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&page, &size);
	assert_non_null(f);
	api_print_reference(f);
	fclose(f);
	assert_non_null(strstr(page, "## GET /v1/status\n"));
	assert_non_null(strstr(page, "## POST /v1/apply\n"));
	assert_non_null(strstr(page, "| `verdict` |"));
	free(page);
}

#define T(F) cmocka_unit_test_setup_teardown(F, api_served_up, api_served_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_status), T(test_errors), T(test_apply), T(test_check), T(test_reload), T(test_log),
		T(test_explain), T(test_confirm_and_rollback), T(test_manual_tells_the_truth),
	};
	signal(SIGPIPE, SIG_IGN);
	log_init("test_api");
	log_set("all", "off");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
