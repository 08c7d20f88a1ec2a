/* SPDX-License-Identifier: Apache-2.0 */
/* The model: what a good file becomes, names and hashes that survive edits,
 * look-ups, files that cannot be read, and the manual. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "topo/arena.h"
#include "topo/net.h"

static const char file_text[] =
	"version: 1\n"
	"switches:\n"
	"  kvm2: {dpid: 0x12, vtep: 10.0.0.12}\n"
	"  kvm1: {dpid: 0x11, description: rack 4}\n"
	"networks:\n"
	"  office:\n"
	"    ports:\n"
	"      - kvm1:vm-a\n"
	"      - {port: \"kvm*:office-*\", tag: 7, max_hosts: 3, flood: false, hairpin: true,\n"
	"         enable: false}\n"
	"  lab:\n"
	"    description: a lab\n"
	"    vni: 10030\n"
	"    subnet: 10.30.0.0/16\n"
	"    max_hosts: 50\n"
	"    flood: false\n"
	"    ageing: 1h\n"
	"    transport: vlan\n"
	"    vlan: 30\n"
	"    uplinks: [kvm2:eno2, kvm1:eno2]\n"
	"    ports: [kvm2:lab-1]\n";

static struct net *parse(const char *text)
{
	struct diag *diag = diag_new("net.yaml");
	struct net *net = net_parse("net.yaml", text, strlen(text), diag);

	if (!net) {
		diag_print(diag, stderr);
		fail_msg("does not parse:\n%s", text);
	}
	diag_free(diag);
	return net;
}

static void test_model(void **state)
{
	struct net *net = parse(file_text);

	(void) state;
	assert_string_equal(net->file, "net.yaml");
	assert_int_equal(net->n_switches, 2);
	assert_string_equal(net->switches[0].name, "kvm1");
	assert_int_equal(net->switches[0].dpid, 0x11);
	assert_null(net->switches[0].vtep);
	assert_string_equal(net->switches[0].description, "rack 4");
	assert_int_equal(net->switches[0].where.line, 4);
	assert_string_equal(net->switches[1].vtep, "10.0.0.12");

	assert_int_equal(net->n_networks, 2);
	const struct net_network *lab = &net->networks[0], *office = &net->networks[1];
	assert_string_equal(lab->name, "lab");
	assert_string_equal(lab->description, "a lab");
	assert_int_equal(lab->transport, NET_VLAN);
	assert_int_equal(lab->vlan, 30);
	assert_int_equal(lab->n_uplinks, 2);
	assert_int_equal(lab->uplinks[0].sw, 1);
	assert_string_equal(lab->uplinks[0].switch_name, "kvm2");
	assert_string_equal(lab->uplinks[0].port, "eno2");
	assert_int_equal(lab->uplinks[1].sw, 0);
	assert_int_equal(lab->vni, 10030);
	assert_string_equal(lab->subnet, "10.30.0.0/16");
	assert_int_equal(lab->max_hosts, 50);
	assert_false(lab->flood);
	assert_int_equal(lab->ageing, 3600);

	assert_int_equal(office->transport, NET_LOCAL);
	assert_int_equal(office->ageing, 300);
	assert_int_equal(office->max_hosts, NET_NONE);
	assert_true(office->flood);
	assert_int_equal(office->where.line, 6);
	assert_int_equal(office->where.col, 3);
	assert_int_equal(office->n_ports, 2);
	const struct net_port *port = &office->ports[0];
	assert_string_equal(port->switch_glob, "kvm1");
	assert_string_equal(port->port_glob, "vm-a");
	assert_false(port->is_glob);
	assert_int_equal(port->tag, NET_UNTAGGED);
	assert_true(port->flood && port->enable && !port->hairpin);
	assert_int_equal(port->max_hosts, NET_NONE);
	port = &office->ports[1];
	assert_string_equal(port->switch_glob, "kvm*");
	assert_true(port->is_glob);
	assert_int_equal(port->tag, 7);
	assert_int_equal(port->max_hosts, 3);
	assert_true(!port->flood && !port->enable && port->hairpin);
	assert_int_equal(port->where.line, 9);
	assert_int_equal(port->where.col, 9);
	net_free(net);
	net_free(NULL);
}

static void test_lookups(void **state)
{
	struct net *net = parse(file_text);

	(void) state;
	assert_int_equal(net_switch_by_name(net, "kvm1"), 0);
	assert_int_equal(net_switch_by_name(net, "kvm2"), 1);
	assert_int_equal(net_switch_by_name(net, "kvm"), NET_NONE);
	assert_int_equal(net_switch_by_name(net, "kvm3"), NET_NONE);
	assert_int_equal(net_switch_by_dpid(net, 0x11), 0);
	assert_int_equal(net_switch_by_dpid(net, 0x12), 1);
	assert_int_equal(net_switch_by_dpid(net, 0x13), NET_NONE);
	assert_int_equal(net_switch_by_dpid(net, 0), NET_NONE);
	for (uint32_t i = 0; i < net->n_networks; i++) {
		assert_int_equal(net_network_by_name(net, net->networks[i].name), i);
		assert_int_equal(net_network_by_id(net, net->networks[i].id), i);
		assert_int_not_equal(net->networks[i].id, 0);
	}
	assert_int_equal(net_network_by_name(net, "kantine"), NET_NONE);
	assert_int_equal(net_network_by_id(net, 12345), NET_NONE);
	assert_null(net_object_by_id(net, 12345));
	assert_null(net_object_by_id(net, UINT64_MAX));
	net_free(net);
}

static const struct net_object *object_of(const struct net *net, uint32_t i)
{
	assert_in_range(i, 0, net->n_objects - 1);
	return &net->objects[i];
}

static void test_objects(void **state)
{
	struct net *net = parse(file_text);
	const struct net_network *lab = &net->networks[0], *office = &net->networks[1];

	(void) state;
	assert_int_equal(net->n_objects, 2 + 2 + 3 + 2);
	assert_string_equal(object_of(net, net->switches[0].object)->name, "switch kvm1");
	assert_string_equal(object_of(net, office->object)->name, "network office");
	assert_string_equal(object_of(net, office->ports[1].object)->name,
			    "port kvm*:office-* of network office");
	assert_string_equal(object_of(net, lab->uplinks[0].object)->name,
			    "uplink kvm2:eno2 of network lab");
	assert_int_equal(object_of(net, office->ports[1].object)->where.line, 9);
	for (size_t i = 0; i < net->n_objects; i++) {
		const struct net_object *object = &net->objects[i];

		assert_int_not_equal(object->id, 0);
		assert_int_equal(object->id >> 48, 0);
		assert_int_equal(object->id, net_hash(object->name, strlen(object->name))
						     & ((UINT64_C(1) << 48) - 1));
		assert_ptr_equal(net_object_by_id(net, object->id), object);
		assert_true(!i || net->objects[i - 1].id < object->id);
	}
	net_free(net);
}

/* Lines that move, and lines that come between, change no id. */
static void test_ids_survive_edits(void **state)
{
	static const char edited[] =
		"version: 1\n"
		"networks:\n"
		"  aaa: {ports: [kvm0:x]}\n"
		"  lab: {ports: [kvm1:lab-2, kvm2:lab-1]}\n"
		"  office:\n"
		"    description: has moved\n"
		"    ports:\n"
		"      - {port: \"kvm*:office-*\", tag: 8}\n"
		"      - kvm0:new\n"
		"      - {port: kvm1:vm-a, max_hosts: 7}\n"
		"switches:\n"
		"  kvm0: {dpid: 0x10}\n"
		"  kvm1: {dpid: 0x21}\n"
		"  kvm2: {dpid: 0x22}\n";
	static const char *const survivors[] = {
		"switch kvm1", "switch kvm2", "network lab", "network office", "port kvm1:vm-a of network office",
		"port kvm*:office-* of network office", "port kvm2:lab-1 of network lab",
	};
	struct net *before = parse(file_text), *after = parse(edited);

	(void) state;
	for (size_t i = 0; i < sizeof survivors / sizeof *survivors; i++) {
		uint64_t id = net_hash(survivors[i], strlen(survivors[i])) & ((UINT64_C(1) << 48) - 1);

		assert_string_equal(net_object_by_id(before, id)->name, survivors[i]);
		assert_string_equal(net_object_by_id(after, id)->name, survivors[i]);
	}
	assert_int_equal(before->networks[net_network_by_name(before, "office")].id,
			 after->networks[net_network_by_name(after, "office")].id);
	net_free(before);
	net_free(after);
}

