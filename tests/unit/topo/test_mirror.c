/* SPDX-License-Identifier: Apache-2.0 */
/* `mirror`: which ports take copies. What cannot be is in tests/golden/topo/mirror-bad.yaml. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topo/net.h"

static struct net *parse(const char *text, const char *finding)
{
	struct diag *diag = diag_new("mirror.yaml");
	struct net *net = net_parse("mirror.yaml", text, strlen(text), diag);

	if (!finding != !!net || (finding && !strstr(diag_finding(diag, 0)->text, finding))) {
		diag_print(diag, stderr);
		fail_msg("that is not what was to come of it:\n%s", text);
	}
	diag_free(diag);
	return net;
}

static const char file[] =
	"version: 1\n"
	"networks:\n"
	"  a: {ports: [{port: \"kvm?:vm-*\", mirror: \"kvm?:tap0\"}, {port: \"x:vm-a\", mirror: \"x:tap0\"}]}\n"
	"  b: {ports: [{port: \"kvm1:vm-b\", tag: 7, mirror: \"kvm1:tap1\"}, \"*:*\"]}\n";

static const struct net_mirror *at(const struct net *net, const char *sw, const char *port)
{
	return net_mirror_of(net, sw, port);
}

static void found_by_name_and_glob(void **state)
{
	struct net *net = parse(file, NULL);

	(void) state;
	assert_int_equal(net->n_mirrors, 3);
	assert_non_null(at(net, "kvm1", "tap0"));
	assert_int_equal(at(net, "kvm7", "tap0")->entry, 0);
	assert_int_equal(at(net, "x", "tap0")->entry, 1);
	assert_null(at(net, "y", "tap0"));
	assert_null(at(net, "kvm2", "tap1"));
	assert_int_equal(at(net, "kvm1", "tap1")->network, 1);
	assert_null(at(net, "kvm1", "tap"));
	assert_null(at(net, "kvm1", "zz"));
	net_free(net);
}

/* No glob means one, and no other switch's is one. */
static void in_no_network(void **state)
{
	struct net *net = parse(file, NULL);
	struct net_use uses[8];
	bool disabled = true;

	(void) state;
	assert_int_equal(net_uses(net, "kvm1", "tap0", false, uses, 8, &disabled), 0);
	assert_false(disabled);
	assert_int_equal(net_uses(net, "y", "tap0", false, uses, 8, &disabled), 1);
	assert_int_equal(net_uses(net, "kvm1", "vm-b", false, uses, 8, &disabled), 2);
	net_free(net);
}

/* switches: with them, each switch counts for itself. */
static char *many(const char *switches, unsigned n)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fprintf(f, "version: 1\n%snetworks:\n  a:\n    ports:\n", switches);
	for (unsigned i = 0; i < n; i++)
		fprintf(f, "      - {port: \"%s:vm%u\", mirror: \"%s:tap%u\"}\n", i % 2 ? "k1" : "k2", i, i % 2 ? "k1" : "k2", i);
	fclose(f);
	return text;
}

static void not_too_many(void **state)
{
	static const char switches[] = "switches: {k1: {dpid: 1}, k2: {dpid: 2}}\n";
	static const struct { const char *switches; unsigned n; bool is_good; } cases[] = {
		{ "", 32, true }, { "", 33, false }, { switches, 64, true }, { switches, 65, false },
	};

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = many(cases[i].switches, cases[i].n);

		net_free(parse(text, cases[i].is_good ? NULL : "one mirror port too many: a switch may have 32"));
		free(text);
	}
}

static void rates(void **state)
{
	struct net *net = parse("version: 1\nnetworks: {a: {ports: [{port: k:a, rate: 100kbit}, {port: k:b, rate: 1Tbit}, k:c]}}\n", NULL);

	(void) state;
	assert_true(net->networks[0].ports[0].rate == 100000 && net->networks[0].ports[1].rate == 1000000000000);
	assert_true(!net->networks[0].ports[2].rate);
	net_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found_by_name_and_glob),
		cmocka_unit_test(in_no_network),
		cmocka_unit_test(not_too_many),
		cmocka_unit_test(rates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
