/* SPDX-License-Identifier: Apache-2.0 */
/* lab_plan: which hosts, VMs and addresses follow from a file. Nothing is built. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/lab.h"

static struct diag *diag;

static int new_diag(void **state)
{
	(void) state;
	diag = diag_new("lab.yaml");
	return 0;
}

static int drop_diag(void **state)
{
	(void) state;
	diag_free(diag);
	return 0;
}

static struct lab_plan *load(const char *text, const char *dir)
{
	char file[] = "/tmp/weft-lab-plan-XXXXXX";
	int fd = mkstemp(file);
	struct lab_naming naming = {.name = "t", .dir = dir, .file = file, .tls = true};
	struct lab_plan *plan;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	plan = lab_plan_load(&naming, diag);
	unlink(file);
	return plan;
}

static struct lab_plan *plan_of(const char *text)
{
	struct lab_plan *plan = load(text, "/run/lab");

	if (!plan) {
		diag_print(diag, stderr);
		fail_msg("no plan");
	}
	return plan;
}

static const struct lab_vm *vm_of(const struct lab_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n_vms; i++) {
		if (!strcmp(plan->vms[i].name, name))
			return &plan->vms[i];
	}
	fail_msg("no VM %s", name);
	return NULL;
}

/* A finding that holds the text. */
static void assert_found(const char *text)
{
	for (size_t i = 0; i < diag_n_findings(diag); i++) {
		if (strstr(diag_finding(diag, i)->text, text))
			return;
	}
	diag_print(diag, stderr);
	fail_msg("nobody says \"%s\"", text);
}

#define TWO_SWITCHES \
	"version: 1\n" \
	"switches:\n" \
	"  kvm1: {dpid: 0x11}\n" \
	"  kvm2: {dpid: 0x12}\n"

/* --- hosts and VMs ----------------------------------------------------------------- */

static void explicit_ports_become_vms(void **state)
{
	struct lab_plan *plan = plan_of(TWO_SWITCHES
		"networks:\n"
		"  office: {ports: [kvm1:vm-a, kvm2:vm-b, 'kvm*:glob-*']}\n");

	(void) state;
	assert_int_equal(plan->n_hosts, 2);
	assert_string_equal(plan->hosts[0].ns, "t-kvm1");
	assert_string_equal(plan->hosts[0].dir, "/run/lab/hosts/kvm1");
	assert_int_equal(plan->hosts[1].dpid, 0x12);
	assert_string_equal(plan->hosts[1].mgmt_ip, "198.18.0.2");
	assert_int_equal(plan->n_vms, 2);
	assert_string_equal(plan->vms[0].name, "vm-a");
	assert_string_equal(plan->vms[0].ns, "t-vm-a");
	assert_int_equal(plan->vms[1].host, 1);
	assert_int_equal(plan->vms[1].ofport, 1);
	assert_string_equal(vm_of(plan, "vm-a")->stands[0].dev, "eth0");
	assert_null(plan->lan_ns);
	assert_null(plan->underlay_ns);
	assert_int_equal(plan->n_namespaces, 5);        /* ctl, two hosts, two VMs */
	assert_string_equal(lab_plan_target(plan), "ssl:198.18.255.254:6653");
	lab_plan_free(plan);
}

/* Somebody listens there, in no network, though a glob would mean it. */
static void mirrors_get_listeners(void **state)
{
	struct lab_plan *plan = plan_of(TWO_SWITCHES
		"networks:\n"
		"  office: {ports: [{port: kvm1:vm-a, mirror: kvm1:tap}, {port: 'kvm*:vm-*', mirror: 'kvm*:mon'}, 'kvm1:*']}\n");

	(void) state;
	assert_int_equal(plan->n_vms, 4);
	assert_int_equal(vm_of(plan, "vm-a")->n_stands, 1);
	assert_int_equal(vm_of(plan, "tap")->n_stands, 0);
	assert_int_equal(vm_of(plan, "kvm2-mon")->host, 1);
	assert_int_equal(vm_of(plan, "kvm1-mon")->n_stands, 0);
	lab_plan_free(plan);
}

