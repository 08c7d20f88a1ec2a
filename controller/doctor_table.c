/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/doctor.h"

enum { HOST = DOCTOR_HOST, WEFTD = DOCTOR_WEFTD, OVS = NEEDS_OVS, BRIDGE = NEEDS_OVS | NEEDS_BRIDGE,
       SWITCH = BRIDGE | NEEDS_SWITCH, CERT = NEEDS_OVS | NEEDS_CERT, VTEP = BRIDGE | NEEDS_VTEP };

static const struct doctor_check checks[] = {
	{ "ovs", HOST, 0, "Open vSwitch runs, database and ovs-vswitchd both, and which version",
	  "`systemctl start openvswitch-switch`", doctor_ovs },
	{ "restore-wait", HOST, OVS, "`flow-restore-wait` is not set: with it no bridge speaks to a controller, nor forwards",
	  "`ovs-vsctl remove Open_vSwitch . other_config flow-restore-wait`", doctor_restore_wait },
	{ "bridge", HOST, OVS, "the bridge is there", "`weft switch join NAME`", doctor_bridge },
	{ "datapath", HOST, BRIDGE, "the bridge has a datapath that works; one in userspace has its tunnels end on a bridge in userspace",
	  "`modprobe openvswitch`, or `weft switch join NAME --datapath netdev`", doctor_datapath },
	{ "vlan-limit", HOST, BRIDGE, "in userspace, Open vSwitch looks at one VLAN tag, as it does where nobody said otherwise: at more only for networks of `tags: pass`",
	  "`ovs-vsctl remove Open_vSwitch . other_config vlan-limit`", doctor_vlan_limit },
	{ "connections", HOST, BRIDGE | NEEDS_DAEMON, "the table of connections has room, and what a limit leaves to a network: a connection that begins where there is none is not remembered, so its answers need a rule, and with `snat` it is dropped",
	  "`ovs-appctl dpctl/ct-set-maxconns netdev@ovs-netdev N`; in the kernel's datapath `sysctl net.netfilter.nf_conntrack_max=N`", doctor_connections },
	{ "fragments", HOST, BRIDGE | NEEDS_DAEMON, "in userspace, connection tracking does not gather fragments of packets: Open vSwitch 3.1 sends those that stay alone on as part of another packet's connection, into another network",
	  "`ovs-appctl dpctl/ipf-set-disabled netdev@ovs-netdev v4`, and `v6`, after each start of ovs-vswitchd", doctor_fragments },
	{ "interfaces", HOST, BRIDGE, "no interface of the bridge has an error", "`ovs-vsctl del-port BRIDGE PORT`, or bring the device back", doctor_interfaces },
	{ "fail-mode", HOST, BRIDGE, "`fail_mode` is secure: else the bridge forgets its rows and floods when weftd is away",
	  "`ovs-vsctl set-fail-mode BRIDGE secure`", doctor_fail_mode },
	{ "protocols", HOST, BRIDGE, "the bridge speaks OpenFlow 1.3", "`ovs-vsctl set Bridge BRIDGE protocols=OpenFlow13`", doctor_protocols },
	{ "dpid", HOST, SWITCH, "the datapath id is the one of the file", "`ovs-vsctl set Bridge BRIDGE other-config:datapath-id=...`", doctor_dpid },
	{ "certificate-files", HOST, OVS, "key, certificate and authority are set, there, and open to the user of ovs-vswitchd",
	  "`weft switch join NAME`, which says how they are made", doctor_cert_files },
	{ "certificate-name", HOST, CERT, "the certificate is that of the switch", "copy the files of this switch here", doctor_cert_name },
	{ "certificate-chain", HOST, CERT, "the authority has signed the certificate, and the key is its own", "copy the three files here again, from one `weft pki`", doctor_cert_chain },
	{ "certificate-dates", HOST, CERT, "the certificate is valid by this host's clock, for 30 days more", "`weft pki renew NAME`, and copy the files; or set the clock", doctor_cert_dates },
	{ "clock", HOST | WEFTD, 0, "something keeps the clock right: certificates are judged by it", "`systemctl enable --now systemd-timesyncd`", doctor_clock },
	{ "reach", HOST, BRIDGE, "TCP to each controller opens", "start weftd there, or let TCP port 6653 through", doctor_reach },
	{ "handshake", HOST, BRIDGE, "each controller greets after a TLS 1.3 handshake with this host's certificate", "what the two said names the side that refused", doctor_handshake },
	{ "controller", HOST, BRIDGE, "the bridge has a controller and is connected to it; else its last error", "`weft status` at weftd says whom it refused, and why", doctor_controller },
	{ "controller-options", HOST, BRIDGE, "the bridge tries again every second, asks after silence, and gives no rows of its own to the control connection (`connection_mode=out-of-band`)",
	  "`weft switch join NAME`", doctor_controller_options },
	{ "other-controllers", HOST, BRIDGE, "nobody else has the bridge: OVN, a second controller that is not weft's, a listener without TLS", "take it away, or give weft a bridge of its own", doctor_other_controllers },
	{ "tunnel-port", HOST, SWITCH | NEEDS_VTEP, "the VXLAN port is there, flow based, with the right address", "`weft switch join NAME --file FILE`", doctor_tunnel_port },
	{ "vtep", HOST, VTEP, "the vtep is an address of this machine", "`ip address add VTEP/24 dev DEVICE`", doctor_vtep },
	{ "mtu", HOST, VTEP, "the devices below the tunnels have the `underlay_mtu` of the file", "`ip link set DEVICE mtu N`, or a smaller `underlay_mtu`", doctor_mtu },
	{ "neighbours", HOST, SWITCH | NEEDS_VTEP | NEEDS_DAEMON, "Open vSwitch knows the way and the MAC of every other vtep. In userspace a tunnel that was once not resolved can stay dead under steady traffic", "`ovs-appctl revalidator/purge`; for good: BFD on a tunnel to that switch", doctor_neighbours },
	{ "rp-filter", HOST, VTEP, "with several vteps: the kernel does not drop what comes by another of them", "`sysctl net.ipv4.conf.DEVICE.rp_filter=2`", doctor_rp_filter },
	{ "firewall", HOST, VTEP, "in the kernel's datapath: nftables (or iptables) let UDP port 4789 in, as far as that can be seen", "`nft add rule ... udp dport 4789 accept`", doctor_firewall },
	{ "patch-ports", HOST, BRIDGE, "no patch port leads to another bridge unseen", "put it into a network of the file, or remove it", doctor_patch_ports },
	{ "foreign-rows", HOST, BRIDGE | NEEDS_DAEMON, "all rows of the bridge are weft's; weftd never touches those of others, and they may go before its own", "`ovs-ofctl -O OpenFlow13 del-flows BRIDGE cookie=...`", doctor_foreign_rows },
	{ "weftd", WEFTD, 0, "weftd runs and answers on its socket", "`systemctl start weftd`", doctor_weftd },
	{ "file", WEFTD, 0, "the topology file has no error, and is the one in force", "`weft check FILE`", doctor_file },
	{ "pki", WEFTD, 0, "ca.pem, cert.pem and key.pem fit together and are valid for 30 days more", "`weft pki renew weftd`", doctor_weftd_pki },
	{ "state-dir", WEFTD, 0, "the state directory is there, weftd may write to it, and there is room", "`chown weft: DIR`", doctor_state_dir },
	{ "listening", WEFTD, 0, "each listener of weftd takes connections, and no other program has its port", "`ss -lntp`", doctor_listening },
	{ "switches", WEFTD, 0, "weftd's own verdict", "`weft status`", doctor_switches },
};

