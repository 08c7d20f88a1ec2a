/* SPDX-License-Identifier: Apache-2.0 */
/* join: what ovs-vsctl is told, word by word, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/cli.h"
#include "controller/join.h"
#include "tests/unit/controller/fake_ovs.h"

#define TARGET "ssl:192.0.2.10:6653"
static const char topology[] =
	"version: 1\n"
	"underlays: {red: {rate: 10Gbit, main: true}}\n"
	"switches:\n"
	"  kvm1: {dpid: 0x525400a10011, vteps: {red: 10.99.0.1}}\n"
	"  kvm2: {dpid: 0x525400a10012, vteps: {red: 10.99.0.2}}\n"
	"networks:\n"
	"  office: {ports: [\"*:vm-*\"], physical: {port: kvm1:eno2}}\n"
	"links:\n"
	"  - {between: [kvm1, kvm2], bfd: [kvm1:bfd-2, kvm2:bfd-1]}\n";

/* An Open vSwitch with nothing in it but br-int, without controller. */
static void be_fresh(void)
{
	fake_ovs_reset(TARGET);
	fake_ovs_change("[\"uuid\",\"u-ssl\"],[\"set\",[]],[\"uuid\",\"u-br\"]", "[\"set\",[]],[\"set\",[]],[\"uuid\",\"u-br\"]");
	fake_ovs_change("\"br-int\",[\"uuid\",\"u-ctl\"],\"0000525400a10011\",\"\",\"secure\",\"OpenFlow13\"",
			"\"br-int\",[\"set\",[]],\"0000aaaaaaaaaaaa\",\"\",[\"set\",[]],[\"set\",[]]");
	fake_ovs_change("[\"map\",[[\"datapath-id\",\"0000525400a10011\"]]],[\"map\",[[\"weft-switch\",\"kvm1\"]]]", "[\"map\",[]],[\"map\",[]]");
	fake_ovs_change(",[\"uuid\",\"p-vx\"]", "");
	fake_ovs_change("[[\"uuid\",\"p-vx\"],\"vxlan0\",[\"uuid\",\"i-vx\"]],", "");
	fake_ovs_change("\"i-vx\"],\"vxlan0\"", "\"i-vx\"],\"gone\"");
	scratch_write("flows", "NXST_FLOW reply (xid=0x2):\n cookie=0x0, priority=0 actions=NORMAL\n");
}

/* The arguments as one line. */
static char *ran(void)
{
	char *text = scratch_read("ran");
	for (char *c = text; *c; c++)
		*c = *c == '\n' ? ' ' : *c;
	return text;
}

static void test_all_in_one_transaction(void **state)
{
	(void) state;
	be_fresh();
	scratch_write("t.yaml", topology);
	weft_says("switch join kvm1 --file @/t.yaml --controller 192.0.2.10 --pki @/pki", CLI_OK, NULL);
	char *text = ran();
	HAS(text, "--timeout=30 -- set-ssl ");
	HAS(text, "/pki/kvm1-cert.pem ");
	HAS(text, "-- --id=@weft0 create Controller target=\"ssl:192.0.2.10:6653\" max_backoff=1000 inactivity_probe=5000 connection_mode=out-of-band -- ");
	HAS(text, "-- set Bridge br-int fail_mode=\"secure\" protocols=\"OpenFlow13\" other_config:datapath-id=\"0000525400a10011\" "
		 "external_ids:weft-switch=\"kvm1\" external_ids:weft-was-fail-mode=\"none\" external_ids:weft-was-protocols=\"none\" "
		 "external_ids:weft-was-datapath-id=\"none\" controller=[@weft0] ");
	HAS(text, "-- add-port br-int vxlan0 -- set Interface vxlan0 type=vxlan options:remote_ip=\"flow\" options:key=\"flow\" options:local_ip=\"10.99.0.1\" ");
	HAS(text, "-- add-port br-int bfd-2 -- set Interface bfd-2 type=vxlan options:remote_ip=\"10.99.0.2\" options:key=\"");
	HAS(text, "bfd:enable=true bfd:min_rx=100 bfd:min_tx=100 ");
	assert_null(strstr(text, "add-br"));
	assert_null(strstr(strstr(text, "--timeout") + 1, "--timeout"));
	free(text);
	HAS(weft_out, "changed controller: none -> ssl:192.0.2.10:6653\n");
	HAS(weft_out, "weft doctor kvm1");
	HAS(weft_err, "warning: br-int has no controller yet");
	HAS(weft_err, "warning: no device here has the vtep 10.99.0.1");
	HAS(weft_err, "warning: eno2 (physical) is not on br-int: ovs-vsctl add-port br-int eno2");
}

