/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: a host that is all well, and one thing wrong with it at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/cli.h"
#include "controller/doctor.h"
#include "tests/unit/controller/fake_ovs.h"

static const char topology[] =
	"version: 1\n"
	"switches:\n"
	"  kvm1: {dpid: 0x525400a10011, vtep: 10.99.0.1}\n"
	"  kvm2: {dpid: 0x525400a10012, vtep: 10.99.0.2}\n"
	"networks:\n"
	"  office: {ports: [\"*:vm-*\"]}\n";

static char target[64];
static pid_t server;

/* Greets whoever comes, as a controller without TLS does. */
static void serve(int fd)
{
	static const unsigned char hello[8] = { 4, 0, 0, 8 };
	for (;;) {
		int peer = accept(fd, NULL, NULL);
		if (peer >= 0 && send(peer, hello, sizeof hello, MSG_NOSIGNAL) == sizeof hello)
			shutdown(peer, SHUT_WR);
		close(peer);
	}
}

static int group_up(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(fd, (struct sockaddr *) &address, sizeof address) || listen(fd, 64) || getsockname(fd, (struct sockaddr *) &address, &size))
		return -1;
	server = fork();
	if (!server)
		serve(fd);
	close(fd);
	snprintf(target, sizeof target, "tcp:127.0.0.1:%u", ntohs(address.sin_port));
	return fake_ovs_up(state);
}

static int group_down(void **state)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	return fake_ovs_down(state);
}

/* --- a doctor --------------------------------------------------------------------------------- */

/* One at a time: who is admitted sends the one before home. */
static struct ward {
	struct arena *arena;            /* null = nobody is here */
	struct lab_runner runner;
	struct doctor d;
	struct net *net;
} w;

static void discharge(void)
{
	if (!w.arena)
		return;
	doctor_uninit(&w.d);
	net_free(w.net);
	lab_runner_uninit(&w.runner);
	arena_free(w.arena);
	w = (struct ward) { 0 };
}

/* What every machine has, and no file may: 10.99.0.1 is 127.0.0.1. */
static void come_home(struct net_switch *sw)
{
	for (size_t k = 0; k < sw->n_vteps; k++)
		if (!strncmp(sw->vteps[k].text, "10.99.", 6))
			sw->vteps[k].text = arena_printf(w.arena, "127.0.0.%s", strrchr(sw->vteps[k].text, '.') + 1);
	sw->vtep = sw->vteps[0].text;
}

static void admit(const char *file, unsigned sides)
{
	struct diag *diag = diag_new("topology.yaml");
	discharge();
	w.arena = arena_new();
	lab_runner_init(&w.runner, w.arena, false);
	w.net = file ? net_parse("topology.yaml", file, strlen(file), diag) : NULL;
	assert_true(!file || w.net);
	diag_free(diag);
	for (size_t i = 0; w.net && i < w.net->n_switches; i++)
		come_home(&w.net->switches[i]);
	w.d = (struct doctor) { .runner = &w.runner, .run_dir = scratch_dir, .bridge_name = "br-int", .sides = sides, .net = w.net,
				.file = "topology.yaml", .proc = arena_strdup(w.arena, scratch_path("proc")) };
	doctor_init(&w.d);
}

static int after(void **state)
{
	(void) state;
	discharge();
	return 0;
}

static void ask(const char *name, struct doctor_result *r)
{
	size_t n;
	const struct doctor_check *checks = doctor_checks(&n);
	for (size_t i = 0; i < n; i++)
		if (!strcmp(checks[i].name, name)) {
			doctor_check(&w.d, &checks[i], r);
			return;
		}
	fail_msg("no check %s", name);
}

static void expect(const char *name, enum doctor_state state, const char *text, const char *cure)
{
	struct doctor_result r;
	ask(name, &r);
	if (r.state != state)
		fail_msg("%s is %d, not %d: %s", name, r.state, state, r.text);
	HAS(r.text, text);
	if (cure)
		HAS(r.cure ? r.cure : "", cure);
}

static void write_proc(const char *name, const char *text)
{
	char command[256];
	snprintf(command, sizeof command, "mkdir -p $(dirname %s)", scratch_path(name));
	assert_int_equal(system(command), 0);
	scratch_write(name, text);
}

/* --- hosts ------------------------------------------------------------------------------------ */

