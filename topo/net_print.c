/* SPDX-License-Identifier: Apache-2.0 */
/* The model as a file: sorted, in full spelling, defaults left out. What it
 * prints parses to the same model, and prints the same again. */
#include <inttypes.h>
#include <string.h>

#include "topo/model.h"

void net_print_quoted(const char *text, FILE *out)
{
	putc('"', out);
	for (const char *p = text; *p; p++) {
		if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else if (*p == '\n')
			fputs("\\n", out);
		else if (*p == '\t')
			fputs("\\t", out);
		else
			putc(*p, out);
	}
	putc('"', out);
}

/* Plain where no reader of YAML, old or new, could mistake it. */
static bool is_plain(const char *text)
{
	for (const char *p = text; *p; p++) {
		bool is_letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z');
		bool is_digit = *p >= '0' && *p <= '9';

		if (!is_letter && !is_digit && (p == text || !strchr(":._-*?/", *p)))
			return false;
	}
	return *text && scalar_guess(text) == SCALAR_STRING;
}

void net_print_word(const char *text, FILE *out)
{
	if (is_plain(text))
		fputs(text, out);
	else
		net_print_quoted(text, out);
}

void net_print_port(const char *sw, const char *port, FILE *out)
{
	char text[SCALAR_MAX_NAME + SCALAR_MAX_PORT + 2];

	snprintf(text, sizeof text, "%s:%s", sw, port);
	/* In a flow map a last colon or question mark would speak to YAML. */
	if (strpbrk(text, "*?"))
		net_print_quoted(text, out);
	else
		net_print_word(text, out);
}

static void print_text(const char *key, const char *text, FILE *out)
{
	if (!text)
		return;
	fprintf(out, "    %s: ", key);
	net_print_quoted(text, out);
	putc('\n', out);
}

static void print_vtep_at(const struct net_vtep_at *at, FILE *out)
{
	char rate[32];

	fputs(at->rate ? "{address: " : "", out);
	net_print_quoted(at->text, out);
	if (at->rate)
		fprintf(out, ", rate: %s}", (scalar_rate_text(at->rate, rate), rate));
}

static void print_switch(const struct net *net, const struct net_switch *sw, FILE *out)
{
	fputs("  ", out);
	net_print_word(sw->name, out);
	fprintf(out, ":\n    dpid: 0x%012" PRIx64 "\n", sw->dpid);
	for (size_t i = 0; net->n_underlays && i < sw->n_vteps; i++) {
		fputs(i ? ", " : "    vteps: {", out);
		net_print_word(sw->vteps[i].underlay_name, out);
		fputs(": ", out);
		print_vtep_at(&sw->vteps[i], out);
		fputs(i + 1 == sw->n_vteps ? "}\n" : "", out);
	}
	if (sw->vtep && !net->n_underlays) {
		fputs("    vtep: ", out);
		net_print_quoted(sw->vtep, out);
		putc('\n', out);
	}
	if (sw->vtep && strcmp(sw->tunnel, "vxlan0")) {
		fputs("    tunnel: ", out);
		net_print_quoted(sw->tunnel, out);
		putc('\n', out);
	}
	if (net->n_underlays ? sw->underlay_mtu_is_given : sw->underlay_mtu != net->underlay_mtu)
		fprintf(out, "    underlay_mtu: %u\n", sw->underlay_mtu);
	print_text("acl", sw->acl.at[ACL_IN].name, out);
	print_text("acl_out", sw->acl.at[ACL_OUT].name, out);
	print_text("description", sw->description, out);
}