const struct doctor_check *doctor_checks(size_t *ret_n)
{
	*ret_n = sizeof checks / sizeof *checks;
	return checks;
}

void doctor_print_reference(FILE *f)
{
	fprintf(f, "# weft doctor\n\n"
		"    weft doctor [NAME] [--bridge BRIDGE] [--file FILE] [--pki DIR] [--host|--weftd]\n\n"
		"Run it on the host of a switch, or on the machine of weftd; it finds out which of the two it is. NAME is that of the\n"
		"switch; without it the one that `weft switch join` noted on the bridge, or that of the certificate. With `--file`\n"
		"(`-` is stdin) the bridge is compared with the topology file. `--pki` is the folder of weftd's certificates, where\n"
		"weftd does not run.\n\n"
		"Each check is `fine`, `wrong`, a `note` (it may be meant) or `skipped` (it cannot be judged here), with what cures it\n"
		"behind an arrow. Nothing is changed. Exit code 0 when nothing is wrong, 3 when something is, 1 when nothing could be\n"
		"checked. With `--json`: `verdict` (`ok`, `degraded`) and `checks`, each with `name`, `state`, `text` and `cure`.\n");
	for (unsigned side = HOST; side <= WEFTD; side++) {
		fprintf(f, "\n## On %s\n\n| check | looks at | cure |\n| --- | --- | --- |\n", side == HOST ? "the host of a switch" : "the machine of weftd");
		for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
			if (checks[i].side & side)
				fprintf(f, "| `%s` | %s | %s |\n", checks[i].name, checks[i].looks_at, checks[i].cure);
	}
}