static void test_all_well(void **state)
{
	size_t n;
	const struct doctor_check *checks = doctor_checks(&n);
	(void) state;
	fake_ovs_reset(target);
	scratch_write("rules", "table inet filter {\n}\n");
	admit(topology, DOCTOR_HOST);
	for (size_t i = 0; i < n; i++) {
		struct doctor_result r;
		if (!(checks[i].side & DOCTOR_HOST) || !strcmp(checks[i].name, "clock"))
			continue;
		doctor_check(&w.d, &checks[i], &r);
		/* The kernel finds its neighbours itself. */
		if (r.state != (strcmp(checks[i].name, "neighbours") ? DOCTOR_FINE : DOCTOR_SKIPPED))
			fail_msg("%s is %d: %s", checks[i].name, r.state, r.text);
	}
}

/* In userspace only, and only where somebody asked for it. */
static void test_vlan_limit(void **state)
{
	static const char from[] = "\"u-all\"],[\"set\",[]],[\"map\",[]]", two[] = "\"u-all\"],[\"set\",[]],[\"map\",[[\"vlan-limit\",\"2\"]]]";
	(void) state;
	for (int in_userspace = 0; in_userspace < 2; in_userspace++)
		for (int is_two = 0; is_two < 2; is_two++) {
			fake_ovs_reset(target);
			if (is_two)
				fake_ovs_change(from, two);
			if (in_userspace)
				fake_ovs_change("\"0000525400a10011\",\"\"", "\"0000525400a10011\",\"netdev\"");
			admit(topology, DOCTOR_HOST);
			bool is_open = in_userspace && is_two;
			expect("vlan-limit", is_open ? DOCTOR_NOTE : DOCTOR_FINE, is_two ? "2" : "1",
			       is_open ? "remove Open_vSwitch . other_config vlan-limit" : NULL);
		}
	/* The file needs it: told, and left. */
	struct doctor_result r;
	fake_ovs_reset(target);
	fake_ovs_change(from, two);
	fake_ovs_change("\"0000525400a10011\",\"\"", "\"0000525400a10011\",\"netdev\"");
	admit("version: 1\nswitches: {kvm1: {dpid: 0x525400a10011, vtep: 10.99.0.1}}\nnetworks: {qinq: {tags: pass, ports: [kvm1:vm-a]}}\n", DOCTOR_HOST);
	ask("vlan-limit", &r);
	assert_int_equal(r.state, DOCTOR_NOTE);
	assert_null(r.cure);
}