/* Cookies of running switches are made of it: these never change. */
static void test_hash_is_pinned(void **state)
{
	static const struct {
		const char *text;
		uint64_t hash;
	} cases[] = {
		{"", UINT64_C(0xefd01f60ba992926)},
		{"a", UINT64_C(0x82a2a958a9bece5b)},
		{"network office", UINT64_C(0x47c4b0044b176e1e)},
	};

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(net_hash(cases[i].text, strlen(cases[i].text)), cases[i].hash);
}

static void test_digest(void **state)
{
	struct net *a = parse(file_text), *b = parse(file_text);
	char changed[sizeof file_text + 1];

	(void) state;
	assert_int_equal(a->digest, b->digest);
	assert_int_equal(strlen(a->digest_text), 16);
	assert_int_equal(strtoull(a->digest_text, NULL, 16), a->digest);
	snprintf(changed, sizeof changed, "%s\n", file_text);
	struct net *c = parse(changed);
	assert_int_not_equal(a->digest, c->digest);
	net_free(a);
	net_free(b);
	net_free(c);
}

/* --- files ------------------------------------------------------------------------- */

static void check_io(const char *path, const char *want)
{
	struct diag *diag = diag_new(path);
	char line[1000];

	assert_null(net_load(path, diag));
	assert_int_equal(diag_n_findings(diag), 1);
	diag_format(diag, diag_finding(diag, 0), line, sizeof line);
	if (!strstr(line, want) || strncmp(line, path, strlen(path)))
		fail_msg("\"%s\" lacks \"%s\"", line, want);
	diag_free(diag);
}

