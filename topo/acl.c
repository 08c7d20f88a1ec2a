/* SPDX-License-Identifier: Apache-2.0 */
/* The section `acls`: lists of rules. This file reads them; what names mean and
 * what can never match is worked out in acl_settle.c and acl_check.c. */
#include <stdlib.h>
#include <string.h>

#include "topo/acl_private.h"
#include "topo/model.h"

enum {
	MAX_PROTOCOL = 255, MIN_ETHERTYPE = 0x600, MAX_ETHERTYPE = 0xffff, MAX_PORT = 65535, MAX_DSCP = 63,
	ETHERTYPE_ARP = 0x806, ETHERTYPE_IPV4 = 0x800, ETHERTYPE_IPV6 = 0x86dd, ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_VLAN_OUTER = 0x88a8,
	IP_ICMP = 1, IP_TCP = 6, IP_UDP = 17, IP_ICMP6 = 58, IP_SCTP = 132,
};

const char *verdict_word(enum net_verdict verdict)
{
	switch (verdict) {
	case NET_ALLOW: return "allow";
	case NET_DENY: return "deny";
	case NET_REJECT: return "reject";
	case NET_NO_VERDICT: break;
	}
	return "?";
}

/* --- the first word ------------------------------------------------------------------ */

static const struct net_protocol words[] = {
	{PROTOCOL_ANY, "any", 0, false, false},
	{PROTOCOL_IP, "icmp", IP_ICMP, true, false},
	{PROTOCOL_IP, "icmp6", IP_ICMP6, false, true},
	{PROTOCOL_IP, "tcp", IP_TCP, true, true},
	{PROTOCOL_IP, "udp", IP_UDP, true, true},
	{PROTOCOL_IP, "sctp", IP_SCTP, true, true},
	{PROTOCOL_ARP, "arp", 0, false, false},
	{PROTOCOL_ND, "nd", 0, false, true},
	{PROTOCOL_DHCP, "dhcp", 0, true, true},
};
enum { N_WORDS = sizeof words / sizeof *words };

/* A number is an IP protocol below 256 and an ethertype from 0x600 on. */
static bool read_number(const char *text, struct net_protocol *ret, struct arena *arena)
{
	char *end;
	unsigned long number = strtoul(text, &end, 0);

	if (*end || text[0] < '0' || text[0] > '9' || number > MAX_ETHERTYPE
	    || (number > MAX_PROTOCOL && number < MIN_ETHERTYPE))
		return false;
	*ret = (struct net_protocol) {.kind = PROTOCOL_IP, .number = (uint16_t) number, .is_v4 = true, .is_v6 = true};
	if (number == IP_ICMP || number == IP_ICMP6) {
		ret->is_v4 = number == IP_ICMP;
		ret->is_v6 = number == IP_ICMP6;
	}
	ret->text = arena_printf(arena, number > MAX_PROTOCOL ? "0x%04lx" : "%lu", number);
	if (number <= MAX_PROTOCOL)
		return true;
	ret->kind = number == ETHERTYPE_ARP ? PROTOCOL_ARP : PROTOCOL_ETHERTYPE;
	ret->is_v4 = number == ETHERTYPE_IPV4;
	ret->is_v6 = number == ETHERTYPE_IPV6;
	return true;
}

static bool parse_protocol(const struct section_scene *scene, const struct section_at *at,
			   const struct section_key *key, const struct yaml_node *node, void *member)
{
	const char *names[N_WORDS];
	struct scalar in;

	if (!section_scalar(scene, at, key, node, &in))
		return false;
	for (size_t i = 0; i < N_WORDS; i++) {
		names[i] = words[i].text;
		if (strcmp(in.text, words[i].text))
			continue;
		*(struct net_protocol *) member = words[i];
		return true;
	}
	if (read_number(in.text, member, scene->arena))
		return true;
	const char *meant = diag_did_you_mean(in.text, names, N_WORDS);
	section_complain(scene, at, key, node->where, DIAG_TYPE,
			 meant ? arena_printf(scene->arena, "is \"%.60s\"; did you mean \"%s\"?", in.text, meant)
			       : arena_printf(scene->arena, "is \"%.60s\"; write any, icmp, icmp6, tcp, udp, sctp, arp, nd, "
					      "dhcp, an IP protocol (0 to 255) or an ethertype (0x0600 to 0xffff)",
					      in.text));
	return false;
}

