/* SPDX-License-Identifier: Apache-2.0 */
/* Where a port stands: cases by hand, then random files against the plain
 * definition, then the size for which the index is made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "topo/arena.h"
#include "topo/net.h"

static struct net *parse(const char *text)
{
	struct diag *diag = diag_new("uses.yaml");
	struct net *net = net_parse("uses.yaml", text, strlen(text), diag);

	if (!net) {
		diag_print(diag, stderr);
		fail_msg("does not parse:\n%s", text);
	}
	diag_free(diag);
	return net;
}

/* "office@0:5 lab@20:u0!": network @ tag : entry, u = uplink, ! = conflict. */
static void draw(const struct net *net, const struct net_use *uses, size_t n, bool disabled,
		 char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		used += (size_t) snprintf(out + used, size - used, "%s%s@%u:%s%u%s", i ? " " : "",
					  net->networks[uses[i].network].name, uses[i].tag,
					  uses[i].is_uplink ? "u" : "", uses[i].port,
					  uses[i].conflict ? "!" : "");
	if (disabled)
		snprintf(out + used, size - used, "%sdisabled", n ? " " : "");
}

static const char table_file[] =
	"version: 1\n"
	"switches:\n"
	"  kvm1: {dpid: 1}\n"
	"  kvm2: {dpid: 2}\n"
	"networks:\n"
	"  all: {ports: [{port: \"*:*\", tag: 9}]}\n"
	"  lab:\n"
	"    ports:\n"
	"      - kvm*:lab-*\n"
	"      - kvm1:lab-?\n"
	"      - kvm2:lab-7\n"
	"      - {port: kvm1:fw0, tag: 20}\n"
	"      - {port: kvm1:off, enable: false}\n"
	"      - {port: kvm2:LOCAL}\n"
	"  office:\n"
	"    ports:\n"
	"      - kvm1:*\n"
	"      - kvm1:fw0\n"
	"      - {port: kvm1:lab-b, tag: 5}\n"
	"      - {port: kvm2:eno2, tag: 77}\n"
	"  trunked:\n"
	"    transport: vlan\n"
	"    vlan: 30\n"
	"    uplinks: [kvm1:eno2, kvm2:eno2]\n"
	"    ports: [\"kvm2:*\", {port: kvm1:fw0, tag: 30}]\n";

static void test_table(void **state)
{
	static const struct {
		const char *sw, *port;
		bool is_local;
		const char *uses;
	} cases[] = {
		{"kvm1", "vm-a", false, "all@9:0 office@0:0"},
		{"kvm2", "vm-a", false, "all@9:0 trunked@0:0"},
		/* Two globs claim it untagged: the first name has it. */
		{"kvm1", "lab-a", false, "all@9:0 lab@0:0 office@0:0!"},
		/* Exact within a network wins over the glob before it. */
		{"kvm2", "lab-7", false, "all@9:0 lab@0:2 trunked@0:0!"},
		{"kvm1", "lab-b", false, "all@9:0 lab@0:0 office@5:2"},
		{"kvm1", "fw0", false, "all@9:0 lab@20:3 office@0:1 trunked@30:1"},
		/* An uplink is matched by no glob; written out it may stand elsewhere. */
		{"kvm1", "eno2", false, "trunked@30:u0"},
		{"kvm2", "eno2", false, "office@77:3 trunked@30:u1"},
		/* Nor is the bridge's own port. */
		{"kvm1", "br-int", true, ""},
		{"kvm2", "LOCAL", true, "lab@0:5"},
		{"kvm1", "off", false, "all@9:0 lab@0:4 office@0:0! disabled"},
		{"kvm9", "vm-a", false, "all@9:0"},
		{"kvm1", "", false, "all@9:0 office@0:0"},
		{"", "x", false, "all@9:0"},
	};
	struct net *net = parse(table_file);

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct net_use uses[16];
		char text[400];
		bool disabled;
		size_t n = net_uses(net, cases[i].sw, cases[i].port, cases[i].is_local, uses, 16, &disabled);

		draw(net, uses, n, disabled, text, sizeof text);
		if (strcmp(text, cases[i].uses))
			fail_msg("%s:%s is \"%s\", not \"%s\"", cases[i].sw, cases[i].port, text,
				 cases[i].uses);
	}
	net_free(net);
}

