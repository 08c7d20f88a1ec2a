/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/apps/guard_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

const char guard_bound[] = GUARD_SWITCHES
	"  red:\n"
	"    vni: 100\n"
	"    ports:\n"
	"      - \"*:r*\"\n"
	"      - {port: b:rd, mac: \"02:00:00:00:00:09\", ip: [10.1.0.9, \"fd00::9\"]}\n"
	"      - {port: b:rm, mac: \"02:00:00:00:00:08\"}\n"
	"      - {port: b:ro, mac: \"02:00:00:00:00:07\", ip: 10.1.0.7, guard: false}\n"
	"  wrap: {vni: 200, tags: pass, ports: [\"*:w*\", {port: b:wd, mac: \"02:00:00:00:00:09\", ip: 10.1.0.9}]}\n";

const char guard_leased[] = GUARD_SWITCHES
	"  red:\n"
	"    vni: 100\n"
	"    guard: all\n"
	"    ports:\n"
	"      - \"*:r?\"\n"
	"      - {port: b:srv, trust: all}\n"
	"      - {port: b:rtr, trust: [ra, source, arp]}\n"
	"      - {port: b:rd, mac: \"02:00:00:00:00:09\", ip: [10.1.0.9, \"fd00::9\"]}\n"
	"      - {port: b:rm, mac: \"02:00:00:00:00:08\"}\n"
	"      - {port: b:free, guard: false}\n"
	"  green: {vni: 200, ports: [\"*:g*\"]}\n"
	"  lan: {transport: vlan, vlan: 30, guard: [dhcp, ra, arp], uplinks: [a:up, b:up], ports: [\"*:u*\"]}\n";

const char guard_ports[] =
	GUARD_UP
	"port a:r1 1; port a:r2 2; port b:r1 1; port b:rd 2; port b:rm 3; port b:ro 4; port a:w1 7; port b:w1 7; port b:wd 8;"
	"port b:srv 9; port b:rtr 10; port b:free 11; port a:up 20; port b:up 20; port a:u1 21; port b:u1 21; port a:g1 30;"
	"port b:g1 30";

void guard_play(const char *yaml, const char *story) { guard_open(yaml, guard_ports, story); }

const struct fact *guard_the_fact(enum fact_kind kind)
{
	const struct fact *fact = guard_fact(kind);
	if (!fact)
		fail_msg("no fact %s", fact_word(kind));
	return fact;
}

bool guard_says(const char *text)
{
	char line[400];
	fact_format(guard_the_fact(FACT_VIOLATION), w->net, w->view, line, sizeof line);
	if (strstr(line, text))
		return true;
	print_message("%s\n", line);
	return false;
}

void guard_is_dropped(const char *place, struct frame frame, const char *row, enum fact_reason reason)
{
	char dropped_by[64];
	guard_send(place, frame);
	snprintf(dropped_by, sizeof dropped_by, "%s", w->dropped_by);
	assert_int_equal(w->n_got, 0);
	assert_int_equal(guard_the_fact(FACT_VIOLATION)->reason, reason);
	(void) row;
	/* A report is an output too: the row is found by what it counts. */
	world_do(w, "meters b 0; meters a 0");
	w->learn = false;
	world_send(w, place, frame);
	w->learn = true;
	assert_string_equal(w->dropped_by, row);
	assert_int_equal(w->n_got, 0);
	world_do(w, "meters b 100; meters a 100");
	w->now_ms += 20000;
}

const char guard_limited[] = GUARD_SWITCHES
	"  red:\n"
	"    vni: 100\n"
	"    ports:\n"
	"      - \"*:r*\"\n"
	"      - {port: b:rd, max_hosts: 1, on_limit: shut}\n"
	"      - {port: b:rm, max_hosts: 1, on_limit: report}\n"
	"      - {port: b:ro, sticky: true}\n"
	"  green: {vni: 200, ports: [\"*:g*\", {port: b:rd, tag: 7}]}\n";

void guard_second(uint64_t s)
{
	w->now_ms += s * 1000;
	world_tick(w, 1);
	world_check(w);
}