static void test_only_said(void **state)
{
	(void) state;
	be_fresh();
	weft_says("switch join kvm1 --dpid 0x525400a10011 --controller tcp:192.0.2.10 --dry-run", CLI_WOULD_CHANGE,
		  "would change fail_mode: none -> secure\n", NULL);
	weft_says("switch join kvm1 --controller tcp:192.0.2.10 --print --bridge br-it's", CLI_OK,
		  "ovs-vsctl add-br 'br-it'\\''s' \\\n    -- --id=@weft0 create Controller 'target=\"tcp:192.0.2.10:6653\"'",
		  NULL);
	weft_says("--json switch join kvm1 --controller tcp:192.0.2.10 --dry-run", CLI_WOULD_CHANGE,
		  "\"would_change\":true", NULL);
	assert_true(access(scratch_path("ran"), F_OK));
}

static void test_the_second_time(void **state)
{
	(void) state;
	fake_ovs_reset(TARGET);
	weft_says("switch join kvm1 --controller 192.0.2.10 --dpid 0x525400a10011 --vtep 127.0.0.1", CLI_OK, NULL);
	assert_string_equal(weft_out, "br-int: nothing to change\n");
	assert_string_equal(weft_err, "");
	weft_says("switch join kvm1", CLI_OK, NULL);
	/* A bridge that can do more than we need keeps it; the short form of a target is the same target. */
	fake_ovs_change("\"secure\",\"OpenFlow13\"", "\"secure\",[\"set\",[\"OpenFlow10\",\"OpenFlow13\",\"OpenFlow15\"]]");
	fake_ovs_change(TARGET, "ssl:192.0.2.10");
	weft_says("switch join kvm1 --controller 192.0.2.10", CLI_OK, NULL);
	assert_string_equal(weft_out, "br-int: nothing to change\n");
	assert_true(access(scratch_path("ran"), F_OK));
}

/* One word of the database is different; what is said, and what is told to ovs-vsctl. */
static void test_what_is_mended(void **state)
{
	static const struct { const char *from, *to, *words, *said, *ran; } cases[] = {
		{ "\"secure\"", "\"standalone\"", "", "fail_mode: standalone -> secure", "set Bridge br-int fail_mode=\"secure\"" },
		{ "\"secure\",\"OpenFlow13\"", "\"secure\",\"OpenFlow10\"", "", "protocols: OpenFlow10 -> OpenFlow13", "protocols=\"OpenFlow13\"" },
		{ "true,\"master\",[\"map\",[[\"state\",\"ACTIVE\"]]],1000,5000", "true,\"master\",[\"map\",[]],[\"set\",[]],[\"set\",[]]", "",
		  "max_backoff of " TARGET ": 8000 -> 1000", "-- set Controller u-ctl max_backoff=1000" },
		{ "1000,5000]", "1000,0]", "", "inactivity_probe", "inactivity_probe=5000" },
		{ "\"out-of-band\"", "[\"set\",[]]", "", "connection_mode of " TARGET ": in-band -> out-of-band", "connection_mode=out-of-band" },
		{ "[\"datapath-id\",\"0000525400a10011\"]", "[\"datapath-id\",\"0000525400a10012\"]", "--dpid 0x525400a10011", "datapath id: ",
		  "other_config:datapath-id=\"0000525400a10011\"" },
		{ TARGET, TARGET, "--controller 192.0.2.10 --controller 192.0.2.11", "controller: " TARGET " -> " TARGET ", ssl:192.0.2.11:6653",
		  "controller=[u-ctl,@weft1]" },
	};
	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char words[256];
		fake_ovs_reset(TARGET);
		fake_ovs_change(cases[i].from, cases[i].to);
		snprintf(words, sizeof words, "switch join kvm1 %s", cases[i].words);
		weft_says(words, CLI_OK, cases[i].said, NULL);
		char *text = ran();
		HAS(text, cases[i].ran);
		free(text);
	}
}