/* The exact entry has the tag, whatever the order of names. */
static void test_exact_beats_glob_elsewhere(void **state)
{
	struct net *net = parse("version: 1\n"
				"networks:\n"
				"  a: {ports: [\"*:*\"]}\n"
				"  b: {ports: [\"*:vm*\"]}\n"
				"  c: {ports: [kvm1:vm-a]}\n"
				"  d: {ports: [{port: \"*:vm-a\", tag: 5}]}\n");
	struct net_use uses[8];
	char text[200];
	bool disabled;

	(void) state;
	size_t n = net_uses(net, "kvm1", "vm-a", false, uses, 8, &disabled);
	draw(net, uses, n, disabled, text, sizeof text);
	assert_string_equal(text, "a@0:0! b@0:0! c@0:0 d@5:0");
	n = net_uses(net, "kvm2", "vm-a", false, uses, 8, &disabled);
	draw(net, uses, n, disabled, text, sizeof text);
	assert_string_equal(text, "a@0:0 b@0:0! d@5:0");
	net_free(net);
}

/* More uses than there is room: the number is right, the room is kept. */
static void test_bound(void **state)
{
	struct net *net = parse(table_file);
	struct net_use uses[3];
	bool disabled;

	(void) state;
	memset(uses, 0xa5, sizeof uses);
	assert_int_equal(net_uses(net, "kvm1", "fw0", false, uses, 2, &disabled), 4);
	assert_int_equal(uses[1].tag, 20);
	assert_int_equal(uses[2].tag, 0xa5a5);
	assert_int_equal(net_uses(net, "kvm1", "fw0", false, NULL, 0, &disabled), 4);
	net_free(net);
}

