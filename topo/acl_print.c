/* SPDX-License-Identifier: Apache-2.0 */
/* Groups and lists of rules in the form of the file, for net_print. */
#include "topo/model.h"

static void print_quoted_list(const struct net_members *members, FILE *out)
{
	putc('[', out);
	for (size_t i = 0; i < members->n; i++) {
		fputs(i ? ", " : "", out);
		net_print_quoted(members->items[i].text, out);
	}
	putc(']', out);
}

static void print_name(const char *name, FILE *out)
{
	fputs("  ", out);
	net_print_quoted(name, out);
	fputs(":\n", out);
}

static void print_description(const char *text, FILE *out)
{
	if (!text)
		return;
	fputs("    description: ", out);
	net_print_quoted(text, out);
	putc('\n', out);
}

static void print_group(const struct net_group *group, FILE *out)
{
	print_name(group->name, out);
	print_description(group->description, out);
	fputs("    members: ", out);
	print_quoted_list(&group->members, out);
	putc('\n', out);
}

/* "80,443" as a list: each item is one word. */
static void print_ports(const char *key, const struct net_ports *ports, FILE *out)
{
	if (!ports->text)
		return;
	fprintf(out, ", %s: [\"", key);
	for (const char *p = ports->text; *p; p++)
		fputs(*p == ',' ? "\", \"" : (char[2]) {*p}, out);
	fputs("\"]", out);
}

static void print_end(const char *key, const struct net_end *end, FILE *out)
{
	if (!end->members.n)
		return;
	fprintf(out, ", %s: ", key);
	print_quoted_list(&end->members, out);
}

static void print_rule(const struct net_rule *rule, FILE *out)
{
	fprintf(out, "      - {%s: %s", verdict_word(rule->verdict), rule->protocol.text);
	print_ports("port", &rule->port, out);
	print_ports("sport", &rule->sport, out);
	if (rule->dscp != NET_NONE)
		fprintf(out, ", dscp: %u", rule->dscp);
	print_end("from", &rule->from, out);
	print_end("to", &rule->to, out);
	for (size_t i = 0; i < rule->snat.written.n; i++)
		fprintf(out, "%s\"%s\"", i ? ", " : ", snat: [", rule->snat.written.items[i].text);
	if (rule->snat.written.n)
		putc(']', out);
	if (rule->log)
		fputs(", log: true", out);
	if (rule->name) {
		fputs(", name: ", out);
		net_print_quoted(rule->name, out);
	}
	fputs("}\n", out);
}

static void print_acl(const struct net_acl *acl, FILE *out)
{
	print_name(acl->name, out);
	print_description(acl->description, out);
	if (acl->mode == ACL_AUDIT)
		fputs("    mode: audit\n", out);
	if (!acl->stateful)
		fputs("    stateful: false\n", out);
	if (acl->established == ACL_KEEP)
		fputs("    established: keep\n", out);
	fputs(acl->n_rules ? "    rules:\n" : "    rules: []\n", out);
	for (size_t i = 0; i < acl->n_rules; i++)
		print_rule(&acl->rules[i], out);
}

void acls_print(const struct net *net, FILE *out)
{
	if (net->n_groups)
		fputs("groups:\n", out);
	for (size_t i = 0; i < net->n_groups; i++)
		print_group(&net->groups[i], out);
	if (net->n_acls)
		fputs("acls:\n", out);
	for (size_t i = 0; i < net->n_acls; i++)
		print_acl(&net->acls[i], out);
}