/* One word of the database is another one. */
static void test_one_word(void **state)
{
	static const struct { const char *check, *from, *to, *text, *cure; enum doctor_state state; } cases[] = {
		{ "restore-wait", "\"u-all\"],[\"set\",[]],[\"map\",[]]", "\"u-all\"],[\"set\",[]],[\"map\",[[\"flow-restore-wait\",\"true\"]]]",
		  "no bridge here speaks", "remove Open_vSwitch . other_config flow-restore-wait", DOCTOR_WRONG },
		{ "bridge", "\"u-br\"],\"br-int\"", "\"u-br\"],\"br-ext\"", "no bridge br-int", "weft switch join kvm1", DOCTOR_WRONG },
		{ "datapath", "65534,[\"set\",[]]", "-1,\"could not open the datapath\"", "could not open", "modprobe openvswitch", DOCTOR_WRONG },
		{ "datapath", "\"0000525400a10011\",\"\"", "\"0000525400a10011\",\"netdev\"", "127.0.0.1 is on lo, which is no bridge in userspace", "br-phys", DOCTOR_WRONG },
		{ "interfaces", "2,[\"set\",[]]", "-1,\"No such device\"", "vm-a: No such device", "del-port br-int vm-a", DOCTOR_WRONG },
		{ "fail-mode", "\"secure\"", "[\"set\",[]]", "none, which is standalone", "set-fail-mode br-int secure", DOCTOR_WRONG },
		{ "protocols", "\"secure\",\"OpenFlow13\"", "\"secure\",[\"set\",[\"OpenFlow10\",\"OpenFlow15\"]]", "OpenFlow13 is not among", "protocols=OpenFlow13", DOCTOR_WRONG },
		{ "dpid", "[\"uuid\",\"u-ctl\"],\"0000525400a10011\"", "[\"uuid\",\"u-ctl\"],\"0000525400a10012\"", "0x0000525400a10012, and topology.yaml:3 says 0x0000525400a10011",
		  "datapath-id=0000525400a10011", DOCTOR_WRONG },
		{ "controller", "true,\"master\",[\"map\",[[\"state\",\"ACTIVE\"]]]", "false,[\"set\",[]],[\"map\",[[\"state\",\"BACKOFF\"],[\"last_error\",\"Connection refused\"]]]",
		  "is not connected (BACKOFF: Connection refused)", "weft status", DOCTOR_WRONG },
		{ "controller", "\"br-int\",[\"uuid\",\"u-ctl\"]", "\"br-int\",[\"set\",[]]", "has no controller", "--controller ADDRESS", DOCTOR_WRONG },
		{ "controller-options", "1000,5000]", "8000,5000]", "max_backoff is 8000", "weft switch join kvm1", DOCTOR_WRONG },
		{ "controller-options", "1000,5000]", "1000,0]", "inactivity_probe is 0", "weft switch join", DOCTOR_WRONG },
		{ "controller-options", "\"out-of-band\"", "[\"set\",[]]", "in-band", "weft switch join", DOCTOR_WRONG },
		{ "other-controllers", "[\"map\",[]],[\"uuid\",\"u-ssl\"]", "[\"map\",[[\"ovn-remote\",\"tcp:192.0.2.7:6642\"]]],[\"uuid\",\"u-ssl\"]", "OVN (tcp:192.0.2.7:6642) has br-int",
		  "ovn-remote", DOCTOR_WRONG },
		{ "certificate-files", "kvm1-key.pem", "nix.pem", "nix.pem: No such file", "weft switch join kvm1", DOCTOR_WRONG },
		{ "certificate-name", "kvm1-cert.pem", "kvm2-cert.pem", "the certificate of kvm2, not of kvm1", "--pki DIR", DOCTOR_WRONG },
		{ "certificate-chain", "kvm1-cert.pem", "kvm2-cert.pem", "kvm1-key.pem: the private key is not", "from one folder", DOCTOR_WRONG },
		{ "certificate-chain", "pki/ca.pem", "pki/kvm2-cert.pem", "does not vouch", "copy ca.pem", DOCTOR_WRONG },
		{ "certificate-dates", "kvm1-cert.pem", "kvm2-cert.pem", "ends in ", "weft pki renew kvm2", DOCTOR_NOTE },
		{ "tunnel-port", "\"vxlan0\",\"vxlan\"", "\"vxlan0\",\"gre\"", "vxlan0 is gre", "type=vxlan options:remote_ip=flow", DOCTOR_WRONG },
		{ "tunnel-port", "[\"local_ip\",\"127.0.0.1\"],", "", "sends from any address", "options:local_ip=127.0.0.1", DOCTOR_WRONG },
		{ "tunnel-port", "\"i-vx\"],\"vxlan0\"", "\"i-vx\"],\"vx\"", "has no port vxlan0", "weft switch join kvm1 --file", DOCTOR_WRONG },
		{ "patch-ports", "\"vm-a\",\"\",[\"map\",[]]", "\"vm-a\",\"patch\",[\"map\",[[\"peer\",\"patch-tun\"]]]", "vm-a leads to nothing: its peer is patch-tun",
		  "del-port br-int vm-a", DOCTOR_NOTE },
	};
	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		fake_ovs_reset(target);
		fake_ovs_change(cases[i].from, cases[i].to);
		admit(topology, DOCTOR_HOST);
		if (!w.d.name || !strcmp(cases[i].check, "bridge")) {
			/* Without the bridge its note is not there either; the certificate says it. */
			assert_string_equal(w.d.name, "kvm1");
		}
		expect(cases[i].check, cases[i].state, cases[i].text, cases[i].cure);
	}
}

static void test_ovs_is_down(void **state)
{
	(void) state;
	fake_ovs_reset(target);
	scratch_write("dead", "");
	admit(NULL, DOCTOR_HOST);
	expect("ovs", DOCTOR_WRONG, "ovs-vswitchd does not answer", "systemctl restart openvswitch-switch");
	expect("dpid", DOCTOR_SKIPPED, "give it with --file", NULL);
	scratch_write("nodb", "");
	admit(topology, DOCTOR_HOST);
	expect("ovs", DOCTOR_WRONG, "database connection failed", "openvswitch-switch");
	expect("bridge", DOCTOR_SKIPPED, "Open vSwitch does not tell", NULL);
}

