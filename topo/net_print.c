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

static void print_word(const char *text, FILE *out)
{
	if (is_plain(text))
		fputs(text, out);
	else
		net_print_quoted(text, out);
}

static void print_port_name(const char *sw, const char *port, FILE *out)
{
	char text[SCALAR_MAX_NAME + SCALAR_MAX_PORT + 2];

	snprintf(text, sizeof text, "%s:%s", sw, port);
	/* In a flow map a last colon or question mark would speak to YAML. */
	if (strpbrk(text, "*?"))
		net_print_quoted(text, out);
	else
		print_word(text, out);
}

static void print_text(const char *key, const char *text, FILE *out)
{
	if (!text)
		return;
	fprintf(out, "    %s: ", key);
	net_print_quoted(text, out);
	putc('\n', out);
}

static void print_switch(const struct net_switch *sw, FILE *out)
{
	fputs("  ", out);
	print_word(sw->name, out);
	fprintf(out, ":\n    dpid: 0x%012" PRIx64 "\n", sw->dpid);
	if (sw->vtep) {
		fputs("    vtep: ", out);
		net_print_quoted(sw->vtep, out);
		putc('\n', out);
	}
	if (sw->vtep && strcmp(sw->tunnel, "vxlan0")) {
		fputs("    tunnel: ", out);
		net_print_quoted(sw->tunnel, out);
		putc('\n', out);
	}
	print_text("acl", sw->acl.at[ACL_IN].name, out);
	print_text("acl_out", sw->acl.at[ACL_OUT].name, out);
	print_text("description", sw->description, out);
}

static void print_port(const struct net_port *port, FILE *out)
{
	bool is_simple = port->tag == NET_UNTAGGED && port->flood && !port->hairpin && port->enable
			 && port->max_hosts == NET_NONE && !port->acl.at[ACL_IN].name && !port->acl.at[ACL_OUT].name;

	fputs("      - ", out);
	if (!is_simple)
		fputs("{port: ", out);
	print_port_name(port->switch_glob, port->port_glob, out);
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
	if (port->acl.at[ACL_IN].name)
		fprintf(out, ", acl: \"%s\"", port->acl.at[ACL_IN].name);
	if (port->acl.at[ACL_OUT].name)
		fprintf(out, ", acl_out: \"%s\"", port->acl.at[ACL_OUT].name);
	fputs(is_simple ? "\n" : "}\n", out);
}

static void print_network(const struct net_network *network, FILE *out)
{
	fputs("  ", out);
	print_word(network->name, out);
	fputs(":\n", out);
	print_text("description", network->description, out);
	if (network->vni && !network->vni_is_chosen)
		fprintf(out, "    vni: %u\n", network->vni);
	print_text("subnet", network->subnet, out);
	print_text("acl", network->acl.at[ACL_IN].name, out);
	print_text("acl_out", network->acl.at[ACL_OUT].name, out);
	if (network->ct_zone)
		fprintf(out, "    ct_zone: %u\n", network->ct_zone);
	if (network->max_hosts != NET_NONE)
		fprintf(out, "    max_hosts: %u\n", network->max_hosts);
	if (!network->flood)
		fputs("    flood: false\n", out);
	fprintf(out, "    ageing: %us\n", network->ageing);
	if (network->transport == NET_VLAN) {
		fprintf(out, "    transport: vlan\n    vlan: %u\n    uplinks:%s\n", network->vlan,
			network->n_uplinks ? "" : " []");
		for (size_t i = 0; i < network->n_uplinks; i++) {
			fputs("      - ", out);
			print_port_name(network->uplinks[i].switch_name, network->uplinks[i].port, out);
			putc('\n', out);
		}
	}
	if (network->transport == NET_VXLAN)
		fputs("    transport: vxlan\n", out);
	fputs(network->n_ports ? "    ports:\n" : "    ports: []\n", out);
	for (size_t i = 0; i < network->n_ports; i++)
		print_port(&network->ports[i], out);
}

void net_print(const struct net *net, FILE *out)
{
	fputs("version: 1\n", out);
	if (net->n_switches)
		fputs("switches:\n", out);
	for (size_t i = 0; i < net->n_switches; i++)
		print_switch(&net->switches[i], out);
	fputs(net->n_networks ? "networks:\n" : "networks: {}\n", out);
	for (size_t i = 0; i < net->n_networks; i++)
		print_network(&net->networks[i], out);
	acls_print(net, out);
}