/* What is somebody's: an error without --replace, and done with it. */
static void test_what_is_taken(void **state)
{
	static const struct { const char *from, *to, *words, *said, *ran; } cases[] = {
		{ TARGET, TARGET, "--controller 192.0.2.11", "controller: " TARGET " -> ssl:192.0.2.11:6653", "controller=[@weft0]" },
		{ TARGET, "tcp:192.0.2.9:6633", "--controller 192.0.2.10", "controller: tcp:192.0.2.9:6633 -> " TARGET, "controller=[@weft0]" },
		{ TARGET, TARGET, "--datapath netdev", "datapath_type: system -> netdev", "datapath_type=\"netdev\"" },
		{ "kvm1-cert.pem", "ovn-cert.pem", "--pki @/pki", "certificate of this Open vSwitch", "-- set-ssl" },
		{ "\"local_ip\",\"127.0.0.1\"", "\"local_ip\",\"10.9.9.9\"", "--vtep 127.0.0.1", "port vxlan0: vxlan to flow", "options:local_ip=\"127.0.0.1\"" },
	};
	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char words[256];
		fake_ovs_reset(TARGET);
		fake_ovs_change(cases[i].from, cases[i].to);
		snprintf(words, sizeof words, "switch join kvm1 %s", cases[i].words);
		weft_says(words, CLI_ERROR, cases[i].said, "--replace", "nothing was changed\n", NULL);
		assert_true(access(scratch_path("ran"), F_OK));
		snprintf(words, sizeof words, "switch join kvm1 --replace %s", cases[i].words);
		weft_says(words, CLI_OK, NULL);
		char *text = ran();
		HAS(text, cases[i].ran);
		free(text);
	}
	/* Rows that the first controller empties. */
	be_fresh();
	scratch_write("flows", " cookie=0x0, priority=0 actions=NORMAL\n cookie=0x1, priority=7,arp actions=drop\n"
		       " cookie=0x7701000000000001, table=2, priority=7 actions=drop\n");
	weft_says("switch join kvm1 --controller tcp:192.0.2.10", CLI_ERROR,
		  "1 row of somebody's on br-int is lost: give --replace", NULL);
}

