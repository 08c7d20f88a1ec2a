/* SPDX-License-Identifier: Apache-2.0 */
/* From a file to a model: read, parse the root section, settle, check, index.
 *
 * Every step adds its findings and the next one runs all the same; only a text
 * that is no YAML, or of another version, ends the reading early. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "topo/model.h"

enum { FILE_VERSION = 1 };

struct root {
	struct net net;                 /* switches and networks, as parsed */
	struct where where;
	uint32_t version;
	struct link_entry *links;
	size_t n_links;
};

static bool parse_version(const struct section_scene *scene, const struct section_at *at,
			  const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct scalar in;

	if (!section_scalar(scene, at, key, node, &in))
		return false;
	if (!strcmp(in.text, "1") && !in.is_quoted) {
		*(uint32_t *) member = FILE_VERSION;
		return true;
	}
	section_complain(scene, at, key, node->where, DIAG_VERSION,
			 arena_printf(scene->arena, "is %s%.60s%s; this weft reads version 1",
				      in.is_quoted ? "\"" : "", in.text, in.is_quoted ? "\"" : ""));
	return false;
}

static void schema_version(const struct section_key *key, FILE *out)
{
	(void) key;
	fprintf(out, "\"const\": %d", FILE_VERSION);
}

static void range_version(const struct section_key *key, FILE *out)
{
	(void) key;
	fprintf(out, "%d", FILE_VERSION);
}

static const struct section_type type_version = {
	.title = "version",
	.parse = parse_version,
	.schema = schema_version,
	.range = range_version,
};

static const struct section_key keys[] = {
	{
		.name = "version",
		.type = &type_version,
		.offset = offsetof(struct root, version),
		.is_required = true,
		.help = "The format of the file.",
	}, {
		.name = "underlay_mtu",
		.type = &section_uint,
		.offset = offsetof(struct root, net.underlay_mtu),
		.min = MODEL_MIN_UNDERLAY_MTU,
		.max = MODEL_MAX_MTU,
		.initial = "1500",
		.help = "The MTU of the underlay, in bytes: the largest IP packet that the network between the "
			"hosts carries. Guests of networks by VXLAN have 50 bytes less, with IPv6 `vtep`s 70.",
	}, {
		.name = "switches",
		.type = &section_table,
		.offset = offsetof(struct root, net.switches),
		.count_offset = offsetof(struct root, net.n_switches),
		.section = &switches_section,
		.otherwise = "any switch with a valid certificate is adopted",
		.help = "The bridges, by name.",
	}, {
		.name = "networks",
		.type = &section_table,
		.offset = offsetof(struct root, net.networks),
		.count_offset = offsetof(struct root, net.n_networks),
		.section = &networks_section,
		.is_required = true,
		.help = "The layer-2 segments, by name.",
	}, {
		.name = "links",
		.type = &section_list,
		.offset = offsetof(struct root, links),
		.count_offset = offsetof(struct root, n_links),
		.section = &links_section,
		.otherwise = "no cables between bridges, and tunnels between all `vtep`s",
		.help = "Cables that join bridges directly, and tunnels that traffic may be steered over.",
	}, {
		.name = "underlays",
		.type = &section_table,
		.offset = offsetof(struct root, net.underlays),
		.count_offset = offsetof(struct root, net.n_underlays),
		.section = &underlays_section,
		.otherwise = "one, without a name",
		.help = "The networks between the hosts that tunnels go through, by name, where there are several. Traffic is then "
			"steered over the tunnels of all of them; with tunnels under `links`, over those.",
	}, {
		.name = "te",
		.type = &section_map,
		.offset = offsetof(struct root, net.te),
		.section = &te_section,
		.otherwise = "its defaults",
		.help = "How traffic is spread over links and tunnels.",
	}, {
		.name = "vteps",
		.type = &section_table,
		.offset = offsetof(struct root, net.vteps),
		.count_offset = offsetof(struct root, net.n_vteps),
		.section = &vteps_section,
		.otherwise = "none",
		.help = "Ends of tunnels that are no switches of weft's, by name.",
	}, {
		.name = "groups",
		.type = &section_table,
		.offset = offsetof(struct root, net.groups),
		.count_offset = offsetof(struct root, net.n_groups),
		.section = &groups_section,
		.otherwise = "none",
		.help = "Addresses with a name, for rules.",
	}, {
		.name = "acls",
		.type = &section_table,
		.offset = offsetof(struct root, net.acls),
		.count_offset = offsetof(struct root, net.n_acls),
		.section = &acls_section,
		.otherwise = "none",
		.help = "Lists of rules, by name; `acl` and `acl_out` of networks, ports and switches use them.",
	},
};

/* Commenting out the last switch must not open the door to all. */
static void check(const struct section_scene *scene, const struct section_at *at,
		  const struct yaml_node *map, void *item)
{
	const struct root *root = item;
	const struct yaml_node *switches = yaml_get(map, "switches");

	(void) at;
	if (switches && !root->net.n_switches
	    && (switches->kind == YAML_MAP || (switches->kind == YAML_SCALAR && !switches->quoted
					       && scalar_guess(switches->text) == SCALAR_NULL)))
		diag_add(scene->diag, switches->where, DIAG_MISSING,
			 "\"switches\" is there and names none; leave the key out to adopt any switch");
}

static const struct section root_section = {
	.help = "One YAML file says what the network is. Unknown keys, duplicate keys and wrong types are "
		"errors; keys that begin with `x-` are ignored, everywhere. Text in quotes is never taken "
		"for a number; only `true` and `false` are booleans.",
	.example = "version: 1\n"
		   "networks:\n"
		   "  lan:\n"
		   "    ports: [\"*:*\"]\n",
	.size = sizeof(struct root),
	.where_offset = offsetof(struct root, where),
	.keys = keys,
	.n_keys = sizeof keys / sizeof *keys,
	.check = check,
};