static void test_the_way_to_weftd(void **state)
{
	char nobody[] = "tcp:127.0.0.1:1", by_tls[64];
	(void) state;
	fake_ovs_reset(nobody);
	admit(NULL, DOCTOR_HOST);
	expect("reach", DOCTOR_WRONG, "tcp:127.0.0.1:1: Connection refused", "firewall");
	expect("handshake", DOCTOR_SKIPPED, "none that could be reached", NULL);
	fake_ovs_reset("ssl:no-such-host.invalid:6653");
	admit(NULL, DOCTOR_HOST);
	expect("reach", DOCTOR_WRONG, "no-such-host.invalid", "address instead of the name");
	/* One that speaks no TLS. */
	snprintf(by_tls, sizeof by_tls, "ssl:%s", target + 4);
	fake_ovs_reset(by_tls);
	admit(NULL, DOCTOR_HOST);
	expect("reach", DOCTOR_FINE, by_tls, NULL);
	expect("handshake", DOCTOR_WRONG, "no TLS 1.3", "compare ca.pem");
	/* Without a certificate. */
	fake_ovs_change("[\"uuid\",\"u-ssl\"],[\"set\",[]],[\"uuid\",\"u-br\"]", "[\"set\",[]],[\"set\",[]],[\"uuid\",\"u-br\"]");
	admit(NULL, DOCTOR_HOST);
	expect("certificate-files", DOCTOR_WRONG, "has no certificate", "weft switch join kvm1");
	expect("certificate-name", DOCTOR_SKIPPED, "no certificate", NULL);
	expect("handshake", DOCTOR_WRONG, "not tried", NULL);
	fake_ovs_reset("ptcp:6653");
	admit(NULL, DOCTOR_HOST);
	expect("other-controllers", DOCTOR_WRONG, "whoever reaches that port", "--replace");
	expect("reach", DOCTOR_SKIPPED, "no controller that could be called", NULL);
}

static void test_files_are_closed(void **state)
{
	(void) state;
	fake_ovs_reset(target);
	scratch_write("ovs-vswitchd.pid", "77\n");
	write_proc("proc/77/status", "Name:\tx\nUid:\t64001\t64001\t0\t0\nGid:\t64001\t64001\t0\t0\n");
	admit(NULL, DOCTOR_HOST);
	expect("certificate-files", DOCTOR_WRONG, "ovs-vswitchd (user 64001) may not open", "chown 64001:64001 ");
	unlink(scratch_path("ovs-vswitchd.pid"));
}

static void test_dates(void **state)
{
	struct join_cert *cert = &w.d.cert;
	(void) state;
	fake_ovs_reset(target);
	admit(NULL, DOCTOR_HOST);
	w.d.clock_is_kept = true;
	expect("clock", DOCTOR_FINE, "UTC, kept", NULL);
	w.d.clock_is_kept = false;
	expect("clock", DOCTOR_NOTE, "knows nothing that keeps it right", "systemd-timesyncd");
	cert->info.not_before = time(NULL) + 86400;
	expect("certificate-dates", DOCTOR_WRONG, "is valid from ", "set the clock");
	cert->info.not_before = 0;
	cert->info.not_after = time(NULL) - 86400;
	expect("certificate-dates", DOCTOR_WRONG, "is valid until ", "weft pki renew kvm1");
}

/* --- below the tunnels ------------------------------------------------------------------------ */

/* br-int is in userspace, and the vtep is on it. */
static void be_userspace(void)
{
	fake_ovs_reset(target);
	fake_ovs_change("\"0000525400a10011\",\"\"", "\"0000525400a10011\",\"netdev\"");
	fake_ovs_change("vm-a", "lo");
}

