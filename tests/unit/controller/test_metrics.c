/* SPDX-License-Identifier: Apache-2.0 */
/* metrics: the text is what OpenMetrics 1.0 asks for, whatever names switches have, and
 * the numbers are those of the world. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/metrics_private.h"
#include "tests/unit/controller/te_world.h"
#include "tests/unit/controller/world.h"

static const char file[] =
	"version: 1\n"
	"switches: {kvm1: {dpid: 0x11}, kvm2: {dpid: 0x12}}\n"
	"networks:\n"
	"  office:\n"
	"    storm: {broadcast: 10pps}\n"
	"    acl: some\n"
	"    ports: [\"kvm1:vm*\", \"kvm2:vm*\"]\n"
	"acls:\n"
	"  some:\n"
	"    - {allow: icmp}\n"
	"    - {deny: tcp}\n"
	"    - {deny: any}\n";

/* --- a strict reader ---------------------------------------------------------------------- */

enum { MAX_SERIES = 4000 };

/* "name{a="b"}" as it stands, and its value. */
struct reading {
	char *text;
	struct { const char *series; double value; } items[MAX_SERIES];
	size_t n;
	const char *families[200];
	size_t n_families;
};

static bool is_name(const char *p, size_t size)
{
	if (!size || isdigit((unsigned char) *p))
		return false;
	for (size_t i = 0; i < size; i++)
		if (!isalnum((unsigned char) p[i]) && p[i] != '_')
			return false;
	return true;
}

/* Behind the closing brace; only the three escapes that there are, and no control characters. */
static const char *skip_labels(const char *p)
{
	assert_int_equal(*p++, '{');
	for (;;) {
		const char *end = strchr(p, '=');
		assert_non_null(end);
		assert_true(is_name(p, (size_t) (end - p)));
		p = end + 1;
		assert_int_equal(*p++, '"');
		for (; *p != '"'; p++) {
			assert_true((unsigned char) *p >= ' ');
			if (*p == '\\')
				assert_non_null(strchr("\\\"n", *++p));
		}
		p++;
		if (*p == '}')
			return p + 1;
		assert_int_equal(*p++, ',');
	}
}

static void read_sample(struct reading *r, char *line, const char *family, bool is_counter)
{
	size_t size = strcspn(line, "{ ");
	char *end, name[200];
	snprintf(name, sizeof name, "%s%s", family, is_counter ? "_total" : "");
	assert_int_equal(size, strlen(name));
	assert_memory_equal(line, name, size);
	char *blank = line[size] == '{' ? (char *) skip_labels(line + size) : line + size;
	assert_int_equal(*blank, ' ');
	*blank = '\0';
	double value = strtod(blank + 1, &end);
	assert_true(!*end && end > blank + 1 && isfinite(value));
	assert_true(!is_counter || value >= 0);
	for (size_t i = 0; i < r->n; i++)
		assert_string_not_equal(r->items[i].series, line);
	assert_true(r->n < MAX_SERIES);
	r->items[r->n].series = line;
	r->items[r->n++].value = value;
}

/* # TYPE, perhaps # UNIT, # HELP, then its samples; families come once. */
static void read_text(struct reading *r)
{
	char *rest = r->text, *line, family[100] = "", type[20], unit[40], *end;
	bool is_counter = false, has_help = true;
	size_t size = strlen(r->text);
	assert_true(size > 7 && !strcmp(r->text + size - 7, "\n# EOF\n"));
	r->text[size - 1] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		if (!strncmp(line, "# TYPE ", 7)) {
			assert_true(has_help);
			assert_int_equal(sscanf(line, "# TYPE %99s %19s", family, type), 2);
			assert_true(is_name(family, strlen(family)));
			assert_true(!strcmp(type, "counter") || !strcmp(type, "gauge"));
			is_counter = !strcmp(type, "counter");
			size = strlen(family);
			assert_true(!is_counter || size < 6 || strcmp(family + size - 6, "_total"));
			for (size_t i = 0; i < r->n_families; i++)
				assert_string_not_equal(r->families[i], family);
			r->families[r->n_families++] = strdup(family);
			has_help = false;
		} else if (!strncmp(line, "# UNIT ", 7)) {
			assert_false(has_help);
			char of[100];
			assert_int_equal(sscanf(line, "# UNIT %99s %39s", of, unit), 2);
			assert_string_equal(of, family);
			assert_string_equal(family + strlen(family) - strlen(unit), unit);
		} else if (!strncmp(line, "# HELP ", 7)) {
			assert_false(has_help);
			assert_memory_equal(line + 7, family, strlen(family));
			assert_true(strlen(line) > 8 + strlen(family) + 3 && !strchr(line, '\\'));
			has_help = true;
		} else if (!strcmp(line, "# EOF")) {
			assert_null(rest);
		} else {
			assert_true(has_help);
			end = line;
			read_sample(r, end, family, is_counter);
		}
	}
}