static void x_lab_names_the_vms_of_globs(void **state)
{
	struct lab_plan *plan = plan_of(
		"version: 1\n"
		"networks:\n"
		"  lan: {ports: ['*:*']}\n"
		"x-lab:\n"
		"  switches: [b, a]\n"
		"  vms:\n"
		"    pc: {port: 'a:p1', ip: 10.9.8.7/24, ip6: none, mac: '02:00:00:00:00:01'}\n"
		"    silent: {port: 'b:p1', ip: none, ip6: none}\n");
	const struct lab_vm *pc = vm_of(plan, "pc"), *silent = vm_of(plan, "silent");

	(void) state;
	assert_string_equal(plan->hosts[0].name, "a");
	assert_true(plan->hosts[0].dpid != 0 && plan->hosts[0].dpid != plan->hosts[1].dpid);
	assert_string_equal(pc->stands[0].ip, "10.9.8.7");
	assert_int_equal(pc->stands[0].prefix, 24);
	assert_null(pc->stands[0].ip6);
	assert_string_equal(pc->mac, "02:00:00:00:00:01");
	assert_null(silent->stands[0].ip);
	assert_null(silent->stands[0].ip6);
	assert_string_equal(silent->stands[0].network, "lan");
	lab_plan_free(plan);
}

static void equal_port_names_get_the_switch_in_front(void **state)
{
	struct lab_plan *plan = plan_of(TWO_SWITCHES
		"networks:\n"
		"  office: {ports: [kvm1:vm, kvm2:vm, kvm1:kvm2, kvm1:ctl, kvm1:alone]}\n");

	(void) state;
	vm_of(plan, "kvm1-vm");
	vm_of(plan, "kvm2-vm");
	vm_of(plan, "kvm1-kvm2");       /* kvm2 is a host */
	vm_of(plan, "kvm1-ctl");        /* ctl is a namespace of the lab */
	vm_of(plan, "alone");
	assert_string_not_equal(vm_of(plan, "kvm1-vm")->mac, vm_of(plan, "kvm2-vm")->mac);
	lab_plan_free(plan);
}

static void trunks_stand_in_several_networks(void **state)
{
	struct lab_plan *plan = plan_of(TWO_SWITCHES
		"networks:\n"
		"  a: {ports: [{port: kvm1:fw, tag: 30}]}\n"
		"  b: {ports: [kvm1:fw]}\n"
		"  c: {ports: [{port: kvm1:fw, tag: 20}, {port: 'kvm2:*', tag: 9}]}\n"
		"  d: {ports: ['kvm2:*']}\n"
		"x-lab: {vms: {only: {port: 'kvm2:x', tag: 9}, both: {port: 'kvm2:y'}, "
		"bare: {port: 'kvm2:z', tag: 0}}}\n");
	const struct lab_vm *fw = vm_of(plan, "fw");

	(void) state;
	assert_int_equal(fw->n_stands, 3);
	assert_string_equal(fw->stands[0].network, "b");
	assert_string_equal(fw->stands[0].dev, "eth0");
	assert_string_equal(fw->stands[1].network, "c");
	assert_string_equal(fw->stands[1].dev, "eth0.20");
	assert_string_equal(fw->stands[2].dev, "eth0.30");
	assert_int_equal(vm_of(plan, "only")->n_stands, 1);
	assert_int_equal(vm_of(plan, "only")->stands[0].tag, 9);
	assert_int_equal(vm_of(plan, "both")->n_stands, 2);
	assert_int_equal(vm_of(plan, "bare")->n_stands, 1);
	assert_string_equal(vm_of(plan, "bare")->stands[0].network, "d");
	lab_plan_free(plan);
}

static void uplinks_are_plugged_once(void **state)
{
	struct lab_plan *plan = plan_of(TWO_SWITCHES
		"networks:\n"
		"  a: {transport: vlan, vlan: 30, uplinks: [kvm1:eno2, kvm2:eno2], ports: [kvm1:vm]}\n"
		"  b: {transport: vlan, vlan: 31, uplinks: [kvm1:eno2], ports: [kvm2:vm2]}\n"
		"  c: {ports: [kvm1:vm3]}\n"
		"x-lab: {machines: {printer: {network: a}, plain: {network: a, vlan: 0}}}\n");

	(void) state;
	assert_int_equal(plan->n_uplinks, 2);
	assert_string_equal(plan->uplinks[0].port, "eno2");
	assert_string_equal(plan->uplinks[0].lan_port, "kvm1-eno2");
	assert_int_equal(plan->uplinks[0].ofport, LAB_UPLINK_OFPORT);
	assert_string_equal(plan->lan_ns, "t-lan");
	assert_true(plan->networks[0].joined[0] && plan->networks[0].joined[1]);
	assert_true(plan->networks[1].joined[0] && !plan->networks[1].joined[1]);
	assert_false(plan->networks[2].joined[0]);
	assert_int_equal(vm_of(plan, "printer")->host, LAB_ON_LAN);
	assert_int_equal(vm_of(plan, "printer")->stands[0].tag, 30);
	assert_int_equal(vm_of(plan, "plain")->stands[0].tag, NET_UNTAGGED);
	lab_plan_free(plan);
}

