/* SPDX-License-Identifier: Apache-2.0 */
/* The section `te`: what is asked of traffic engineering. */
#include <string.h>

#include "topo/model.h"
#include "topo/place.h"

enum { MAX_INTERVAL = 3600, MAX_HOLD_UP = 86400, MAX_PATHS = 16, MAX_DELAY_US = 10000000, MIN_LABELS = 16 };

/* --- kinds of values --------------------------------------------------------------- */

/* One name, or a list of them. */
static bool parse_names(const struct section_scene *scene, const struct section_at *at,
			const struct section_key *key, const struct yaml_node *node, void *member)
{
	size_t n = section_n_items(node);
	const char **names = arena_new_array(scene->arena, const char *, n);
	struct complaint complaint;
	struct scalar in;

	for (size_t i = 0; i < n; i++) {
		const struct yaml_node *item = section_item(node, i);

		if (!section_scalar(scene, at, key, item, &in))
			return false;
		if (!scalar_text(in, &complaint)) {
			section_complain(scene, at, key, item->where, complaint.code, complaint.text);
			return false;
		}
		names[i] = arena_strdup(scene->arena, in.text);
	}
	if (!n) {
		section_complain(scene, at, key, node->where, DIAG_MISSING, "names nothing; leave it out");
		return false;
	}
	*(const char ***) member = names;
	*(size_t *) ((unsigned char *) member - key->offset + key->count_offset) = n;
	return true;
}

static void schema_names(const struct section_key *key, FILE *out)
{
	(void) key;
	fputs("\"type\": [\"string\", \"array\"], \"minItems\": 1, \"items\": {\"type\": \"string\"}", out);
}

static const struct section_type type_names = {
	.title = "name, or list of names",
	.takes_list = true,
	.parse = parse_names,
	.schema = schema_names,
};

/* "2048-4094" into two members, the first of them at the offset. */
static bool parse_labels(const struct section_scene *scene, const struct section_at *at,
			 const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct scalar in;
	unsigned first, last;
	uint16_t *range = member;
	int len = 0;

	if (!section_scalar(scene, at, key, node, &in))
		return false;
	if (sscanf(in.text, "%4u-%4u%n", &first, &last, &len) != 2 || in.text[len] || first < 1 || last > NET_MAX_VID
	    || first > last || last - first + 1 < MIN_LABELS || last - first + 1 == NET_MAX_VID) {
		section_complain(scene, at, key, node->where, DIAG_RANGE,
				 arena_printf(scene->arena, "is \"%.60s\"; write a range of VLAN ids from 1 to %d, at least %d of "
					      "them and not all, like 2048-4094", in.text, NET_MAX_VID, MIN_LABELS));
		return false;
	}
	range[0] = (uint16_t) first;
	range[1] = (uint16_t) last;
	return true;
}

static void schema_labels(const struct section_key *key, FILE *out)
{
	(void) key;
	fputs("\"type\": \"string\", \"pattern\": \"^[0-9]{1,4}-[0-9]{1,4}$\"", out);
}

static const struct section_type type_labels = {
	.title = "range of VLAN ids",
	.parse = parse_labels,
	.schema = schema_labels,
};

/* --- pins, avoids, guarantees ------------------------------------------------------ */

#define PAIR_KEYS \
	{ \
		.name = "from", \
		.type = &section_text, \
		.offset = offsetof(struct net_te_pair, from_name), \
		.is_required = true, \
		.help = "The switch whose ports the traffic comes in by.", \
	}, { \
		.name = "to", \
		.type = &section_text, \
		.offset = offsetof(struct net_te_pair, to_name), \
		.is_required = true, \
		.help = "The switch that it is for. The other direction is another entry.", \
	}, { \
		.name = "network", \
		.type = &section_text, \
		.offset = offsetof(struct net_te_pair, network_name), \
		.otherwise = "all networks", \
		.help = "Only the traffic of that network. It then has a way of its own: the cheapest that suits, and one only.", \
	}

static const struct section_key pin_keys[] = {
	PAIR_KEYS, {
		.name = "via",
		.type = &type_names,
		.offset = offsetof(struct net_te_pair, via_names),
		.count_offset = offsetof(struct net_te_pair, n_via),
		.is_required = true,
		.help = "The switches that it passes, in that order; at most 8.",
	},
};

static void check_pin(const struct section_scene *scene, const struct section_at *at,
		      const struct yaml_node *map, void *item)
{
	const struct net_te_pair *pin = item;

	if (pin->n_via > PLACE_MAX_VIA)
		diag_add(scene->diag, yaml_get(map, "via")->where, DIAG_RANGE, "\"via\" in %s names %zu switches; the most is %d",
			 section_at_text(scene, at), pin->n_via, PLACE_MAX_VIA);
}