static struct reading *take(const struct api_world *world)
{
	struct reading *r = calloc(1, sizeof *r);
	struct metrics *m = metrics_new(world);
	size_t all, size;
	const char *piece;
	FILE *f = open_memstream(&r->text, &all);
	assert_non_null(f);
	while ((piece = metrics_next(m, &size))) {
		assert_int_equal(strlen(piece), size);
		fwrite(piece, 1, size, f);
	}
	fclose(f);
	metrics_free(m);
	read_text(r);
	return r;
}

static void reading_free(struct reading *r)
{
	for (size_t i = 0; i < r->n_families; i++)
		free((char *) r->families[i]);
	free(r->text);
	free(r);
}

/* NAN = there is no such sample. */
static double value(const struct reading *r, const char *series)
{
	for (size_t i = 0; i < r->n; i++)
		if (!strcmp(r->items[i].series, series))
			return r->items[i].value;
	return NAN;
}
#define EXPECT(R, SERIES, VALUE) assert_float_equal(value(R, SERIES), VALUE, 0)
#define EXPECT_NONE(R, SERIES) assert_true(isnan(value(R, SERIES)))

/* --- the tests -------------------------------------------------------------------------------- */

static struct world world;
static uint32_t kvm1;

static int set_up(void **state)
{
	static const char *const ports[] = { "vm-a", "vm-b", "a\"b\\c\nd", "vm-\xff\xfe" };
	(void) state;
	world_init(&world, file);
	kvm1 = world_connect(&world, "kvm1", ports, 4);
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	world_uninit(&world);
	return 0;
}

static void test_weftd_and_switches(void **state)
{
	char series[300];
	(void) state;
	world_learn(&world, "office", 1, kvm1, 2);
	struct reading *r = take(&world.api);
	EXPECT(r, "weft_build_info{version=\"" WEFT_VERSION "\"}", 1);
	snprintf(series, sizeof series, "weft_config_info{file=\"topology.yaml\",digest=\"%s\"}", world.core->net->digest_text);
	EXPECT(r, series, 1);
	EXPECT(r, "weft_config_last_reload_successful", 1);
	EXPECT(r, "weft_events_total", (double) events_last_id(world.core->events));
	EXPECT(r, "process_start_time_seconds", 1700000000);
	assert_true(value(r, "process_resident_memory_bytes") > 1e6);
	assert_true(value(r, "process_cpu_seconds_total") > 0);
	EXPECT(r, "weft_switch_up{switch=\"kvm1\"}", 1);
	EXPECT(r, "weft_switch_in_sync{switch=\"kvm2\"}", 0);
	EXPECT(r, "weft_switch_up{switch=\"kvm2\"}", 0);
	EXPECT(r, "weft_switch_connections_total{switch=\"kvm1\"}", 1);
	EXPECT(r, "weft_switch_connections_total{switch=\"kvm2\"}", 0);
	EXPECT(r, "weft_switch_flows{switch=\"kvm2\"}", 0);
	assert_true(value(r, "weft_switch_flows{switch=\"kvm1\"}") > 10);
	assert_true(value(r, "weft_switch_rows{switch=\"kvm1\",app=\"l2\"}") > 0);
	assert_false(isnan(value(r, "weft_switch_rows{switch=\"kvm1\",app=\"steer\"}")));
	EXPECT_NONE(r, "weft_switch_packet_ins_total{switch=\"kvm1\"}");        /* no session here */
	EXPECT(r, "weft_network_hosts{network=\"office\"}", 1);
	assert_true(value(r, "weft_problems{severity=\"error\"}") + value(r, "weft_problems{severity=\"warning\"}") > 0);
	reading_free(r);
	/* A switch that comes again. */
	world_take_rows(&world, kvm1);
	world_disconnect(&world, kvm1, "for a test");
	world_connect(&world, "kvm1", (const char *const[]) { "vm-a" }, 1);
	r = take(&world.api);
	EXPECT(r, "weft_switch_connections_total{switch=\"kvm1\"}", 2);
	reading_free(r);
}