static void vteps_make_an_underlay(void **state)
{
	struct lab_plan *plan = plan_of(
		"version: 1\n"
		"switches:\n"
		"  kvm1: {dpid: 1, vtep: 10.0.0.11}\n"
		"  kvm2: {dpid: 2, vtep: 10.0.7.12}\n"
		"  a-host-with-a-long-name: {dpid: 3, vtep: 10.0.0.13}\n"
		"  none: {dpid: 4}\n"
		"networks:\n"
		"  office: {ports: ['*:*']}\n");

	(void) state;
	assert_string_equal(plan->underlay_ns, "t-underlay");
	assert_int_equal(plan->vtep_prefix, 21);
	assert_string_equal(plan->hosts[0].name, "a-host-with-a-long-name");
	assert_string_equal(plan->hosts[0].mgmt_port, "host0");
	assert_string_equal(plan->hosts[0].underlay_port, "host0");
	assert_string_equal(plan->hosts[1].underlay_port, "kvm1");
	assert_null(plan->hosts[3].vtep);
	assert_null(plan->hosts[3].underlay_port);
	lab_plan_free(plan);
}

static void vteps_of_both_families_have_a_prefix_each(void **state)
{
	struct lab_plan *plan = plan_of(
		"version: 1\n"
		"switches:\n"
		"  k1: {dpid: 1, vtep: 'fd00:99::11'}\n"
		"  k2: {dpid: 2, vtep: 'fd00:99::12'}\n"
		"  k3: {dpid: 3, vtep: 'fd00:99:0:100::1'}\n"
		"  k4: {dpid: 4, vtep: 10.0.0.4}\n"
		"networks:\n"
		"  six: {ports: ['k1:*', 'k2:*', 'k3:*']}\n"
		"  four: {ports: ['k4:*']}\n");

	(void) state;
	assert_int_equal(plan->vtep_prefix6, 55);
	assert_int_equal(plan->vtep_prefix, 24);
	lab_plan_free(plan);
}