static const struct section pins_section = {
	.name = "pin",
	.help = "The traffic between two switches, one direction, takes only ways over the switches named. While none of them "
		"is alive it goes as if there were no pin. A pin that an avoid leaves no way is an error.",
	.example = "pin: [{from: kvm1, to: kvm3, via: kvm2}]\n",
	.size = sizeof(struct net_te_pair),
	.where_offset = offsetof(struct net_te_pair, where),
	.keys = pin_keys,
	.n_keys = sizeof pin_keys / sizeof *pin_keys,
	.check = check_pin,
};

static const struct section_key avoid_keys[] = {
	PAIR_KEYS, {
		.name = "via",
		.type = &type_names,
		.offset = offsetof(struct net_te_pair, via_names),
		.count_offset = offsetof(struct net_te_pair, n_via),
		.otherwise = "none",
		.help = "Switches that it does not pass.",
	}, {
		.name = "links",
		.type = &type_names,
		.offset = offsetof(struct net_te_pair, edge_names),
		.count_offset = offsetof(struct net_te_pair, n_edges),
		.otherwise = "none",
		.help = "Links that it does not take: `kvm1:eth3-kvm3:eth3`, or a tunnel, `kvm1-kvm2`, with underlays "
			"`kvm1-kvm2@red`.",
	}, {
		.name = "underlays",
		.type = &type_names,
		.offset = offsetof(struct net_te_pair, underlay_names),
		.count_offset = offsetof(struct net_te_pair, n_underlays),
		.otherwise = "none",
		.help = "Underlays that it does not go through.",
	},
};

static void check_avoid(const struct section_scene *scene, const struct section_at *at,
			const struct yaml_node *map, void *item)
{
	const struct net_te_pair *pair = item;

	if (map && !yaml_get(map, "via") && !yaml_get(map, "links") && !yaml_get(map, "underlays"))
		diag_add(scene->diag, pair->where, DIAG_MISSING, "%s has no \"via\", \"links\" or \"underlays\", and it must have one",
			 section_at_text(scene, at));
}

static const struct section avoids_section = {
	.name = "avoid",
	.help = "The traffic between two switches, one direction, keeps off what is named, while there is another way.",
	.example = "avoid: [{from: kvm1, to: kvm3, underlays: blue}]\n",
	.size = sizeof(struct net_te_pair),
	.where_offset = offsetof(struct net_te_pair, where),
	.keys = avoid_keys,
	.n_keys = sizeof avoid_keys / sizeof *avoid_keys,
	.check = check_avoid,
};

static const struct section_key guarantee_keys[] = {
	{
		.name = "network",
		.type = &section_text,
		.offset = offsetof(struct net_te_guarantee, network_name),
		.otherwise = "`from` and `to`",
		.help = "Each switch that the network has ports on to each other one.",
	}, {
		.name = "from",
		.type = &section_text,
		.offset = offsetof(struct net_te_guarantee, from_name),
		.otherwise = "`network`",
		.help = "The switch whose ports the traffic comes in by.",
	}, {
		.name = "to",
		.type = &section_text,
		.offset = offsetof(struct net_te_guarantee, to_name),
		.otherwise = "`network`",
		.help = "The switch that it is for. The other direction is another entry.",
	}, {
		.name = "rate",
		.type = &section_rate,
		.offset = offsetof(struct net_te_guarantee, rate),
		.is_required = true,
		.help = "What is kept for it.",
	},
};

static void check_guarantee(const struct section_scene *scene, const struct section_at *at,
			    const struct yaml_node *map, void *item)
{
	const struct net_te_guarantee *guarantee = item;
	bool is_pair = map && (yaml_get(map, "from") || yaml_get(map, "to")), is_network = map && yaml_get(map, "network");

	if (map && is_pair == is_network)
		diag_add(scene->diag, guarantee->where, DIAG_STEER,
			 "%s must name a \"network\", or \"from\" and \"to\", and not both", section_at_text(scene, at));
	else if (is_pair && (!yaml_get(map, "from") || !yaml_get(map, "to")))
		diag_add(scene->diag, guarantee->where, DIAG_MISSING, "%s needs \"from\" and \"to\"",
			 section_at_text(scene, at));
}

static const struct section guarantees_section = {
	.name = "guarantee",
	.help = "A rate that is kept free for traffic between two switches, or for each pair of a network's switches: where not all "
		"fits, others are moved off its paths first. It is an error when the links with a known `rate` cannot carry all "
		"guarantees at once, and a warning when they could not without one of the links. Nothing is policed: on a link that "
		"others overload all the same, frames are lost without regard to guarantees.",
	.example = "guarantee: [{from: kvm1, to: kvm3, rate: 2Gbit}]\n",
	.size = sizeof(struct net_te_guarantee),
	.where_offset = offsetof(struct net_te_guarantee, where),
	.keys = guarantee_keys,
	.n_keys = sizeof guarantee_keys / sizeof *guarantee_keys,
	.check = check_guarantee,
};

/* --- te ---------------------------------------------------------------------------- */

static const char *const goals[] = { "balance", "shortest", NULL };
static const char *const modes[] = { "apply", "recommend", "freeze", NULL };