static void print_addresses(const struct net_port *port, FILE *out)
{
	const uint8_t *mac = port->mac.bytes;

	fprintf(out, ", mac: \"%02x:%02x:%02x:%02x:%02x:%02x\"", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	for (size_t i = 0; i < port->ips.n; i++)
		fprintf(out, "%s\"%s\"", i ? ", " : ", ip: [", port->ips.items[i].text);
	if (port->ips.n)
		putc(']', out);
}

static void print_port(const struct net_port *port, FILE *out)
{
	bool is_simple = port->tag == NET_UNTAGGED && port->flood && !port->hairpin && port->enable
			 && port->max_hosts == NET_NONE && !port->mac.is_given
			 && !port->acl.at[ACL_IN].name && !port->acl.at[ACL_OUT].name
			 && port->guard && !port->sticky && port->on_limit == NET_LIMIT_DROP && !port->trust
			 && !storm_is_said(&port->storm) && !port->says_loop_guard && !port->rate && !port->mirror.port;

	fputs("      - ", out);
	if (!is_simple)
		fputs("{port: ", out);
	net_print_port(port->switch_glob, port->port_glob, out);
	if (port->tag != NET_UNTAGGED)
		fprintf(out, ", tag: %u", port->tag);
	if (port->max_hosts != NET_NONE)
		fprintf(out, ", max_hosts: %u", port->max_hosts);
	if (!port->flood)
		fputs(", flood: false", out);
	if (port->hairpin)
		fputs(", hairpin: true", out);
	if (!port->enable)
		fputs(", enable: false", out);
	if (port->mac.is_given)
		print_addresses(port, out);
	guard_print(port, out);
	if (port->acl.at[ACL_IN].name)
		fprintf(out, ", acl: \"%s\"", port->acl.at[ACL_IN].name);
	if (port->acl.at[ACL_OUT].name)
		fprintf(out, ", acl_out: \"%s\"", port->acl.at[ACL_OUT].name);
	if (port->says_loop_guard)
		fprintf(out, ", loop_guard: %s", port->loop_guard ? "true" : "false");
	if (storm_is_said(&port->storm)) {
		fputs(", storm: ", out);
		storm_print(&port->storm, out);
	}
	if (port->rate) {
		char rate[32];

		fprintf(out, ", rate: %s", (scalar_rate_text(port->rate, rate), rate));
	}
	if (port->mirror.port) {
		fputs(", mirror: ", out);
		net_print_port(port->mirror.switch_glob, port->mirror.port, out);
	}
	fputs(is_simple ? "\n" : "}\n", out);
}

static void print_uplink(const struct net_uplink *uplink, uint16_t vlan, FILE *out)
{
	bool is_simple = uplink->vlan == vlan;

	fputs(is_simple ? "" : "{port: ", out);
	net_print_port(uplink->switch_name, uplink->port, out);
	if (!is_simple)
		fprintf(out, ", vlan: %u}", uplink->vlan);
	putc('\n', out);
}

static void print_storm(const char *indent, const struct net_storm *storm, FILE *out)
{
	if (!storm_is_said(storm))
		return;
	fprintf(out, "%sstorm: ", indent);
	storm_print(storm, out);
	putc('\n', out);
}

static void print_physical(const struct net_physical *physical, FILE *out)
{
	if (!physical->n_ports)
		return;
	fputs("    physical:\n", out);
	if (physical->vlan != NET_UNTAGGED)
		fprintf(out, "      vlan: %u\n", physical->vlan);
	print_storm("      ", &physical->storm, out);
	fputs("      ports:\n", out);
	for (size_t i = 0; i < physical->n_ports; i++) {
		fputs("        - ", out);
		print_uplink(&physical->ports[i], physical->vlan, out);
	}
}

static void print_uplinks(const struct net_network *network, FILE *out)
{
	fputs("    transport: vlan\n", out);
	if (network->vlan)
		fprintf(out, "    vlan: %u\n", network->vlan);
	fputs(network->n_uplinks ? "    uplinks:\n" : "    uplinks: []\n", out);
	for (size_t i = 0; i < network->n_uplinks; i++) {
		fputs("      - ", out);
		print_uplink(&network->uplinks[i], network->vlan, out);
	}
}

static void print_network(const struct net_network *network, FILE *out)
{
	fputs("  ", out);
	net_print_word(network->name, out);
	fputs(":\n", out);
	print_text("description", network->description, out);
	if (network->vni && !network->vni_is_chosen)
		fprintf(out, "    vni: %u\n", network->vni);
	if (network->mtu)
		fprintf(out, "    mtu: %u\n", network->mtu);
	print_text("subnet", network->subnet, out);
	print_text("acl", network->acl.at[ACL_IN].name, out);
	print_text("acl_out", network->acl.at[ACL_OUT].name, out);
	if (network->guard) {
		char words[64];

		fprintf(out, "    guard: [%s]\n", net_guard_words(network->guard, words, sizeof words));
	}
	slaac_print(network, out);
	if (network->ct_zone)
		fprintf(out, "    ct_zone: %u\n", network->ct_zone);
	print_storm("    ", &network->storm, out);
	if (network->max_hosts != NET_NONE)
		fprintf(out, "    max_hosts: %u\n", network->max_hosts);
	if (!network->flood)
		fputs("    flood: false\n", out);
	if (!network->loop_guard)
		fputs("    loop_guard: false\n", out);
	if (network->arp == NET_ARP_FLOOD)
		fputs("    arp: flood\n", out);
	if (network->tags == NET_TAGS_PASS)
		fputs("    tags: pass\n", out);
	fprintf(out, "    ageing: %us\n", network->ageing);
	if (network->transport == NET_VLAN)
		print_uplinks(network, out);
	if (network->transport == NET_VXLAN)
		fputs("    transport: vxlan\n", out);
	if (network->link_vlan && !network->link_vlan_is_chosen)
		fprintf(out, "    link_vlan: %u\n", network->link_vlan);
	print_physical(&network->physical, out);
	fputs(network->n_ports ? "    ports:\n" : "    ports: []\n", out);
	for (size_t i = 0; i < network->n_ports; i++)
		print_port(&network->ports[i], out);
}

static void print_vtep(const struct net_vtep *vtep, FILE *out)
{
	fputs("  ", out);
	net_print_word(vtep->end.name, out);
	fputs(":\n", out);
	print_text("description", vtep->end.description, out);
	print_text("vtep", vtep->end.vtep, out);
	if (!vtep->is_everywhere)
		fputs("    networks:\n", out);
	for (size_t i = 0; i < vtep->n_stands && !vtep->is_everywhere; i++) {
		fputs("      - ", out);
		net_print_word(vtep->stands[i].name, out);
		putc('\n', out);
	}
	if (vtep->n_macs)
		fputs("    macs:\n", out);
	for (size_t i = 0; i < vtep->n_macs; i++) {
		const uint8_t *mac = vtep->macs[i].bytes;

		fprintf(out, "      - \"%02x:%02x:%02x:%02x:%02x:%02x\"\n", mac[0], mac[1], mac[2], mac[3], mac[4],
			mac[5]);
	}
}

void net_print(const struct net *net, FILE *out)
{
	fputs("version: 1\n", out);
	if (net->underlay_mtu != NET_ETHERNET_MTU)
		fprintf(out, "underlay_mtu: %u\n", net->underlay_mtu);
	underlays_print(net, out);
	if (net->n_switches)
		fputs("switches:\n", out);
	for (size_t i = 0; i < net->n_switches; i++)
		print_switch(net, &net->switches[i], out);
	fputs(net->n_networks ? "networks:\n" : "networks: {}\n", out);
	for (size_t i = 0; i < net->n_networks; i++)
		print_network(&net->networks[i], out);
	links_print(net, out);
	if (net->n_vteps)
		fputs("vteps:\n", out);
	for (size_t i = 0; i < net->n_vteps; i++)
		print_vtep(&net->vteps[i], out);
	acls_print(net, out);
	te_print(net, out);
}