/* A gate for each underlay that the host is in; the first one is the host's old underlay. */
static void hosts_stand_in_several_underlays(void **state)
{
	struct lab_plan *plan = plan_of(
		"version: 1\n"
		"underlays: {blue: {rate: 50Mbit}, red: {main: true, mtu: 9000}}\n"
		"switches:\n"
		"  kvm1: {dpid: 1, vteps: {red: 10.0.0.11, blue: 10.1.0.11}, underlay_mtu: 1600}\n"
		"  kvm2: {dpid: 2, vteps: {red: 10.0.0.12, blue: {address: 10.1.7.12, rate: 20Mbit}}}\n"
		"  a-host-with-a-long-name: {dpid: 3, vteps: {red: 10.0.0.13, blue: 10.1.0.13}}\n"
		"  kvm9: {dpid: 9}\n"
		"networks:\n"
		"  office: {vni: 14675967, ports: [kvm1:a, kvm2:b]}\n"
		"links:\n"
		"  - {between: [kvm2, kvm1], underlay: red, bfd: [kvm1:b2, kvm2:b1], rate: 10Mbit}\n"
		"  - {between: [kvm2, kvm1], underlay: blue, bfd: [kvm1:c2, kvm2:c1]}\n"
		"  - {between: [kvm1:e1, kvm9:e1], rate: 2.5Gbit}\n");

	(void) state;
	assert_int_equal(plan->n_underlays, 2);
	assert_string_equal(plan->underlays[0].name, "red");
	assert_string_equal(plan->underlays[0].bridge, "underlay");
	assert_string_equal(plan->underlays[1].bridge, "underlay2");
	assert_int_equal(plan->underlays[0].mtu, 9000);
	assert_int_equal(plan->underlays[1].mtu, 1500);
	assert_int_equal(plan->underlays[1].rate, 50000000);
	assert_int_equal(plan->underlays[0].prefix, 24);
	assert_int_equal(plan->underlays[1].prefix, 21);
	assert_int_equal(plan->vtep_prefix, 24);
	const struct lab_host *kvm1 = &plan->hosts[1];
	assert_int_equal(kvm1->n_gates, 2);
	assert_string_equal(kvm1->gates[0].vtep, "10.0.0.11");
	assert_string_equal(kvm1->gates[0].port, "kvm1");
	assert_string_equal(kvm1->gates[0].bridge, "br-phys");
	assert_int_equal(kvm1->gates[0].mtu, 1600);
	assert_string_equal(kvm1->gates[1].vtep, "10.1.0.11");
	assert_string_equal(kvm1->gates[1].dev, "underlay1");
	assert_string_equal(kvm1->gates[1].bridge, "br-phys2");
	assert_string_equal(kvm1->gates[1].port, "kvm1-blue");
	assert_int_equal(kvm1->gates[1].mtu, 1500);
	assert_int_equal(kvm1->gates[0].rate, 0);
	assert_int_equal(kvm1->gates[1].rate, 50000000);
	assert_int_equal(plan->hosts[2].gates[1].rate, 20000000);
	assert_int_equal(plan->hosts[2].gates[0].mtu, 9000);
	assert_string_equal(plan->hosts[0].gates[1].port, "host0-2");
	assert_int_equal(plan->hosts[3].n_gates, 0);
	assert_ptr_equal(lab_gate(kvm1, 1), &kvm1->gates[1]);
	assert_null(lab_gate(&plan->hosts[3], 0));
	/* Tunnels by name; each BFD has a VNI that no network has. */
	assert_int_equal(plan->n_tunnels, 2);
	assert_int_equal(plan->tunnels[0].underlay, 1);
	assert_string_equal(plan->tunnels[0].ports[0], "c2");
	assert_int_equal(plan->tunnels[0].ofports[0], LAB_BFD_OFPORT);
	assert_int_equal(plan->tunnels[0].key, 0xdff000);
	assert_int_equal(plan->tunnels[1].ofports[1], LAB_BFD_OFPORT + 1);
	assert_int_equal(plan->tunnels[1].key, 0xdff000 - 2);
	assert_int_equal(plan->tunnels[1].rate, 10000000);
	assert_int_equal(plan->links[0].rate, 2500000000);
	lab_plan_free(plan);
	assert_int_equal(lab_queue_len(0), 1000);
	assert_int_equal(lab_queue_len(1000000), 20);
	assert_int_equal(lab_queue_len(100000000), 166);
	assert_int_equal(lab_queue_len(10000000000), 1000);
}

/* Like a VM that stands in the underlay, with a device for each network. */
static void foreign_vteps_are_namespaces_in_the_underlay(void **state)
{
	struct lab_plan *plan = plan_of(
		"version: 1\n"
		"switches:\n"
		"  kvm1: {dpid: 1, vtep: 10.0.0.11}\n"
		"networks:\n"
		"  office: {vni: 20, subnet: 10.20.0.0/24, ports: ['kvm1:a']}\n"
		"  lab: {vni: 21, ports: ['kvm1:b']}\n"
		"vteps:\n"
		"  nas: {vtep: 10.0.1.50, networks: [office, lab], macs: ['52:54:00:AA:00:50']}\n"
		"  tor: {vtep: 10.0.0.51, networks: [lab]}\n");
	const struct lab_vm *nas = vm_of(plan, "nas");

	(void) state;
	assert_int_equal(nas->host, LAB_ON_UNDERLAY);
	assert_string_equal(nas->mac, "52:54:00:aa:00:50");
	assert_string_equal(nas->vtep, "10.0.1.50");
	assert_string_equal(nas->ns, "t-nas");
	assert_int_equal(nas->n_stands, 2);
	assert_string_equal(nas->stands[0].dev, "vx20");
	assert_int_equal(nas->stands[1].vni, 21);
	assert_memory_equal(nas->stands[0].ip, "10.20.0.", 8);
	assert_int_equal(plan->vtep_prefix, 23);
	assert_string_not_equal(vm_of(plan, "tor")->mac, nas->mac);
	assert_string_equal(lab_vm_at(plan, nas), "underlay");
	lab_plan_free(plan);
}

/* --- addresses ----------------------------------------------------------------------- */