static void schema_protocol(const struct section_key *key, FILE *out)
{
	(void) key;
	fprintf(out, "\"anyOf\": [{\"type\": \"integer\", \"minimum\": 0, \"maximum\": %d}, {\"type\": \"string\"}]",
		MAX_ETHERTYPE);
}

static void range_protocol(const struct section_key *key, FILE *out)
{
	(void) key;
	for (size_t i = 0; i < N_WORDS; i++)
		fprintf(out, "%s`%s`", i ? ", " : "", words[i].text);
	fputs(", an IP protocol number or an ethertype", out);
}

static const struct section_type type_protocol = {
	.title = "protocol",
	.parse = parse_protocol,
	.schema = schema_protocol,
	.range = range_protocol,
};

static const struct section_type type_ports = {
	.title = "port, range, value/mask, or a list of them",
	.parse = ports_parse,
	.schema = ports_schema,
	.takes_list = true,
};

/* --- rules --------------------------------------------------------------------------- */

static const struct section_key rule_keys[] = {
	{
		.name = "allow",
		.type = &type_protocol,
		.offset = offsetof(struct net_rule, allow),
		.otherwise = "one of `allow`, `deny`, `reject` must be there",
		.help = "Let such frames pass. `icmp` is ICMP of IPv4, the other IP protocols are of both families. "
			"ARP, neighbour discovery and DHCP are judged only by rules that name them: `arp`, `nd`, "
			"`dhcp`, and `udp` with one of the ports 67, 68, 546, 547 written by itself; without such "
			"a rule they pass.",
	}, {
		.name = "deny",
		.type = &type_protocol,
		.offset = offsetof(struct net_rule, deny),
		.otherwise = "see `allow`",
		.help = "Drop such frames.",
	}, {
		.name = "reject",
		.type = &type_protocol,
		.offset = offsetof(struct net_rule, reject),
		.otherwise = "see `allow`",
		.help = "Drop such frames and tell the sender, at a limited rate: a TCP reset, or ICMP "
			"\"administratively prohibited\". What came by a tunnel or an uplink, or is flooded, is dropped only.",
	}, {
		.name = "from",
		.type = &section_members,
		.offset = offsetof(struct net_rule, from),
		.otherwise = "any",
		.help = "Who sends: groups, addresses, prefixes, MAC addresses with or without a mask, names of "
			"networks (their `subnet`), or `any`.",
	}, {
		.name = "to",
		.type = &section_members,
		.offset = offsetof(struct net_rule, to),
		.otherwise = "any",
		.help = "To whom, in the same words.",
	}, {
		.name = "port",
		.type = &type_ports,
		.offset = offsetof(struct net_rule, port),
		.otherwise = "all",
		.help = "The port it goes to, with tcp, udp or sctp: `22`, `1000-2000`, `[80, 443]`, or "
			"`1024/1024` (value/mask). Fragments of a packet have no ports and count as port 0: a rule "
			"that denies by port does not stop them.",
	}, {
		.name = "sport",
		.type = &type_ports,
		.offset = offsetof(struct net_rule, sport),
		.otherwise = "all",
		.help = "The port it comes from.",
	}, {
		.name = "dscp",
		.type = &section_uint,
		.offset = offsetof(struct net_rule, dscp),
		.min = 0,
		.max = MAX_DSCP,
		.otherwise = "all",
		.help = "The differentiated services code point of an IP packet.",
	}, {
		.name = "snat",
		.type = &section_ips,
		.offset = offsetof(struct net_rule, snat.written),
		.otherwise = "the sender's own address",
		.help = "The source that connections get where they are delivered, and that replies are sent to: an "
			"address that no host has, or one of each family. Such a rule allows tcp, udp, icmp or icmp6, is "
			"about the families of its addresses only, and stands in a stateful list that networks and ports "
			"use as `acl_out`. In `mode: audit` it translates nothing.",
	}, {
		.name = "log",
		.type = &section_bool,
		.offset = offsetof(struct net_rule, log),
		.initial = "false",
		.help = "Make an event of what the rule matches, at most 10 a second per switch.",
	}, {
		.name = "name",
		.type = &section_text,
		.offset = offsetof(struct net_rule, name),
		.otherwise = "the rule itself, in words",
		.help = "What the rule is called in events and in `weft show acls`.",
	},
};