/* A file of another version is in another language: one finding is enough. */
static bool is_other_version(const struct section_scene *scene, const struct yaml_node *map)
{
	const struct section_at at = {.section = &root_section};
	const struct yaml_node *node = yaml_get(map, "version");
	struct complaint complaint;
	uint64_t version;

	if (!node || node->kind != YAML_SCALAR
	    || !scalar_uint((struct scalar) {node->text, node->quoted}, 0, UINT64_MAX, &version,
			    &complaint)
	    || version == FILE_VERSION)
		return false;
	return !parse_version(scene, &at, &keys[0], node, &version);
}

static bool parse_root(const struct section_scene *scene, const struct yaml_node *map,
		       struct net *net)
{
	struct root root = {.where = {1, 1}};

	if (map->kind != YAML_MAP) {
		diag_add(scene->diag, map->where, DIAG_TYPE,
			 "the file is %s; it must be a map of keys: version, networks ...",
			 map->kind == YAML_SEQ ? "a list" : "a single value");
		return false;
	}
	if (is_other_version(scene, map))
		return false;
	section_parse(scene, NULL, &root_section, NULL, map, &root);
	net->underlay_mtu = root.net.underlay_mtu ? root.net.underlay_mtu : NET_ETHERNET_MTU;
	net->switches = root.net.switches;
	net->n_switches = root.net.n_switches;
	net->networks = root.net.networks;
	net->n_networks = root.net.n_networks;
	net->underlays = root.net.underlays;
	net->n_underlays = root.net.n_underlays;
	links_split(net, root.links, root.n_links);
	net->te = root.net.te;
	net->te.is_given = yaml_get(map, "te");
	if (!net->te.is_given)
		te_defaults(scene, &net->te);
	net->vteps = root.net.vteps;
	net->n_vteps = root.net.n_vteps;
	net->groups = root.net.groups;
	net->n_groups = root.net.n_groups;
	net->acls = root.net.acls;
	net->n_acls = root.net.n_acls;
	return true;
}

struct net *net_parse(const char *file, const char *text, size_t len, struct diag *diag)
{
	size_t n_errors = diag_n_errors(diag);
	struct arena *arena = arena_new(), *tree = arena_new();
	struct net *net = arena_alloc(arena, sizeof *net);
	const struct section_scene scene = {.arena = arena, .diag = diag, .net = net};

	net->arena = arena;
	net->file = arena_strdup(arena, file);
	net->digest = net_hash(text, len);
	snprintf(net->digest_text, sizeof net->digest_text, "%016" PRIx64, net->digest);
	const struct yaml_node *root = yaml_parse(tree, text, len, diag);
	if (root && parse_root(&scene, root, net)) {
		underlays_settle(net, diag);
		switches_settle(net, diag);
		vteps_settle(net, diag);
		networks_settle(net, diag);
		links_settle(net, diag);
		tunnels_settle(net, diag);
		ports_check(net, diag);
		mirrors_settle(net, diag);
		mtus_settle(net, diag);
		globs_check(net, diag);
		groups_settle(net, diag);
		acls_settle(net, diag);
		te_settle(net, diag);
		guards_settle(net, diag);
	}
	if (diag_n_errors(diag) == n_errors)
		net_name_objects(net, diag);
	arena_free(tree);
	if (diag_n_errors(diag) != n_errors) {
		net_free(net);
		return NULL;
	}
	te_finish(net);
	net_index_build(net);
	return net;
}

/* The whole file on the heap, or null with errno; one byte more than is
 * allowed is enough to know. */
static char *read_all(FILE *in, size_t *ret_len)
{
	size_t size = 64 * 1024, len = 0;
	char *text = xheap_alloc(size);

	while (len <= YAML_MAX_BYTES) {
		size_t n = fread(text + len, 1, size - len, in);

		len += n;
		if (ferror(in)) {
			free(text);
			return NULL;
		}
		if (!n)
			break;
		if (len == size) {
			size *= 2;
			text = xheap_realloc(text, size);
		}
	}
	*ret_len = len;
	return text;
}

/* A pipe or a device may have nothing to say for ever, and who reads may have
 * others to serve: regular files only. Null with the reason. */
static FILE *open_regular(const char *file, const char **ret_why)
{
	struct stat st;
	int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	bool is_open = fd >= 0 && !fstat(fd, &st);
	FILE *in = NULL;

	if (is_open && !S_ISREG(st.st_mode))
		*ret_why = S_ISDIR(st.st_mode) ? strerror(EISDIR) : "it is no regular file";
	else if (!is_open || !(in = fdopen(fd, "r")))
		*ret_why = strerror(errno);
	if (!in && fd >= 0)
		close(fd);
	return in;
}

struct net *net_load(const char *file, struct diag *diag)
{
	struct where nowhere = {0, 0};
	const char *why = NULL;
	FILE *in = open_regular(file, &why);
	size_t len = 0;

	char *text = in ? read_all(in, &len) : NULL;
	if (!text)
		diag_add(diag, nowhere, DIAG_IO, "cannot be read: %s", in ? strerror(errno) : why);
	if (in)
		fclose(in);
	if (!text)
		return NULL;
	struct net *net = net_parse(file, text, len, diag);
	free(text);
	return net;
}

void net_free(struct net *net)
{
	if (net && !net->n_shares--)
		arena_free(net->arena);
}

struct net *net_share(const struct net *shared)
{
	struct net *net = (struct net *) shared;
	net->n_shares++;
	return net;
}

void net_print_reference(FILE *out)
{
	section_print_reference(&root_section, out);
}

void net_print_schema(FILE *out)
{
	section_print_schema(&root_section, out);
}
