/* SPDX-License-Identifier: Apache-2.0 */
/* The language of rules where golden cases do not show it: numbers of rules,
 * classes of addresses, ports as bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/net.h"

static struct net *parse(const char *yaml)
{
	struct diag *diag = diag_new("acl.yaml");
	struct net *net = net_parse("acl.yaml", yaml, strlen(yaml), diag);

	if (!net) {
		diag_print(diag, stderr);
		fail_msg("errors in the file");
	}
	diag_free(diag);
	return net;
}

#define HEAD "version: 1\nnetworks: {lan: {ports: [\"*:*\"], acl: l}}\n"

/* n rules, one more in front of rule `extra`. */
static struct net *many_rules(unsigned n, unsigned extra)
{
	char *yaml;
	size_t len;
	FILE *out = open_memstream(&yaml, &len);

	fputs(HEAD "acls:\n  l:\n", out);
	for (unsigned i = 0; i < n; i++) {
		if (i == extra)
			fprintf(out, "    - {deny: udp, port: %u}\n", 9000 + extra);
		fprintf(out, "    - {allow: tcp, port: %u}\n", 1 + i * 3);
	}
	fputs("    - {deny: any}\n", out);
	fclose(out);
	struct net *net = parse(yaml);
	free(yaml);
	return net;
}

static void check_falling(const struct net_acl *acl)
{
	for (size_t i = 0; i < acl->n_rules; i++) {
		assert_true(acl->rules[i].label >= 1 && acl->rules[i].label <= ACL_MAX_LABEL);
		if (i)
			assert_true(acl->rules[i].label < acl->rules[i - 1].label);
	}
}

static void test_numbers_fall(void **state)
{
	(void) state;
	for (unsigned n = 0; n <= 9999; n = n < 40 ? n + 1 : n * 3 / 2) {
		struct net *net = many_rules(n, UINT32_MAX);

		check_falling(&net->acls[0]);
		net_free(net);
	}
	struct net *net = many_rules(ACL_MAX_RULES - 1, UINT32_MAX);
	check_falling(&net->acls[0]);
	net_free(net);
}

/* How many rules get another number by one more. */
static size_t moved(const struct net_acl *before, const struct net_acl *after, unsigned at)
{
	size_t n = 0;

	for (size_t i = 0; i < before->n_rules; i++)
		n += before->rules[i].label != after->rules[i + (i >= at)].label;
	return n;
}

static void test_an_edit_moves_few(void **state)
{
	enum { N = 1000, STEP = 10 };
	struct net *before = many_rules(N, UINT32_MAX);
	size_t total = 0, worst = 0;

	(void) state;
	for (unsigned at = 0; at < N; at += STEP) {
		struct net *after = many_rules(N, at);
		size_t n = moved(&before->acls[0], &after->acls[0], at);

		total += n;
		worst = n > worst ? n : worst;
		net_free(after);
	}
	print_message("one more among %d rules: %zu get another number on average, %zu at most\n", N,
		      total / (N / STEP), worst);
	assert_true(total / (N / STEP) < N / 25);
	net_free(before);
}

/* The class of an address, as a switch finds it: the longest prefix counts. */
static const struct net_class *class_of(const struct net *net, enum acl_side side, const uint8_t address[4])
{
	const struct net_classes *classes = &net->sides[side];
	const struct net_class_prefix *best = NULL;
	struct net_prefix host = {.len = 32};

	memcpy(host.bytes, address, 4);
	for (size_t i = 0; i < classes->n_prefixes; i++)
		if (prefix_covers(&classes->prefixes[i].prefix, &host)
		    && (!best || best->prefix.len < classes->prefixes[i].prefix.len))
			best = &classes->prefixes[i];
	return best ? &classes->classes[best->class] : NULL;
}

static void test_classes(void **state)
{
	static const char yaml[] = HEAD
		"groups:\n"
		"  inner: [10.0.0.0/30]\n"
		"  one: [10.0.0.1]\n"
		"  outer: [inner, 10.1.0.0/16]\n"
		"  unused: [10.0.0.1, 10.7.0.0/16]\n"
		"acls:\n"
		"  l:\n"
		"    - {allow: tcp, from: inner}\n"
		"    - {allow: udp, from: outer, to: one}\n"
		"    - {allow: sctp, from: one}\n"
		"    - {deny: any}\n";
	static const struct { uint8_t address[4]; size_t n_from, n_to; } cases[] = {
		{{10, 0, 0, 1}, 3, 1}, {{10, 0, 0, 2}, 2, 0}, {{10, 1, 9, 9}, 1, 0}, {{10, 7, 0, 1}, 0, 0},
		{{10, 0, 0, 4}, 0, 0},
	};
	struct net *net = parse(yaml);

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct net_class *from = class_of(net, SIDE_FROM, cases[i].address);
		const struct net_class *to = class_of(net, SIDE_TO, cases[i].address);

		assert_int_equal(from ? from->n_groups : 0, cases[i].n_from);
		assert_int_equal(to ? to->n_groups : 0, cases[i].n_to);
	}
	/* Of the rules' own view: outer holds what inner holds. */
	const struct net_rule *rules = net->acls[0].rules;
	assert_true(end_has_class(&rules[1].from, class_of(net, SIDE_FROM, cases[1].address)));
	assert_false(end_has_class(&rules[2].from, class_of(net, SIDE_FROM, cases[1].address)));
	net_free(net);
}

static void test_ports(void **state)
{
	static const struct { const char *port; size_t n_bits; bool overlaps; } cases[] = {
		{"80", 1, false}, {"0-65535", 1, false}, {"1000-2000", 8, false}, {"[1, 2, 3]", 2, false},
		{"[1-10, 5-20]", 6, false}, {"[80, 64/65472]", 2, true}, {"1024/1024", 1, false},
		{"1-65535", 16, false}, {"65535", 1, false},
	};
	char yaml[400];

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(yaml, sizeof yaml, HEAD "acls: {l: [{allow: tcp, port: %s}, {deny: any}]}\n", cases[i].port);
		struct net *net = parse(yaml);
		const struct net_ports *ports = &net->acls[0].rules[0].port;

		assert_int_equal(ports->n_bits, cases[i].n_bits);
		assert_int_equal(ports->overlaps, cases[i].overlaps);
		net_free(net);
	}
}

static void test_zones(void **state)
{
	char *yaml;
	size_t len;
	struct diag *diag = diag_new("zones.yaml");

	(void) state;
	struct net *net = parse(HEAD "acls: {l: [{deny: any}]}\n");
	assert_true(net->networks[0].zone > 0);
	net_free(net);
	net = parse(HEAD "acls: {l: {stateful: false, rules: [{deny: any}]}}\n");
	assert_int_equal(net->networks[0].zone, 0);
	net_free(net);
	/* So many that two meet: said, not passed over. */
	FILE *out = open_memstream(&yaml, &len);
	fputs("version: 1\nnetworks:\n", out);
	for (int i = 0; i < 2000; i++)
		fprintf(out, "  n%d: {ports: [\"s%d:*\"], acl: l}\n", i, i);
	fputs("acls: {l: [{deny: any}]}\n", out);
	fclose(out);
	assert_null(net_parse("zones.yaml", yaml, len, diag));
	assert_true(diag_n_errors(diag) > 0 && diag_finding(diag, 0)->code == DIAG_DUPLICATE_VALUE);
	assert_non_null(strstr(diag_finding(diag, 0)->text, "ct_zone"));
	diag_free(diag);
	free(yaml);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_fall),
		cmocka_unit_test(test_an_edit_moves_few),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_zones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