static const struct net_protocol *written(const struct net_rule *rule, enum net_verdict *ret_verdict, size_t *ret_n)
{
	const struct net_protocol *all[] = {&rule->allow, &rule->deny, &rule->reject};
	const struct net_protocol *found = NULL;

	*ret_n = 0;
	for (size_t i = 0; i < 3; i++) {
		if (!all[i]->text)
			continue;
		found = all[i];
		*ret_verdict = (enum net_verdict) (NET_ALLOW + i);
		++*ret_n;
	}
	return found;
}

static bool has_ports(const struct net_protocol *p)
{
	return p->kind == PROTOCOL_IP && (p->number == IP_TCP || p->number == IP_UDP || p->number == IP_SCTP);
}

static struct where where_of(const struct yaml_node *map, const char *key, const struct net_rule *rule)
{
	const struct yaml_node *value = map ? yaml_get(map, key) : NULL;

	return value ? value->where : rule->where;
}

/* A list from which the last name was taken is no rule for everybody. */
static void check_sides(const struct section_scene *scene, const struct section_at *at, const struct yaml_node *map)
{
	static const char *const sides[] = {"from", "to"};

	for (size_t i = 0; map && i < 2; i++) {
		const struct yaml_node *side = yaml_get(map, sides[i]);

		if (side && side->kind == YAML_SEQ && !side->n_items)
			diag_add(scene->diag, side->where, DIAG_RANGE,
				 "\"%s\" in %s is an empty list, which nobody is in; leave the key out to mean everybody",
				 sides[i], section_at_text(scene, at));
	}
}

static void check_rule(const struct section_scene *scene, const struct section_at *at,
		       const struct yaml_node *map, void *item)
{
	struct net_rule *rule = item;
	size_t n, n_words = 0;
	const struct net_protocol *protocol = written(rule, &rule->verdict, &n);
	static const char *const verdicts[] = {"allow", "deny", "reject"};

	for (size_t i = 0; map && i < 3; i++)
		n_words += yaml_get(map, verdicts[i]) != NULL;
	if (!map || !yaml_get(map, "dscp"))
		rule->dscp = NET_NONE;
	if (n_words != 1 || n > 1) {
		diag_add(scene->diag, rule->where, DIAG_RULE, "%s has %s of allow, deny and reject; write one",
			 section_at_text(scene, at), n_words ? "more than one" : "none");
		return;
	}
	if (!protocol)
		return;
	rule->protocol = *protocol;
	const char *ports = rule->port.text ? "port" : rule->sport.text ? "sport" : NULL;
	if (ports && !has_ports(protocol))
		diag_add(scene->diag, where_of(map, ports, rule), DIAG_RULE,
			 "\"%s\" in %s needs tcp, udp or sctp, not %s", ports, section_at_text(scene, at),
			 protocol->text);
	if (rule->dscp != NET_NONE
	    && (protocol->kind == PROTOCOL_ARP || (protocol->kind == PROTOCOL_ETHERTYPE
						   && !protocol->is_v4 && !protocol->is_v6)))
		diag_add(scene->diag, where_of(map, "dscp", rule), DIAG_RULE, "\"dscp\" in %s needs IP, not %s",
			 section_at_text(scene, at), protocol->text);
	if (protocol->kind == PROTOCOL_ETHERTYPE
	    && (protocol->number == ETHERTYPE_VLAN || protocol->number == ETHERTYPE_VLAN_OUTER))
		diag_add(scene->diag, rule->where, DIAG_RULE,
			 "%s names the ethertype of tags, but rules see frames without their tag",
			 section_at_text(scene, at));
	check_sides(scene, at, map);
	snat_check_rule(scene, at, map, rule);
	rule->judges_dhcp = protocol->kind == PROTOCOL_DHCP
		|| (protocol->kind == PROTOCOL_IP && protocol->number == IP_UDP
		    && (rule->port.names_dhcp || rule->sport.names_dhcp));
}

static const struct section rules_section = {
	.name = "rule",
	.help = "What to do with frames of one kind: one of `allow`, `deny` and `reject` with a protocol, and what "
		"narrows it down. The first rule of the list that matches counts.",
	.example = "acls:\n"
		   "  office:\n"
		   "    - {allow: tcp, port: [80, 443], to: web}\n"
		   "    - {allow: tcp, port: 22, from: admins, to: web, name: ssh-admins}\n"
		   "    - {deny: any, log: true}\n",
	.size = sizeof(struct net_rule),
	.where_offset = offsetof(struct net_rule, where),
	.keys = rule_keys,
	.n_keys = sizeof rule_keys / sizeof *rule_keys,
	.check = check_rule,
};