static void write_file(const char *path, const char *text, size_t len)
{
	FILE *out = fopen(path, "wb");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, len, out), len);
	fclose(out);
}

static void test_load(void **state)
{
	char folder[] = "/tmp/weft-test-net-XXXXXX", path[100];

	(void) state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/topology.yaml", folder);
	check_io(path, ": error: cannot be read: No such file or directory  [E020]");
	check_io(folder, "[E020]");

	write_file(path, file_text, sizeof file_text - 1);
	struct diag *diag = diag_new(path);
	struct net *net = net_load(path, diag), *same = parse(file_text);
	assert_non_null(net);
	assert_string_equal(net->file, path);
	assert_int_equal(net->digest, same->digest);
	net_free(net);
	net_free(same);

	/* Larger than the buffer at first, all of it comments. */
	size_t len = 1000000;
	char *text = xheap_alloc(len + sizeof file_text);
	memset(text, '#', len);
	text[len - 1] = '\n';
	memcpy(text + len, file_text, sizeof file_text);
	write_file(path, text, len + sizeof file_text - 1);
	net = net_load(path, diag);
	assert_non_null(net);
	assert_int_equal(net->n_networks, 2);
	net_free(net);
	assert_int_equal(diag_n_findings(diag), 0);
	diag_free(diag);
	free(text);

	len = (16 << 20) + 1;
	text = xheap_alloc(len);
	memset(text, '#', len);
	write_file(path, text, len);
	check_io(path, "larger than 16 MiB  [E019]");
	free(text);
	unlink(path);
	rmdir(folder);
}

/* --- limits ------------------------------------------------------------------------ */

static void check_many(const char *head, const char *key, int n, const char *want)
{
	struct diag *diag = diag_new("many.yaml");
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fputs(head, out);
	for (int i = 1; i <= n; i++)
		fprintf(out, "  n%d: {%s: %d}\n", i, key, i);
	fclose(out);
	struct net *net = net_parse("many.yaml", text, len, diag);
	if (want) {
		assert_null(net);
		assert_non_null(strstr(diag_finding(diag, 0)->text, want));
		assert_int_equal(diag_finding(diag, 0)->code, DIAG_TOO_LARGE);
	} else {
		assert_non_null(net);
	}
	net_free(net);
	free(text);
	diag_free(diag);
}