static const struct section_key keys[] = {
	{
		.name = "goal",
		.type = &section_word,
		.offset = offsetof(struct net_te, goal),
		.words = goals,
		.initial = "balance",
		.help = "`balance` moves traffic off links that are too busy. `shortest` leaves it on the cheapest ways, "
			"and only failures move it.",
	}, {
		.name = "mode",
		.type = &section_word,
		.offset = offsetof(struct net_te, mode),
		.words = modes,
		.initial = "apply",
		.help = "`recommend` plans and shows, and changes nothing but what a failure makes necessary. `freeze` does "
			"not plan either.",
	}, {
		.name = "above",
		.type = &section_percent,
		.offset = offsetof(struct net_te, above),
		.min = 1,
		.max = 100,
		.initial = "70%",
		.help = "Nothing is touched while all links are less busy than that.",
	}, {
		.name = "below",
		.type = &section_percent,
		.offset = offsetof(struct net_te, below),
		.min = 1,
		.max = 100,
		.otherwise = "0.9 of `above`",
		.help = "How busy the busiest link is to be after a change, where that can be.",
	}, {
		.name = "interval",
		.type = &section_duration,
		.offset = offsetof(struct net_te, interval_s),
		.min = 1,
		.max = MAX_INTERVAL,
		.initial = "10s",
		.help = "The time between two looks at what everybody sends.",
	}, {
		.name = "max_paths",
		.type = &section_uint,
		.offset = offsetof(struct net_te, max_paths),
		.min = 1,
		.max = MAX_PATHS,
		.initial = "4",
		.help = "Over how many ways the traffic of one pair of switches is split. Where few ways would be much worse, a "
			"pair that fills a link gets more.",
	}, {
		.name = "labels",
		.type = &type_labels,
		.offset = offsetof(struct net_te, label_first),
		.initial = "2048-4094",
		.help = "The VLAN ids that steered frames carry on cables instead of their network's. Networks have their "
			"`link_vlan` outside of it.",
	}, {
		.name = "hold_up",
		.type = &section_duration,
		.offset = offsetof(struct net_te, hold_up_s),
		.min = 1,
		.max = MAX_HOLD_UP,
		.initial = "30s",
		.help = "How long a link that came back must live before it gets traffic again.",
	}, {
		.name = "max_delay",
		.type = &section_delay,
		.offset = offsetof(struct net_te, max_delay_us),
		.min = 1,
		.max = MAX_DELAY_US,
		.otherwise = "any",
		.help = "Ways whose `delay`s add up to more are not taken, unless there is no other.",
	}, {
		.name = "pin",
		.type = &section_list,
		.offset = offsetof(struct net_te, pins),
		.count_offset = offsetof(struct net_te, n_pins),
		.section = &pins_section,
		.otherwise = "none",
		.help = "Traffic that has to take certain ways.",
	}, {
		.name = "avoid",
		.type = &section_list,
		.offset = offsetof(struct net_te, avoids),
		.count_offset = offsetof(struct net_te, n_avoids),
		.section = &avoids_section,
		.otherwise = "none",
		.help = "Traffic that has to keep off certain ways.",
	}, {
		.name = "guarantee",
		.type = &section_list,
		.offset = offsetof(struct net_te, guarantees),
		.count_offset = offsetof(struct net_te, n_guarantees),
		.section = &guarantees_section,
		.otherwise = "none",
		.help = "Rates that are kept for someone.",
	},
};

static void check(const struct section_scene *scene, const struct section_at *at,
		  const struct yaml_node *map, void *item)
{
	struct net_te *te = item;

	if (!te->interval_s)
		diag_add(scene->diag, yaml_get(map, "interval")->where, DIAG_RANGE, "\"interval\" in %s is 0; the least is 1s",
			 section_at_text(scene, at));
	if (te->below > te->above)
		diag_add(scene->diag, yaml_get(map, "below")->where, DIAG_RANGE, "\"below\" in %s is higher than \"above\"",
			 section_at_text(scene, at));
	te->below_is_chosen = te->below == 0;
	if (te->below_is_chosen)
		te->below = 0.9 * te->above;
}

const struct section te_section = {
	.name = "te",
	.is_single = true,
	.help = "Traffic engineering: how traffic is spread over `links` and tunnels. Where the file has `links` or `underlays`, "
		"the defaults are good without this section.",
	.example = "te:\n"
		   "  above: 80%\n"
		   "  pin: [{from: kvm1, to: kvm3, via: kvm2}]\n",
	.size = sizeof(struct net_te),
	.where_offset = offsetof(struct net_te, where),
	.keys = keys,
	.n_keys = sizeof keys / sizeof *keys,
	.check = check,
};

void te_defaults(const struct section_scene *scene, struct net_te *te)
{
	static const struct yaml_node no_keys = { .kind = YAML_MAP };

	section_parse(scene, NULL, &te_section, NULL, &no_keys, te);
}