/* --- lists ---------------------------------------------------------------------------- */

static const char *const modes[] = {"enforce", "audit", NULL};
static const char *const establisheds[] = {"judge", "keep", NULL};

static const struct section_key acl_keys[] = {
	{
		.name = "rules",
		.type = &section_list,
		.offset = offsetof(struct net_acl, rules),
		.count_offset = offsetof(struct net_acl, n_rules),
		.section = &rules_section,
		.otherwise = "none: everything falls off the end",
		.help = "The rules, in order. What none of them matches is denied at the end of the list.",
	}, {
		.name = "stateful",
		.type = &section_bool,
		.offset = offsetof(struct net_acl, stateful),
		.initial = "true",
		.help = "Whether replies to what the list let pass, and ICMP errors about it, pass by themselves "
			"(connection tracking of Open vSwitch, one zone per network). `false` costs nothing.",
	}, {
		.name = "established",
		.type = &section_word,
		.offset = offsetof(struct net_acl, established),
		.words = establisheds,
		.initial = "judge",
		.help = "What an edit does to connections that are there: `judge` cuts those that the list denies "
			"now, `keep` spares them.",
	}, {
		.name = "mode",
		.type = &section_word,
		.offset = offsetof(struct net_acl, mode),
		.words = modes,
		.initial = "enforce",
		.help = "`audit` counts what the list would drop and drops nothing; `weft status` says so.",
	}, {
		.name = "description",
		.type = &section_text,
		.offset = offsetof(struct net_acl, description),
		.otherwise = "none",
		.help = "A text for people.",
	},
};

static void check_acl(const struct section_scene *scene, const struct section_at *at,
		      const struct yaml_node *map, void *item)
{
	const struct net_acl *acl = item;
	const struct yaml_node *established = map ? yaml_get(map, "established") : NULL;

	if (established && !acl->stateful)
		diag_add(scene->diag, established->where, DIAG_RULE,
			 "\"established\" in %s needs `stateful: true`", section_at_text(scene, at));
	if (acl->n_rules > ACL_MAX_RULES)
		diag_add(scene->diag, acl->where, DIAG_TOO_LARGE, "%s has %zu rules; the most is %d",
			 section_at_text(scene, at), acl->n_rules, ACL_MAX_RULES);
}

static bool parse_acl(const struct section_scene *scene, const struct section_at *at,
		      const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct complaint complaint;
	struct scalar in;

	if (!section_scalar(scene, at, key, node, &in))
		return false;
	if (!scalar_name(in, &complaint)) {
		section_complain(scene, at, key, node->where, complaint.code, complaint.text);
		return false;
	}
	*(struct net_acl_ref *) member = (struct net_acl_ref) {
		.name = arena_strdup(scene->arena, in.text), .where = node->where,
	};
	return true;
}

static void schema_acl(const struct section_key *key, FILE *out)
{
	(void) key;
	fputs("\"type\": \"string\"", out);
}

const struct section_type section_acl = {
	.title = "name of a list of `acls`",
	.parse = parse_acl,
	.schema = schema_acl,
};

const struct section acls_section = {
	.name = "acl",
	.help = "Rules of who may speak to whom, with a name by which networks, ports and switches use them "
		"(`acl`: on what their ports send, `acl_out`: on what is delivered to their ports). A frame must "
		"pass every list on its way. A list of rules, or a map.",
	.example = "acls:\n"
		   "  office:\n"
		   "    - {allow: icmp}\n"
		   "    - {deny: any}\n"
		   "  printers:\n"
		   "    mode: audit\n"
		   "    rules:\n"
		   "      - {allow: tcp, port: [631, 9100]}\n"
		   "      - {deny: any}\n",
	.size = sizeof(struct net_acl),
	.name_offset = offsetof(struct net_acl, name),
	.where_offset = offsetof(struct net_acl, where),
	.keys = acl_keys,
	.n_keys = sizeof acl_keys / sizeof *acl_keys,
	.short_key = "rules",
	.check = check_acl,
};