static void test_long_names(void **state)
{
	struct net *net = parse("version: 1\n"
				"networks:\n"
				"  a: {ports: [\"*:a-port-with-a-very-long-name-*\"]}\n"
				"  b: {ports: [{port: \"kvm1:a-port-with-a-very-long-name-7\", tag: 7}]}\n"
				"  c: {ports: [{port: \"kvm1:fifteen-letters*\", tag: 9}]}\n");
	char longer[200];
	struct net_use uses[4];
	bool disabled;

	(void) state;
	assert_int_equal(net_uses(net, "kvm1", "a-port-with-a-very-long-name-7", false, uses, 4, &disabled), 2);
	assert_int_equal(net_uses(net, "kvm2", "a-port-with-a-very-long-name-7", false, uses, 4, &disabled), 1);
	assert_int_equal(net_uses(net, "kvm1", "fifteen-letters", false, uses, 4, &disabled), 1);
	assert_int_equal(net_uses(net, "kvm1", "fifteen-letters-and-more", false, uses, 4, &disabled), 1);
	assert_int_equal(net_uses(net, "kvm1", "fifteen-letter", false, uses, 4, &disabled), 0);
	memset(longer, 'a', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	assert_int_equal(net_uses(net, longer, "x", false, uses, 4, &disabled), 0);
	assert_int_equal(net_uses(net, "kvm1", longer, false, uses, 4, &disabled), 0);
	net_free(net);
}

/* --- against the definition -------------------------------------------------------- */

static bool is_any_uplink(const struct net *net, const char *sw, const char *port)
{
	for (size_t i = 0; i < net->n_networks; i++)
		for (size_t k = 0; k < net->networks[i].n_uplinks; k++)
			if (!strcmp(net->networks[i].uplinks[k].switch_name, sw)
			    && !strcmp(net->networks[i].uplinks[k].port, port))
				return true;
	return false;
}

static bool is_exact(const struct net *net, const struct net_use *use)
{
	return use->is_uplink || !net->networks[use->network].ports[use->port].is_glob;
}

static size_t plain_uses(const struct net *net, const char *sw, const char *port, bool is_local,
			 struct net_use *uses, bool *ret_disabled)
{
	bool with_globs = !is_local && !is_any_uplink(net, sw, port);
	size_t n = 0;

	*ret_disabled = false;
	for (uint32_t i = 0; i < net->n_networks; i++) {
		const struct net_network *network = &net->networks[i];
		const struct net_port *found = NULL;

		for (size_t k = 0; k < network->n_ports; k++) {
			const struct net_port *entry = &network->ports[k];

			if (!net_glob(entry->switch_glob, sw) || !net_glob(entry->port_glob, port))
				continue;
			if (!entry->is_glob)
				found = entry;
			else if (with_globs && !found)
				found = entry;
		}
		for (uint32_t k = 0; k < network->n_uplinks; k++)
			if (!strcmp(network->uplinks[k].switch_name, sw)
			    && !strcmp(network->uplinks[k].port, port))
				uses[n++] = (struct net_use) {
					.network = i, .port = k, .tag = network->uplinks[k].vlan, .is_uplink = true,
				};
		if (!found)
			continue;
		uses[n++] = (struct net_use) {.network = i, .port = (uint32_t) (found - network->ports), .tag = found->tag};
		*ret_disabled |= !found->enable;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++)
			if (i != k && uses[i].tag == uses[k].tag
			    && (is_exact(net, &uses[i]) == is_exact(net, &uses[k])
				? k < i : is_exact(net, &uses[k])))
				uses[i].conflict = true;
	return n;
}

/* Names over few letters, so that entries meet often. */
static void random_word(char *out, bool with_glob)
{
	static const char *const parts[] = {"a", "b", "ab", "ba", "*", "?"};
	int n = 1 + (int) (random() % 3);

	*out = '\0';
	for (int i = 0; i < n; i++)
		strcat(out, parts[(unsigned long) random() % (with_glob ? 6 : 4)]);
}

static struct net *random_net(bool some_pass_tags)
{
	static const char *const options[] = {"", ", tag: 1", ", tag: 2", ", enable: false"};
	struct diag *diag = diag_new("random.yaml");
	struct net *net;
	char *text;
	size_t len;

	/* Many random files are wrong; the next one may be right. */
	do {
		FILE *out = open_memstream(&text, &len);
		char sw[16], port[16];

		fputs("version: 1\nswitches: {a: {dpid: 1}, b: {dpid: 2}, ab: {dpid: 3}, ba: {dpid: 4}}\n"
		      "networks:\n", out);
		for (int i = 0; i < 4; i++) {
			bool has_uplink = random() % 4 == 0;

			fprintf(out, "  n%d:\n", i);
			if (some_pass_tags && random() % 2)
				fputs("    tags: pass\n", out);
			if (has_uplink)
				fprintf(out, "    transport: vlan\n    vlan: %d\n    uplinks: [\"a:%s\"]\n",
					5 + i, random() % 2 ? "ab" : "b");
			fputs("    ports:\n", out);
			for (int k = 0; k < 4; k++) {
				random_word(sw, true);
				random_word(port, true);
				if (random() % 2)
					strcpy(sw, random() % 2 ? "a" : "b");
				fprintf(out, "      - {port: \"%s:%s\"%s}\n", sw, port,
					options[(unsigned long) random() % 4]);
			}
		}
		fclose(out);
		net = net_parse("random.yaml", text, len, diag);
		free(text);
	} while (!net);
	diag_free(diag);
	return net;
}

static void test_random(void **state)
{
	unsigned seed = getenv("SEED") ? (unsigned) atoi(getenv("SEED")) : (unsigned) time(NULL);
	size_t n_uses = 0, n_conflicts = 0, n_disabled = 0;

	(void) state;
	srandom(seed);
	for (int round = 0; round < 200; round++) {
		struct net *net = random_net(false);

		for (int i = 0; i < 60; i++) {
			struct net_use want[16], got[16];
			bool want_disabled, got_disabled, is_local = i % 10 == 0;
			char sw[16], port[16], want_text[400], got_text[400];

			random_word(sw, false);
			random_word(port, false);
			if (i % 3)
				strcpy(sw, i % 2 ? "a" : "b");
			size_t n_want = plain_uses(net, sw, port, is_local, want, &want_disabled);
			size_t n_got = net_uses(net, sw, port, is_local, got, 16, &got_disabled);
			draw(net, want, n_want, want_disabled, want_text, sizeof want_text);
			draw(net, got, n_got, got_disabled, got_text, sizeof got_text);
			if (strcmp(want_text, got_text)) {
				net_print(net, stderr);
				fail_msg("SEED=%u: %s:%s is \"%s\", not \"%s\"", seed, sw, port, got_text,
					 want_text);
			}
			n_uses += n_got;
			n_disabled += got_disabled;
			for (size_t k = 0; k < n_got; k++)
				n_conflicts += got[k].conflict;
		}
		net_free(net);
	}
	/* The random files are such that all of it happens. */
	assert_true(n_uses > 1000 && n_conflicts > 100 && n_disabled > 100);
}

/* Two uses that stay never let one tag into two networks. */
static void test_passed_tags(void **state)
{
	unsigned seed = getenv("SEED") ? (unsigned) atoi(getenv("SEED")) : (unsigned) time(NULL);
	size_t n_passing = 0, n_conflicts = 0;

	(void) state;
	srandom(seed);
	for (int round = 0; round < 300; round++) {
		struct net *net = random_net(true);

		for (int i = 0; i < 40; i++) {
			struct net_use uses[16];
			char sw[16], port[16];
			bool disabled;

			random_word(sw, false);
			random_word(port, false);
			if (i % 3)
				strcpy(sw, i % 2 ? "a" : "b");
			size_t n = net_uses(net, sw, port, false, uses, 16, &disabled), n_kept = 0;
			const struct net_use *takes_all = NULL;
			for (size_t k = 0; k < n; k++) {
				n_conflicts += uses[k].conflict;
				if (uses[k].conflict)
					continue;
				n_kept++;
				if (uses[k].tag == NET_UNTAGGED && net->networks[uses[k].network].tags == NET_TAGS_PASS)
					takes_all = &uses[k];
			}
			n_passing += takes_all != NULL;
			if (takes_all && n_kept > 1)
				fail_msg("SEED=%u: %s:%s passes all tags to %s and has another network", seed, sw, port,
					 net->networks[takes_all->network].name);
			assert_true(!n || n_kept);
		}
		net_free(net);
	}
	assert_true(n_passing > 100 && n_conflicts > 100);
}

/* --- size -------------------------------------------------------------------------- */

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

/* 500 switches of 100 ports, 1000 networks; each network has a glob and 50
 * ports by name. */
static void test_large(void **state)
{
	enum { N_SWITCHES = 500, N_PORTS = 100, N_NETWORKS = 1000 };
	char *text;
	size_t len, n = 0;
	FILE *out = open_memstream(&text, &len);

	(void) state;
	fputs("version: 1\nswitches:\n", out);
	for (int i = 0; i < N_SWITCHES; i++)
		fprintf(out, "  kvm%d: {dpid: 0x%x}\n", i, i + 1);
	fputs("networks:\n", out);
	for (int i = 0; i < N_NETWORKS; i++) {
		fprintf(out, "  net%d:\n    ports:\n      - kvm*:net%d-*\n", i, i);
		for (int k = 0; k < N_SWITCHES * N_PORTS / N_NETWORKS; k++) {
			int port = i * (N_SWITCHES * N_PORTS / N_NETWORKS) + k;

			fprintf(out, "      - kvm%d:vm%d\n", port / N_PORTS, port % N_PORTS);
		}
	}
	fclose(out);
	double start = seconds();
	struct net *net = parse(text);
	double parsed = seconds();
	for (int i = 0; i < N_SWITCHES; i++) {
		for (int k = 0; k < N_PORTS; k++) {
			struct net_use uses[4];
			char sw[16], port[16];
			bool disabled;

			snprintf(sw, sizeof sw, "kvm%d", i);
			snprintf(port, sizeof port, k % 2 ? "vm%d" : "net%d-x", k);
			n += net_uses(net, sw, port, false, uses, 4, &disabled);
		}
	}
	double asked = seconds();
	assert_int_equal(n, N_SWITCHES * N_PORTS);
	printf("%zu bytes read in %.3f s, %d ports asked in %.3f s, model %zu KiB\n", len,
	       parsed - start, N_SWITCHES * N_PORTS, asked - parsed, arena_size(net->arena) / 1024);
	/* Some hundred times what it takes, for slow machines and sanitizers. */
	assert_true(asked - parsed < 10);
	net_free(net);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_exact_beats_glob_elsewhere),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_passed_tags),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests_name("uses", tests, NULL, NULL);
}