/* Names are text, whatever is in them; a name that is there twice is told once. */
static void test_ports(void **state)
{
	struct view_counts counts = { 1, 2, 3, 4000000000000000ull, 5, UINT64_MAX };
	(void) state;
	view_port_count(world.core->view, kvm1, 1, &counts, world.core->now_ms);
	/* A switch that has two of a name: one of them is told. */
	strcpy(((struct view_port *) view_port(world.core->view, kvm1, 2))->name, "vm-a");
	counts.rx_packets = 99;
	view_port_count(world.core->view, kvm1, 2, &counts, world.core->now_ms);
	struct reading *r = take(&world.api);
	EXPECT(r, "weft_port_up{switch=\"kvm1\",port=\"a\\\"b\\\\c\\nd\"}", 1);
	EXPECT(r, "weft_port_up{switch=\"kvm1\",port=\"vm-\xef\xbf\xbd\xef\xbf\xbd\"}", 1);
	EXPECT(r, "weft_port_receive_packets_total{switch=\"kvm1\",port=\"vm-a\"}", 1);
	EXPECT(r, "weft_port_transmit_packets_total{switch=\"kvm1\",port=\"vm-a\"}", 2);
	EXPECT(r, "weft_port_receive_bytes_total{switch=\"kvm1\",port=\"vm-a\"}", 3);
	EXPECT(r, "weft_port_transmit_bytes_total{switch=\"kvm1\",port=\"vm-a\"}", 4000000000000000.0);
	EXPECT(r, "weft_port_receive_dropped_packets_total{switch=\"kvm1\",port=\"vm-a\"}", 5);
	EXPECT_NONE(r, "weft_port_transmit_dropped_packets_total{switch=\"kvm1\",port=\"vm-a\"}");
	EXPECT_NONE(r, "weft_port_receive_bytes_total{switch=\"kvm1\",port=\"br-int\"}");
	EXPECT(r, "weft_ports_left_out", 0);
	reading_free(r);
}

/* Rows of some kinds have counted. */
static void count_rows(const char *kind, const char *words, uint64_t n)
{
	struct ledger *ledger = world.core->switches[kvm1]->ledger;
	struct ledger_iter iter;
	for (const struct row *row = ledger_first(ledger, &iter); row; row = ledger_after(ledger, &iter)) {
		struct row_room room;
		struct rule rule;
		char text[4096];
		row_rule(row, &room, &rule);
		const struct app_row *of = app_row_of(&rule);
		if (!of || strcmp(of->name, kind))
			continue;
		rule_format(&rule, text, sizeof text);
		if (strstr(text, words)) {
			((struct row *) row)->n_packets = n;
			return;
		}
	}
	fail_msg("no row %s with %s", kind, words);
}

