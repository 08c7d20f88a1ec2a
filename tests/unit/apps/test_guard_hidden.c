/* SPDX-License-Identifier: Apache-2.0 */
/* Neighbour discovery that hides its type, in fragments and behind extension headers
 * (RFC 6980, RFC 7112, RFC 7113). That Open vSwitch reads such frames as walk does is
 * tests/e2e/test_guard_hidden.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "apps/guard.h"
#include "tests/unit/apps/guard_world.h"

static const char file[] =
	GUARD_SWITCHES
	"  red:\n    vni: 100\n    guard: all\n    ports:\n"
	"      - \"*:r?\"\n      - {port: b:rtr, trust: all}\n"
	"      - {port: b:rd, mac: \"02:00:00:00:00:09\", ip: [10.1.0.9, \"fd00::9\"]}\n"
	"  blue: {vni: 200, guard: ra, ports: [\"*:b?\"]}\n"
	"  green: {vni: 300, guard: dhcp, ports: [\"*:g?\"]}\n";
static const char ports[] =
	GUARD_UP "port a:r1 1; port b:rd 2; port b:rtr 3; port a:b1 4;"
	"port b:b1 5; port a:g1 6; port b:g1 7; host red 1 a:r1";

static int before(void **state)
{
	(void) state;
	guard_open(file, ports, "");
	return 0;
}

enum { IP = 14, NEXT = IP + 6, HOPS = IP + 7, BODY = IP + 40 };

/* An extension header of that kind in front of what is there. */
static struct frame with_header(struct frame frame, uint8_t kind, uint8_t length, unsigned word)
{
	size_t n = 8;
	memmove(frame.bytes + BODY + n, frame.bytes + BODY, frame.size - BODY);
	memset(frame.bytes + BODY, 0, n);
	frame.bytes[BODY] = frame.bytes[NEXT];
	frame.bytes[BODY + 1] = length;
	frame.bytes[BODY + 2] = (uint8_t) (word >> 8);
	frame.bytes[BODY + 3] = (uint8_t) word;
	frame.bytes[NEXT] = kind;
	frame.bytes[IP + 5] = (uint8_t) (frame.bytes[IP + 5] + n);
	frame.size += n;
	return frame;
}
enum { OPTIONS = 60, FRAGMENT = 44, MORE = 1 };
static struct frame first(struct frame frame) { return with_header(frame, FRAGMENT, 0, MORE); }

static const char *dropped_by(const char *place, struct frame frame)
{
	static char name[64];
	world_do(w, "meters b 0; meters a 0");
	w->learn = false;
	world_send(w, place, frame);
	w->learn = true;
	world_do(w, "meters b 100; meters a 100");
	snprintf(name, sizeof name, "%s", w->n_got ? "" : w->dropped_by);
	return name;
}

/* "" for row: it passes. Else it is dropped by that row, and told for that reason. */
static void fares(const char *place, struct frame frame, const char *row, enum fact_reason reason)
{
	assert_string_equal(dropped_by(place, frame), row);
	world_quiet(w);
	world_send(w, place, frame);
	world_check(w);
	assert_int_equal(!w->n_got, row[0] != 0);
	w->now_ms += 20000;
	for (size_t i = 0; i < w->n_facts; i++) {
		if (w->facts[i].kind != FACT_VIOLATION)
			continue;
		if (!row[0] || w->facts[i].reason != reason)
			fail_msg("%s: %s", row, fact_reason_text(w->facts[i].reason));
		return;
	}
	assert_false(row[0]);
}

static void fragments(void **state)
{
	(void) state;
	struct frame ra = guard_nd_link(1, 134, 1), na = guard_nd_link(1, 136, 1), ns = guard_nd_link(1, 135, 1);
	fares("a:r1", ra, "rogue-router", REASON_ROGUE_RA);
	fares("a:r1", first(ra), "fragmented-nd", REASON_HIDDEN);
	fares("a:r1", first(na), "fragmented-nd", REASON_HIDDEN);
	fares("a:r1", first(ns), "fragmented-nd", REASON_HIDDEN);
	fares("a:r1", first(with_header(ra, OPTIONS, 0, 0)), "fragmented-nd", REASON_HIDDEN);
	fares("a:r1", with_header(first(ra), OPTIONS, 0, 0), "fragmented-nd", REASON_HIDDEN);
	/* All of it in one fragment is none. */
	fares("a:r1", with_header(ra, FRAGMENT, 0, 0), "rogue-router", REASON_ROGUE_RA);
	fares("a:r1", with_header(na, FRAGMENT, 0, 0), "", REASON_NONE);
	/* A later one is nothing without its first. */
	fares("a:r1", with_header(ra, FRAGMENT, 0, 8 << 3), "", REASON_NONE);
	/* A large ping, whose hop limit is another. */
	struct frame ping = first(guard_nd_link(1, 128, 1));
	ping.bytes[HOPS] = 64;
	fares("a:r1", ping, "", REASON_NONE);
	fares("b:rtr", first(ra), "", REASON_NONE);
	fares("b:rd", first(guard_nd(9, 136, 9, 9)), "fragmented-nd", REASON_HIDDEN);
	fares("b:rd", first(guard_nd(7, 136, 9, 9)), "wrong-mac", REASON_BOUND);
	fares("a:b1", first(ra), "fragmented-nd", REASON_HIDDEN);
	fares("a:g1", first(ra), "", REASON_NONE);
}

static void headers(void **state)
{
	(void) state;
	struct frame ra = guard_nd_link(1, 134, 1), na = guard_nd_link(1, 136, 1);
	static const uint8_t kinds[] = { 0, 43, 60, 51 };
	for (size_t i = 0; i < 4; i++) {
		fares("a:r1", with_header(ra, kinds[i], 0, 0), "rogue-router", REASON_ROGUE_RA);
		fares("a:r1", with_header(na, kinds[i], 0, 0), "", REASON_NONE);
		fares("a:r1", with_header(ra, kinds[i], 200, 0), "cut-headers", REASON_HIDDEN);
		fares("a:r1", first(with_header(ra, kinds[i], 200, 0)), "cut-headers", REASON_HIDDEN);
	}
	struct frame cut = with_header(ra, OPTIONS, 0, 0);
	cut.size = BODY + 4;
	fares("a:r1", cut, "cut-headers", REASON_HIDDEN);
	/* The same of an address that is not its own is that; what is no ND in fragments too. */
	struct frame wrong = first(guard_ip6(1, 1, 5, 5));
	fares("a:r1", wrong, "wrong-ip6", REASON_NO_LEASE);
	/* As the kernel's datapath has it. */
	struct frame none = first(ra);
	none.bytes[BODY] = 59;
	assert_string_equal(dropped_by("a:r1", none), "cut-fragment");
	char line[400];
	world_quiet(w);
	world_send(w, "a:r1", first(na));
	for (size_t i = 0; i < w->n_facts; i++)
		if (w->facts[i].kind == FACT_VIOLATION)
			fact_format(&w->facts[i], w->net, w->view, line, sizeof line);
	assert_non_null(strstr(line, "(02:00:00:00:00:01), in fragments or behind headers that are cut off"));
}

#define T(NAME) cmocka_unit_test_setup_teardown(NAME, before, stage_close)

int main(void)
{
	const struct CMUnitTest tests[] = { T(fragments), T(headers) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