static void test_underlay(void **state)
{
	static const char far[] = "version: 1\nswitches: {kvm1: {dpid: 0x11, vtep: 203.0.113.77}}\nnetworks: {o: {ports: [\"*:*\"]}}\n";
	static const char wide[] = "version: 1\nunderlay_mtu: 1600\nswitches: {kvm1: {dpid: 0x11, vtep: 10.99.0.1}}\nnetworks: {o: {ports: [\"*:*\"]}}\n";
	(void) state;
	fake_ovs_reset(target);
	admit(far, DOCTOR_HOST);
	expect("vtep", DOCTOR_WRONG, "no device here has 203.0.113.77", "ip address add 203.0.113.77/24");
	expect("mtu", DOCTOR_SKIPPED, "no device has the vtep", NULL);
	be_userspace();
	admit(wide, DOCTOR_HOST);
	expect("mtu", DOCTOR_WRONG, "br-int, below lo, has an MTU of 1500, and tunnels count on 1600", "set Interface br-int mtu_request=1600");
	admit(topology, DOCTOR_HOST);
	expect("mtu", DOCTOR_FINE, "guests may have", NULL);
	expect("datapath", DOCTOR_FINE, "netdev", NULL);
	expect("neighbours", DOCTOR_FINE, "1 vtep", NULL);
	scratch_write("neigh", "IP   MAC   Bridge\n127.0.0.22   02:00:00:00:00:02   br-phys\n");
	expect("neighbours", DOCTOR_WRONG, "the MAC of 127.0.0.2 (kvm2) is not known", "revalidator/purge");
	scratch_write("route", "src 127.0.0.1\ngateway 127.0.0.22\ndev br-phys\n");
	expect("neighbours", DOCTOR_FINE, "1 vtep", NULL);
	unlink(scratch_path("route"));
	expect("neighbours", DOCTOR_WRONG, "no way to 127.0.0.2 (kvm2)", "ovs/route/show");
}

static void test_kernel(void **state)
{
	static const char two[] =
		"version: 1\nunderlays: {red: {main: true}, blue: {}}\nswitches: {kvm1: {dpid: 0x11, vteps: {red: 10.99.0.1, blue: 10.99.0.9}}}\n"
		"networks: {o: {ports: [\"*:*\"]}}\n";
	(void) state;
	fake_ovs_reset(target);
	write_proc("proc/sys/net/ipv4/conf/all/rp_filter", "1\n");
	admit(two, DOCTOR_HOST);
	expect("rp-filter", DOCTOR_WRONG, "lo drops what comes by it", "sysctl net.ipv4.conf.lo.rp_filter=2");
	write_proc("proc/sys/net/ipv4/conf/lo/rp_filter", "2\n");
	expect("rp-filter", DOCTOR_FINE, "not strict", NULL);
	scratch_write("rules", "table inet f {\n\tchain in {\n\t\ttype filter hook input priority 0; policy drop;\n\t}\n}\n");
	expect("firewall", DOCTOR_WRONG, "no rule names UDP port 4789", "nft add rule");
	scratch_write("rules", "table inet f {\n\tchain in {\n\t\ttype filter hook input priority 0; policy drop;\n\t\tudp dport 4789 accept\n\t}\n}\n");
	expect("firewall", DOCTOR_FINE, "a rule names UDP port 4789", NULL);
	unlink(scratch_path("rules"));
	expect("firewall", DOCTOR_SKIPPED, "neither nft nor iptables-save tells", NULL);
}

/* In userspace: what fills the table is told before it is full, and a network that has its own limit. */
static void test_connections(void **state)
{
	static const char tracked[] =
		"version: 1\nswitches: {kvm1: {dpid: 0x525400a10011, vtep: 10.99.0.1}}\n"
		"networks: {office: {ports: [\"*:*\"], acl: one, ct_zone: 77}}\nacls: {one: [{deny: any}]}\n";
	(void) state;
	fake_ovs_reset(target);
	fake_ovs_change("\"0000525400a10011\",\"\"", "\"0000525400a10011\",\"netdev\"");
	admit(tracked, DOCTOR_HOST);
	expect("connections", DOCTOR_FINE, "7 of 3000000", NULL);
	scratch_write("nconns", "2700000\n");
	expect("connections", DOCTOR_NOTE, "2700000 of 3000000", "dpctl/ct-set-maxconns netdev@ovs-netdev 6000000");
	scratch_write("nconns", "3000000\n");
	expect("connections", DOCTOR_WRONG, "full", "dpctl/ct-set-maxconns netdev@ovs-netdev 6000000");
	scratch_write("maxconns", "0\n");
	expect("connections", DOCTOR_WRONG, "full", "dpctl/ct-set-maxconns netdev@ovs-netdev 3000000");
	fake_ovs_reset(target);
	fake_ovs_change("\"0000525400a10011\",\"\"", "\"0000525400a10011\",\"netdev\"");
	scratch_write("limits", "default limit=0\nzone=76,limit=10,count=9\nzone=77,limit=10,count=10\n");
	expect("connections", DOCTOR_WRONG, "network office (zone 77) has 10 connections of 10",
	       "dpctl/ct-set-limits netdev@ovs-netdev zone=77,limit=20");
	scratch_write("limits", "default limit=0\nzone=5,limit=0,count=3\nzone=6,limit=1,count=1\n");
	expect("connections", DOCTOR_WRONG, "zone 6 has 1 connections of 1", "zone=6,limit=2");
	/* One that has no limits, or does not tell. */
	unlink(scratch_path("limits"));
	expect("connections", DOCTOR_FINE, "7 of", NULL);
	unlink(scratch_path("nconns"));
	expect("connections", DOCTOR_SKIPPED, "does not tell", NULL);
	/* The kernel's. */
	fake_ovs_reset(target);
	admit(tracked, DOCTOR_HOST);
	expect("connections", DOCTOR_FINE, "the kernel tracks none", NULL);
	write_proc("proc/sys/net/netfilter/nf_conntrack_max", "100\n");
	write_proc("proc/sys/net/netfilter/nf_conntrack_count", "100\n");
	expect("connections", DOCTOR_WRONG, "100 of 100", "sysctl net.netfilter.nf_conntrack_max=200");
	write_proc("proc/sys/net/netfilter/nf_conntrack_count", "5\n");
	expect("connections", DOCTOR_FINE, "5 of 100", NULL);
}