static void test_drops(void **state)
{
	(void) state;
	count_rows("unknown-port", "", 7);
	count_rows("wrong-tag", "", 20);
	count_rows("network-rule", "tcp", 100);
	count_rows("network-rule", "icmp", 3000);       /* allowed: no drop */
	count_rows("network-end-of-list", "", 11);
	struct view_port *port = (struct view_port *) view_port(world.core->view, kvm1, 1);
	port->uses[0].storms[STORM_BROADCAST].n_dropped = 5;
	struct reading *r = take(&world.api);
	EXPECT(r, "weft_dropped_packets_total{switch=\"kvm1\",reason=\"unknown-port\"}", 7);
	EXPECT(r, "weft_dropped_packets_total{switch=\"kvm1\",reason=\"wrong-tag\"}", 20);
	EXPECT(r, "weft_dropped_packets_total{switch=\"kvm1\",reason=\"acl\"}", 111);
	EXPECT(r, "weft_dropped_packets_total{switch=\"kvm1\",reason=\"storm\"}", 5);
	EXPECT_NONE(r, "weft_dropped_packets_total{switch=\"kvm1\",reason=\"network-rule\"}");
	reading_free(r);
}

/* The file changes between two pieces. */
static void test_another_file_meanwhile(void **state)
{
	(void) state;
	for (size_t stop = 1; stop < 250; stop += 7) {
		struct metrics *m = metrics_new(&world.api);
		size_t size;
		for (size_t i = 0; metrics_next(m, &size); i++)
			if (i == stop) {
				world_reload(&world, stop % 2 ? "version: 1\nnetworks: {}\n" : file);
				core_plan(world.core);
			}
		metrics_free(m);
	}
}

/* Links with loads, and what traffic engineering did. */
static void test_links(void **state)
{
	struct te_world *t = calloc(1, sizeof *t);
	char folder[] = "/tmp/weft-metrics-XXXXXX", path[64];
	(void) state;
	assert_non_null(mkdtemp(folder));
	te_world_init(t, "version: 1\nswitches: {a: {dpid: 1}, b: {dpid: 2}}\n"
		      "networks:\n  red: {ports: [\"*:vm*\"]}\nlinks:\n  - {between: [a:ab, b:ba], rate: 100Mbit}\n", folder);
	te_world_connect(t);
	t->w.core->te->edges[0].sent[0] = (struct demand) { .fast = 50, .slow = 50, .n = 9, .ms = t->w.core->now_ms };
	/* Its sessions have no connection. */
	struct session *sessions[2];
	for (size_t i = 0; i < 2; i++) {
		sessions[i] = t->w.core->switches[i]->session;
		t->w.core->switches[i]->session = NULL;
	}
	struct api_world seen = { .core = t->w.core };
	struct reading *r = take(&seen);
	const char *name = t->w.core->net->edges[0].name;
	char series[300];
	snprintf(series, sizeof series, "weft_link_capacity_bytes_per_second{link=\"%s\"}", name);
	EXPECT(r, series, 12500000);
	snprintf(series, sizeof series, "weft_link_load_bytes_per_second{link=\"%s\",from=\"a\"}", name);
	EXPECT(r, series, 6250000);
	snprintf(series, sizeof series, "weft_link_utilisation_ratio{link=\"%s\",from=\"a\"}", name);
	EXPECT(r, series, 0.5);
	snprintf(series, sizeof series, "weft_link_load_bytes_per_second{link=\"%s\",from=\"b\"}", name);
	EXPECT_NONE(r, series);
	assert_false(isnan(value(r, "weft_te_moves_total")));
	reading_free(r);
	for (size_t i = 0; i < 2; i++)
		t->w.core->switches[i]->session = sessions[i];
	te_world_uninit(t);
	free(t);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, i ? "te" : "links");
		remove(path);
	}
	remove(folder);
}

static void test_manual(void **state)
{
	char *page = NULL;
	size_t size = 0;
	(void) state;
	FILE *f = open_memstream(&page, &size);
	assert_non_null(f);
	metrics_print_reference(f);
	fclose(f);
	assert_non_null(strstr(page, "| `weft_port_receive_bytes_total` | counter | switch, port |"));
	assert_non_null(strstr(page, "| `weft_link_up` | gauge | link |"));
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(F) cmocka_unit_test_setup_teardown(F, set_up, tear_down)
		T(test_weftd_and_switches), T(test_ports), T(test_drops), T(test_another_file_meanwhile),
		cmocka_unit_test(test_links), cmocka_unit_test(test_manual),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
