/* SPDX-License-Identifier: Apache-2.0 */
/* explain: paths of steered traffic, by the hash that Open vSwitch takes, and their
 * detours. That real packets go there is tests/e2e/test_steer.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/explain.h"
#include "tests/unit/controller/te_world.h"

#define RING \
	"version: 1\n" \
	"switches: {a: {dpid: 1}, b: {dpid: 2}, c: {dpid: 3}, d: {dpid: 4}}\n" \
	"networks:\n" \
	"  red: {ports: [\"*:vm*\"]}\n" \
	"links:\n" \
	"  - {between: [a:ab, b:ba], rate: 100Mbit}\n" \
	"  - {between: [b:bc, c:cb], rate: 100Mbit}\n" \
	"  - {between: [c:cd, d:dc], rate: 100Mbit}\n" \
	"  - {between: [d:da, a:ad], rate: 100Mbit}\n"
enum { A, B, C, D };

static struct explain *x;

static void take(struct te_world *t)
{
	core_plan(t->w.core);
	for (unsigned i = 0; i < 4; i++)
		world_take_rows(&t->w, t->slots[i]);
}

static int set_up(void **state)
{
	struct te_world *t = calloc(1, sizeof *t);
	te_world_init(t, RING, NULL);
	te_world_connect(t);
	te_world_seconds(t, 5);
	for (unsigned i = 0; i < 4; i++) {
		uint32_t ofport = view_port_by_name(t->w.core->view, t->slots[i], "vm1")->ofport;
		struct fact fact = { .kind = FACT_ADDRESS, .sw = t->slots[i], .ofport = ofport, .network = t->w.core->net->networks[0].id,
				     .old_sw = NET_NONE, .mac = { 2, 0, 0, 0, 0, (uint8_t) (i + 1) }, .has_ip4 = true,
				     .ip4 = { 10, 0, 0, (uint8_t) (i + 1) } };
		world_learn(&t->w, "red", i + 1, t->slots[i], ofport);
		core_fact(t->w.core, &fact);
	}
	take(t);
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	explain_free(x);
	x = NULL;
	te_world_uninit(*state);
	free(*state);
	return 0;
}

/* From a to c; the links of the request, "a-b b-c ". */
static const char *path(struct te_world *t, const char *protocol)
{
	static char text[500];
	struct explain_question question = { .from = "10.0.0.1", .to = "10.0.0.3" };
	assert_null(explain_protocol_parse(protocol, &question.protocol));
	explain_free(x);
	x = explain_new(t->w.core, &question);
	if (x->error)
		fail_msg("%s; %s", x->error, x->hint);
	text[0] = '\0';
	for (size_t i = 0; i < x->directions[0].n_legs; i++) {
		const struct explain_leg *leg = &x->directions[0].legs[i];
		for (size_t k = 0; k < leg->n_steps && !strcmp(leg->name, "request"); k++)
			if (!strncmp(leg->steps[k].text, "out by link ", 12) || !strncmp(leg->steps[k].text, "by the detour", 13))
				snprintf(text + strlen(text), sizeof text - strlen(text), "%s; ", leg->steps[k].text);
	}
	return text;
}

static bool has_note(const char *kind)
{
	for (size_t i = 0; i < x->notes.n; i++)
		if (!strcmp(x->notes.items[i].kind, kind))
			return true;
	return false;
}

static void set_port(struct te_world *t, unsigned sw, const char *name, bool is_up)
{
	struct msg_port port = { .is_up = is_up, .is_live = is_up };
	port.ofport = view_port_by_name(t->w.core->view, t->slots[sw], name)->ofport;
	snprintf(port.name, sizeof port.name, "%s", name);
	core_port_status(t->w.core, t->slots[sw], MSG_PORT_MODIFY, &port);
}

static void test_path(void **state)
{
	struct te_world *t = *state;
	const char *text = path(t, "tcp/80");
	assert_true(x->is_reachable);
	if (strcmp(text, "out by link a:ab-b:ba; out by link b:bc-c:cb; ") && strcmp(text, "out by link a:ad-d:da; out by link c:cd-d:dc; "))
		fail_msg("%s", text);
	assert_false(has_note("detour"));
}

/* Before anybody has planned anew: the switch goes on by itself. */
static void test_detour(void **state)
{
	struct te_world *t = *state;
	bool by_b = strstr(path(t, "tcp/80"), "a:ab") != NULL;
	set_port(t, A, by_b ? "ab" : "ad", false);
	set_port(t, by_b ? B : D, by_b ? "ba" : "da", false);
	const char *text = path(t, "tcp/80");
	const char *expected = by_b ? "by the detour: a:ab-b:ba is down; out by link a:ad-d:da; out by link c:cd-d:dc; "
		: "by the detour: a:ad-d:da is down; out by link a:ab-b:ba; out by link b:bc-c:cb; ";
	if (strcmp(text, expected) || !x->is_reachable)
		fail_msg("%s%s", text, x->directions[0].causes.n ? x->directions[0].causes.items[0].text : x->directions[1].causes.items[0].text);
	assert_true(has_note("detour"));
	/* And the detour too: nobody is told that somebody else did it. */
	set_port(t, A, by_b ? "ad" : "ab", false);
	path(t, "tcp/80");
	assert_false(x->is_reachable);
	if (strcmp(x->directions[0].causes.items[0].kind, "path-down"))
		fail_msg("%s: %s", x->directions[0].causes.items[0].kind, x->directions[0].causes.items[0].text);
}

/* More than one path holds: connections take both, each the one that its hash says. */
static void test_split(void **state)
{
	struct te_world *t = *state;
	bool by_b = false, by_d = false;
	t->want[A][C] = 150;
	te_world_seconds(t, 120);
	take(t);
	for (int port = 1000; port < 1032; port++) {
		char protocol[16];
		snprintf(protocol, sizeof protocol, "udp/%d", port);
		const char *text = path(t, protocol);
		assert_true(x->is_reachable && has_note("one-of"));
		by_b |= strstr(text, "a:ab") != NULL;
		by_d |= strstr(text, "a:ad") != NULL;
	}
	assert_true(by_b && by_d);
}

int main(void)
{
#define T(F) cmocka_unit_test_setup_teardown(F, set_up, tear_down)
	const struct CMUnitTest tests[] = { T(test_path), T(test_detour), T(test_split) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