/* In userspace fragments that wait for others go astray. */
static void test_fragments(void **state)
{
	static const char tracked[] =
		"version: 1\nswitches: {kvm1: {dpid: 0x525400a10011, vtep: 10.99.0.1}}\n"
		"networks: {office: {ports: [\"*:*\"], acl: one}}\nacls: {one: {stateful: true, rules: [{deny: any}]}}\n";
	(void) state;
	fake_ovs_reset(target);
	fake_ovs_change("\"0000525400a10011\",\"\"", "\"0000525400a10011\",\"netdev\"");
	admit(tracked, DOCTOR_HOST);
	expect("fragments", DOCTOR_FINE, "not gathered", NULL);
	scratch_write("ipf", "\tv4 enabled: 0\n\tv6 enabled: 1\n");
	expect("fragments", DOCTOR_WRONG, "gathers fragments of IPv6", "dpctl/ipf-set-disabled netdev@ovs-netdev v6");
	scratch_write("ipf", "\tv4 enabled: 1\n\tv6 enabled: 0\n");
	expect("fragments", DOCTOR_WRONG, "gathers fragments of IPv4", "dpctl/ipf-set-disabled netdev@ovs-netdev v4");
	scratch_write("ipf", "no such command\n");
	expect("fragments", DOCTOR_SKIPPED, "does not tell", NULL);
	/* Nobody asks for it. */
	scratch_write("ipf", "\tv4 enabled: 1\n\tv6 enabled: 1\n");
	admit(topology, DOCTOR_HOST);
	expect("fragments", DOCTOR_FINE, "no stateful list", NULL);
	fake_ovs_reset(target);
	admit(tracked, DOCTOR_HOST);
	expect("fragments", DOCTOR_FINE, "the kernel", NULL);
}

static void test_rows_of_others(void **state)
{
	(void) state;
	fake_ovs_reset(target);
	scratch_write("flows", " cookie=0x7701000000000001, table=1, priority=0 actions=drop\n cookie=0xab, priority=0 actions=NORMAL\n"
		       " cookie=0xcd, table=7, priority=9 actions=drop\n cookie=0x77, priority=5 actions=drop\n");
	admit(NULL, DOCTOR_HOST);
	expect("foreign-rows", DOCTOR_NOTE, "2 rows are not weft's, the first with cookie 0xcd", "del-flows br-int cookie=0xcd/-1");
}

/* --- weftd ------------------------------------------------------------------------------------ */

/* The pid file, command line and user of a weftd that is none. */
static void pretend(const char *listen)
{
	char line[512], path[128];
	int n = snprintf(line, sizeof line, "weftd%c--pki%c%s%c--state-dir%c%s%c--listen%c%s%c%s", 0, 0, scratch_path("pki"), 0, 0, scratch_path("state"), 0, 0, listen, 0,
			 scratch_path("topology.yaml"));
	scratch_write("weftd.pid", "4242\n");
	write_proc("proc/4242/status", "Uid:\t64002\t64002\t0\t0\nGid:\t64003\t64003\t0\t0\n");
	snprintf(path, sizeof path, "%s", scratch_path("proc/4242/cmdline"));
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(line, 1, (size_t) n + 1, f), n + 1);
	fclose(f);
}