static void test_what_is_wrong(void **state)
{
	static const struct { const char *words, *said; } cases[] = {
		{ "switch", "join or leave?" },
		{ "switch join", "which switch?" },
		{ "switch join kvm1 kvm2", "one word too many" },
		{ "switch join kvm1 --frob", "--frob is no option of join" },
		{ "switch join kvm1 --yes", "--yes is no option of join" },
		{ "switch join kvm1 --replace=yes", "takes no value" },
		{ "switch join kvm1 --bridge", "wants a value" },
		{ "switch join kvm1 --dpid nix", "--dpid is a number" },
		{ "switch join kvm1 --vtep 10.0.0", "--vtep is an address" },
		{ "switch join kvm1 --datapath dpdk", "netdev or system" },
		{ "switch join kvm1 --controller ssl:[::1", "is no controller" },
		{ "switch join kvm1 --controller 192.0.2.10:99999", "is no controller" },
		{ "switch join kvm1 --dry-run --print", "not both" },
		{ "switch join weftd", "weftd" },
		{ "switch join kvm1 --file @/nix.yaml", "No such file" },
		{ "switch join kvm3 --file @/t.yaml", "no switch \"kvm3\" in" },
		{ "switch join kvm1 --file @/t.yaml --dpid 0x12", "t.yaml:4 says that the dpid of kvm1 is 0x0000525400a10011, not 0x0000000000000012" },
		{ "switch join kvm1 --file @/t.yaml --vtep 10.0.0.9", "t.yaml:4 does not have the vtep 10.0.0.9" },
		{ "switch join kvm7 --pki @/pki", "  weft pki issue kvm7\n  tar -C pki -c ca.pem kvm7-cert.pem kvm7-key.pem | ssh root@kvm7 tar -C " },
		{ "switch leave --bridge br-x", "there is no bridge br-x" },
		{ "switch leave kvm2", "br-int is the switch kvm1, not kvm2" },
		{ "switch leave kvm1", "nothing was changed; give --yes" },
	};
	(void) state;
	fake_ovs_reset(TARGET);
	scratch_write("t.yaml", topology);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		weft_says(cases[i].words, CLI_ERROR, cases[i].said, NULL);
	}
	be_fresh();
	weft_says("switch join kvm1", CLI_ERROR, "where is weftd?", NULL);
	fake_ovs_change("\"i-vx\"],\"gone\",\"vxlan\"", "\"i-vx\"],\"vxlan0\",\"gre\"");
	weft_says("switch join kvm1 --controller tcp:192.0.2.10 --vtep 127.0.0.1", CLI_ERROR,
		  "port vxlan0 is on bridge (none)", NULL);
	fake_ovs_reset(TARGET);
	fake_ovs_change("\"vxlan0\",\"vxlan\"", "\"vxlan0\",\"gre\"");
	weft_says("switch join kvm1 --vtep 127.0.0.1", CLI_ERROR, "port vxlan0 of br-int is gre and no tunnel", NULL);
	/* Certificates that are not right. */
	fake_ovs_reset(TARGET);
	char *cert = scratch_read("pki/kvm2-cert.pem"), *key = scratch_read("pki/kvm1-key.pem");
	scratch_write("pki/kvm9-cert.pem", cert);
	scratch_write("pki/kvm9-key.pem", key);
	weft_says("switch join kvm9 --pki @/pki", CLI_ERROR, "is the certificate of kvm2, not of kvm9", NULL);
	free(cert);
	free(key);
}

static void test_when_ovs_fails(void **state)
{
	(void) state;
	fake_ovs_reset(TARGET);
	scratch_write("nodb", "");
	weft_says("switch join kvm1", CLI_ERROR, "systemctl start openvswitch-switch", NULL);
	unlink(scratch_path("nodb"));
	fake_ovs_change("\"secure\"", "\"standalone\"");
	scratch_write("status", "1");
	scratch_write("said", "ovs-vsctl: no row \"u-ctl\" in table Controller\n");
	weft_says("switch join kvm1", CLI_ERROR, "run this again", NULL);
	scratch_write("db", "nonsense");
	weft_says("switch join kvm1", CLI_ERROR, "cannot be read", NULL);
}