static void addresses_depend_on_names_alone(void **state)
{
	struct lab_plan *one = plan_of(TWO_SWITCHES
		"networks:\n"
		"  office: {subnet: 192.168.20.0/24, ports: [kvm1:vm-a, kvm2:vm-b]}\n");
	struct lab_plan *two = plan_of(TWO_SWITCHES
		"networks:\n"
		"  another: {ports: [kvm1:vm-0]}\n"
		"  office: {subnet: 192.168.20.0/24, ports: [kvm2:vm-b, kvm1:aaa, kvm1:vm-a]}\n");
	const struct lab_vm *a = vm_of(one, "vm-a"), *b = vm_of(two, "vm-a");

	(void) state;
	assert_string_equal(a->mac, b->mac);
	assert_string_equal(a->stands[0].ip, b->stands[0].ip);
	assert_string_equal(a->stands[0].ip6, b->stands[0].ip6);
	assert_int_equal(a->stands[0].prefix, 24);
	assert_int_equal(strncmp(a->stands[0].ip, "192.168.20.", 11), 0);
	assert_int_equal(strncmp(vm_of(two, "vm-0")->stands[0].ip, "10.", 3), 0);
	assert_int_equal(vm_of(two, "vm-0")->stands[0].prefix, 16);
	lab_plan_free(one);
	lab_plan_free(two);
}

static void who_is_declared_is_that(void **state)
{
	struct lab_plan *plan = plan_of(TWO_SWITCHES
		"networks:\n"
		"  office:\n"
		"    subnet: 192.168.20.0/24\n"
		"    ports:\n"
		"      - {port: kvm1:vm-a, mac: '52:54:00:aa:00:20', ip: ['fd00::20', 192.168.20.20]}\n"
		"      - {port: kvm1:vm-b, mac: '52:54:00:aa:00:21', ip: 192.168.20.21}\n"
		"x-lab: {vms: {b: {port: 'kvm1:vm-b', ip: 192.168.20.99}}}\n");
	const struct lab_vm *a = vm_of(plan, "vm-a"), *b = vm_of(plan, "b");

	(void) state;
	assert_string_equal(a->mac, "52:54:00:aa:00:20");
	assert_string_equal(a->stands[0].ip, "192.168.20.20");
	assert_int_equal(a->stands[0].prefix, 24);
	assert_string_equal(a->stands[0].ip6, "fd00::20");
	/* What x-lab wishes goes before. */
	assert_string_equal(b->mac, "52:54:00:aa:00:21");
	assert_string_equal(b->stands[0].ip, "192.168.20.99");
	lab_plan_free(plan);
}

static void everybody_has_the_mtu_that_fits(void **state)
{
	struct lab_plan *plan = plan_of("version: 1\n"
		"underlay_mtu: 9100\n"
		"switches:\n"
		"  kvm1: {dpid: 0x11, vtep: 10.9.0.1}\n"
		"  kvm2: {dpid: 0x12, vtep: 10.9.0.2, underlay_mtu: 1600}\n"
		"networks:\n"
		"  told: {mtu: 1400, ports: [kvm1:t1, kvm2:t2]}\n"
		"  untold: {ports: [kvm1:u1, kvm2:u2, {port: kvm1:t1, tag: 5}]}\n"
		"  alone: {ports: [kvm1:x]}\n"
		"  trunk: {mtu: 9000, transport: vlan, vlan: 7, uplinks: [kvm1:up], ports: [kvm1:y]}\n");

	(void) state;
	assert_int_equal(plan->underlay_mtu, 9100);
	assert_int_equal(plan->hosts[0].underlay_mtu, 9100);
	assert_int_equal(plan->hosts[1].underlay_mtu, 1600);
	assert_int_equal(plan->lan_mtu, 9000);
	assert_int_equal(vm_of(plan, "t1")->mtu, 1400);
	assert_int_equal(vm_of(plan, "u2")->mtu, 1550);
	assert_int_equal(vm_of(plan, "x")->mtu, 1500);
	assert_int_equal(vm_of(plan, "y")->mtu, 9000);
	lab_plan_free(plan);
}