static void test_limits(void **state)
{
	static const char switches[] = "version: 1\nnetworks:\n  lan: {ports: [\"*:*\"]}\nswitches:\n";
	static const char networks[] = "version: 1\nnetworks:\n";

	(void) state;
	check_many(switches, "dpid", NET_MAX_SWITCHES, NULL);
	check_many(switches, "dpid", NET_MAX_SWITCHES + 1,
		   "there are 4097 switches; the most is 4096");
	check_many(networks, "vni", NET_MAX_NETWORKS + 1,
		   "there are 65537 networks; the most is 65536");
}

/* Ten thousand ports of a switch that is not there: bounded work, bounded list. */
static void test_many_errors(void **state)
{
	struct diag *diag = diag_new("many.yaml");
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void) state;
	fputs("version: 1\nswitches:\n", out);
	for (int i = 0; i < 4000; i++)
		fprintf(out, "  kvm%d: {dpid: %d}\n", i, i + 1);
	fputs("networks:\n  lan:\n    ports:\n", out);
	for (int i = 0; i < 10000; i++)
		fprintf(out, "      - kvn%d:a%d\n", i, i);
	fclose(out);
	assert_null(net_parse("many.yaml", text, len, diag));
	assert_int_equal(diag_n_errors(diag), 10000);
	assert_int_equal(diag_n_findings(diag), 1000);
	free(text);
	diag_free(diag);
}

/* --- the manual -------------------------------------------------------------------- */

static char *print(void (*printer)(FILE *))
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	printer(out);
	fclose(out);
	return text;
}

static void test_manual(void **state)
{
	static const char *const keys[] = {
		"version", "switches", "networks", "dpid", "vtep", "ports", "max_hosts", "flood", "ageing",
		"transport", "vlan", "uplinks", "vni", "subnet", "description", "port", "tag", "hairpin",
		"enable",
	};
	char *reference = print(net_print_reference), *schema = print(net_print_schema);
	char *errors = print(net_print_errors);

	(void) state;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		char row[64], property[64];

		snprintf(row, sizeof row, "\n| `%s` | ", keys[i]);
		snprintf(property, sizeof property, "\"%s\": {", keys[i]);
		if (!strstr(reference, row) || !strstr(schema, property))
			fail_msg("%s is not in the manual", keys[i]);
	}
	assert_non_null(strstr(reference, "0, or 5s to 65535s | `300s`"));
	assert_non_null(strstr(reference, "`native` or 1 to 4094 | `native`"));
	for (int i = 0; i < N_DIAG_CODES; i++) {
		char row[16];

		snprintf(row, sizeof row, "\n| %s | ", diag_code_info((enum diag_code) i)->code);
		assert_non_null(strstr(errors, row));
	}
	/* JSON is YAML without surprises: our reader takes it as one map. */
	struct diag *diag = diag_new("schema.json");
	assert_null(net_parse("schema.json", schema, strlen(schema), diag));
	for (size_t i = 0; i < diag_n_findings(diag); i++)
		assert_int_not_equal(diag_finding(diag, i)->code, DIAG_SYNTAX);
	diag_free(diag);
	free(reference);
	free(schema);
	free(errors);
}

/* Each finding of a file with errors is an answer, and nothing else is. */
static void test_errors_give_no_model(void **state)
{
	struct diag *diag = diag_new("bad.yaml");
	const char bad[] = "version: 1\nnetworks: {lan: {prots: []}}\n";

	(void) state;
	assert_null(net_parse("bad.yaml", bad, strlen(bad), diag));
	assert_int_equal(diag_n_errors(diag), 1);
	/* A diag that has errors of another file does not spoil a good one. */
	struct net *net = net_parse("good.yaml", file_text, strlen(file_text), diag);
	assert_non_null(net);
	net_free(net);
	diag_free(diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_lookups),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_ids_survive_edits),
		cmocka_unit_test(test_hash_is_pinned),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_many_errors),
		cmocka_unit_test(test_manual),
		cmocka_unit_test(test_errors_give_no_model),
	};

	return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