static void test_leave(void **state)
{
	(void) state;
	fake_ovs_reset(TARGET);
	fake_ovs_change("[\"weft-switch\",\"kvm1\"]", "[\"weft-switch\",\"kvm1\"],[\"weft-was-fail-mode\",\"none\"],[\"weft-was-protocols\","
			"\"OpenFlow10,OpenFlow13\"],[\"weft-was-datapath-id\",\"none\"]");
	/* Its own port goes, those of others stay. */
	fake_ovs_change("[\"remote_ip\",\"flow\"]]],1,[\"set\",[]],[\"set\",[]],[\"map\",[]],[\"map\",[]],[\"map\",[]]",
			"[\"remote_ip\",\"flow\"]]],1,[\"set\",[]],[\"set\",[]],[\"map\",[]],[\"map\",[]],[\"map\",[[\"weft-switch\",\"kvm1\"]]]");
	weft_says("switch leave kvm1 --dry-run", CLI_WOULD_CHANGE, NULL);
	HAS(weft_err, "all its ports are one segment");
	weft_says("switch leave kvm1 --yes", CLI_OK, NULL);
	char *text = ran();
	HAS(text, "-- clear Bridge br-int controller -- clear Bridge br-int fail_mode -- set Bridge br-int protocols=OpenFlow10,OpenFlow13 -- "
		 "remove Bridge br-int other_config datapath-id -- --if-exists del-port br-int vxlan0 -- remove Bridge br-int external_ids weft-switch ");
	assert_null(strstr(text, "vm-a"));
	free(text);
	be_fresh();
	weft_says("switch leave --yes", CLI_OK, NULL);
	assert_string_equal(weft_out, "br-int: nothing to change\n");
}

static void test_targets(void **state)
{
	static const struct { const char *text, *target; } cases[] = {
		{ "192.0.2.10", "ssl:192.0.2.10:6653" }, { "ssl:192.0.2.10", "ssl:192.0.2.10:6653" }, { "tcp:192.0.2.10:6633", "tcp:192.0.2.10:6633" },
		{ "fd00::1", "ssl:[fd00::1]:6653" }, { "ssl:[fd00::1]:7000", "ssl:[fd00::1]:7000" }, { "weft.example", "ssl:weft.example:6653" },
		{ "", NULL }, { "ssl:", NULL }, { "ssl::6653", NULL }, { "a b", NULL }, { "1.2.3.4:0", NULL }, { "1.2.3.4:6653x", NULL },
		{ "unix:/run/x", NULL },
	};
	(void) state;
	struct arena *arena = arena_new();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *target = join_target(arena, cases[i].text);
		if (cases[i].target)
			assert_string_equal(target, cases[i].target);
		else
			assert_null(target);
	}
	arena_free(arena);
}

/* A value is one word for ovs-vsctl, whatever is in it. */
static void test_values(void **state)
{
	(void) state;
	struct args args = { .arena = arena_new() };
	vsctl_add_value(&args, "external_ids:a", "b \"c\" \\d,e={}");
	assert_string_equal(args.v[0], "external_ids:a=\"b \\\"c\\\" \\\\d,e={}\"");
	arena_free(args.arena);
}

/* Both ends of a tunnel come to the same, and to none that a network has. */
static void test_bfd_keys(void **state)
{
	(void) state;
	struct diag *diag = diag_new("t");
	struct net *net = net_parse("t", topology, strlen(topology), diag);
	assert_non_null(net);
	uint32_t key = join_bfd_key(net, "kvm1-kvm2");
	assert_true(key >= 0xd00000 && key < NET_TE_FIRST_VNI);
	uint32_t vni = net->networks[0].vni;
	net->networks[0].vni = key;
	assert_int_not_equal(join_bfd_key(net, "kvm1-kvm2"), key);
	net->networks[0].vni = vni;
	net_free(net);
	diag_free(diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_in_one_transaction), cmocka_unit_test(test_only_said), cmocka_unit_test(test_the_second_time),
		cmocka_unit_test(test_what_is_mended), cmocka_unit_test(test_what_is_taken), cmocka_unit_test(test_what_is_wrong),
		cmocka_unit_test(test_when_ovs_fails), cmocka_unit_test(test_leave), cmocka_unit_test(test_targets), cmocka_unit_test(test_bfd_keys),
		cmocka_unit_test(test_values),
	};
	return cmocka_run_group_tests(tests, fake_ovs_up, fake_ovs_down);
}