static void test_weftd(void **state)
{
	char by_tls[64];
	(void) state;
	fake_ovs_reset(target);
	scratch_write("topology.yaml", topology);
	mkdir(scratch_path("state"), 0755);
	snprintf(by_tls, sizeof by_tls, "ssl:%s", target + 4);
	pretend(by_tls);
	admit(NULL, DOCTOR_WEFTD);
	assert_int_equal(w.d.weftd_pid, 4242);
	expect("weftd", DOCTOR_WRONG, "weftd does not answer on", "systemctl start weftd");
	expect("switches", DOCTOR_SKIPPED, "weftd does not answer", NULL);
	expect("pki", DOCTOR_WRONG, "weftd (user 64002) may not open", "chmod g+rX ");
	assert_int_equal(chmod(scratch_dir, 0755), 0);
	expect("pki", DOCTOR_WRONG, "/pki/key.pem", "chgrp 64003 ");
	assert_int_equal(chmod(scratch_path("pki/key.pem"), 0644), 0);
	expect("pki", DOCTOR_FINE, "/pki, for 36", NULL);
	expect("listening", DOCTOR_FINE, by_tls, NULL);
	expect("state-dir", DOCTOR_WRONG, "cannot be written by weftd (user 64002)", "chown 64002: ");
	w.d.file = scratch_path("topology.yaml");
	expect("file", DOCTOR_FINE, "digest ", NULL);
	scratch_write("topology.yaml", "version: 1\nnetwroks: {}\n");
	expect("file", DOCTOR_WRONG, "topology.yaml:2:1: error: unknown key", "weft check ");
	rmdir(scratch_path("state"));
	pretend("ssl:127.0.0.1:1");
	admit(NULL, DOCTOR_WEFTD);
	expect("state-dir", DOCTOR_WRONG, "No such file", "mkdir -p");
	expect("listening", DOCTOR_WRONG, "takes no connection: Connection refused", "ss -lntp sport = :1");
	w.d.pki = scratch_path("nix");
	expect("pki", DOCTOR_WRONG, "weft pki init", "weft pki list --dir");
	w.d.weftd_pid = 0;
	w.d.weftd.listen[0] = by_tls;
	expect("listening", DOCTOR_WRONG, "another program has port", "ss -lntp");
	unlink(scratch_path("weftd.pid"));
}

/* --- the command ------------------------------------------------------------------------------ */

static void test_command(void **state)
{
	(void) state;
	fake_ovs_reset(target);
	scratch_write("t.yaml", topology);
	scratch_write("rules", "");
	weft_says("doctor --host kvm1", CLI_OK, "fine     bridge               br-int, the switch kvm1\n",
		  " 0 wrong, ", NULL);
	fake_ovs_change("\"secure\"", "\"standalone\"");
	weft_says("doctor --host --run-dir @", CLI_DEGRADED,
		  "wrong    fail-mode            standalone: without weftd the bridge forgets its rows and floods\n"
		  "                             -> ovs-vsctl set-fail-mode br-int secure\n", NULL);
	weft_says("--json doctor --host", CLI_DEGRADED,
		  "{\"verdict\":\"degraded\",\"checks\":[{\"name\":\"ovs\",\"state\":\"fine\",", NULL);
	weft_says("doctor --host --file @/t.yaml", CLI_DEGRADED, "no device here has 10.99.0.1", NULL);
	weft_says("doctor a b", CLI_ERROR, NULL);
	weft_says("doctor --file", CLI_ERROR, "--file wants a value", NULL);
	weft_says("doctor --host --file @/nix", CLI_ERROR, NULL);
}

#define T(NAME) cmocka_unit_test_teardown(NAME, after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_all_well), T(test_one_word), T(test_vlan_limit), T(test_connections), T(test_fragments), T(test_ovs_is_down),
		T(test_the_way_to_weftd), T(test_files_are_closed), T(test_dates),
		T(test_underlay), T(test_kernel), T(test_rows_of_others),
		T(test_weftd), T(test_command),
	};
	return cmocka_run_group_tests(tests, group_up, group_down);
}