static void no_address_twice(void **state)
{
	char text[32768] = "version: 1\nnetworks: {lan: {subnet: 10.1.2.0/24, ports: ['*:*']}}\n"
			   "x-lab:\n  switches: [s]\n  vms:\n    fixed: {port: 's:fixed', ip: 10.1.2.9}\n";
	struct lab_plan *plan;

	(void) state;
	for (int i = 0; i < 199; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "    v%d: {port: 's:p%d'}\n", i, i);
	plan = plan_of(text);
	assert_int_equal(plan->n_vms, 200);
	for (size_t i = 0; i < plan->n_vms; i++) {
		const struct lab_stand *a = &plan->vms[i].stands[0];

		assert_string_not_equal(a->ip, "10.1.2.0");
		assert_string_not_equal(a->ip, "10.1.2.1");
		assert_string_not_equal(a->ip, "10.1.2.255");
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(a->ip, plan->vms[j].stands[0].ip);
			assert_string_not_equal(a->ip6, plan->vms[j].stands[0].ip6);
			assert_string_not_equal(plan->vms[i].mac, plan->vms[j].mac);
		}
	}
	assert_string_equal(vm_of(plan, "fixed")->stands[0].ip, "10.1.2.9");
	lab_plan_free(plan);
}

/* --- what cannot be built -------------------------------------------------------------- */

static void findings(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"networks: {lan: {ports: ['*:*']}}\n", "the file has no switches"},
		{"networks: {lan: {ports: ['*:*']}}\nx-lab: {switches: [a], vms: {x: {port: 'b:p'}}}\n",
		 "the lab has no switch \"b\""},
		{"networks: {lan: {ports: ['*:*']}}\nx-lab: {switches: [weftd]}\n", "taken by the PKI"},
		{"networks: {lan: {ports: ['*:*']}}\n"
		 "x-lab: {switches: [a], vms: {x: {port: 'a:sixteen-letters!'}}}\n",
		 "has 16 characters"},
		{"networks: {lan: {ports: ['*:*']}}\nx-lab: {switches: [a], vms: {x: {port: 'a:br-int'}}}\n",
		 "the lab itself needs"},
		{"networks: {lan: {ports: ['*:*']}}\nx-lab: {switches: [a], vms: {a: {port: 'a:p'}}}\n",
		 "something else in the lab is called \"a\""},
		{"networks: {lan: {ports: ['*:*']}}\n"
		 "x-lab: {switches: [a], vms: {x: {port: 'a:p'}, y: {port: 'a:p'}}}\n",
		 "two VMs of x-lab have the port a:p"},
		{"networks: {lan: {subnet: 10.0.0.0/30, ports: ['*:*']}}\n"
		 "x-lab: {switches: [a], vms: {x: {port: 'a:1'}, y: {port: 'a:2'}, z: {port: 'a:3'}}}\n",
		 "has no address left"},
		{"networks: {lan: {ports: ['*:*']}}\nx-lab: {switches: [a], machine: {}}\n",
		 "did you mean \"machines\"?"},
		{"networks: {lan: {ports: ['*:*']}}\nx-lab: {switches: [a], machines: {m: {network: no}}}\n",
		 "no network \"no\""},
	};

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[1024];

		diag_free(diag);
		diag = diag_new("lab.yaml");
		snprintf(text, sizeof text, "version: 1\n%s", cases[i].text);
		if (load(text, "/run/lab"))
			fail_msg("a plan from: %s", cases[i].text);
		assert_found(cases[i].says);
	}
}

static void long_directories_are_refused(void **state)
{
	char dir[200] = "/";

	(void) state;
	memset(dir + 1, 'd', 100);
	assert_null(load(TWO_SWITCHES "networks: {lan: {ports: ['*:*']}}\n", dir));
	assert_found("choose a shorter --dir");
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, new_diag, drop_diag)
	const struct CMUnitTest tests[] = {
		TEST(explicit_ports_become_vms),
		TEST(mirrors_get_listeners),
		TEST(x_lab_names_the_vms_of_globs),
		TEST(equal_port_names_get_the_switch_in_front),
		TEST(trunks_stand_in_several_networks),
		TEST(uplinks_are_plugged_once),
		TEST(vteps_make_an_underlay),
		TEST(vteps_of_both_families_have_a_prefix_each),
		TEST(hosts_stand_in_several_underlays),
		TEST(foreign_vteps_are_namespaces_in_the_underlay),
		TEST(addresses_depend_on_names_alone),
		TEST(who_is_declared_is_that),
		TEST(everybody_has_the_mtu_that_fits),
		TEST(no_address_twice),
		TEST(findings),
		TEST(long_directories_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
