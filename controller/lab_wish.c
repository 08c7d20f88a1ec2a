/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the file's `x-lab` key: what only the lab wants to know. weftd ignores
 * it, so its mistakes are found here, in the manner of the rest of the file. */
#include "controller/lab_plan.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_map(const struct yaml_node *node, const char *what, struct diag *diag)
{
	if (node->kind == YAML_MAP)
		return true;
	diag_add(diag, node->where, DIAG_TYPE, "%s must be a map of names", what);
	return false;
}

static const char *text_of(struct arena *arena, const struct yaml_node *node, const char *key,
			   struct diag *diag)
{
	if (node->kind == YAML_SCALAR && node->len && !memchr(node->text, 0, node->len))
		return arena_strndup(arena, node->text, node->len);
	diag_add(diag, node->where, DIAG_TYPE, "\"%s\" must be a text", key);
	return NULL;
}

static void unknown_key(const struct yaml_node *key, const char *in, const char *const *known,
			size_t n, struct diag *diag)
{
	const char *close = diag_did_you_mean(key->text, known, n);

	diag_add(diag, key->where, DIAG_UNKNOWN_KEY, "unknown key \"%s\" in %s%s%s%s", key->text, in,
		 close ? "; did you mean \"" : "", close ? close : "", close ? "\"?" : "");
}

static bool name_ok(const char *name)
{
	return isalnum((unsigned char) name[0]) && strlen(name) <= 63 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
		       strlen(name);
}

/* --- values ---------------------------------------------------------------------- */

/* "ADDRESS", "ADDRESS/LEN" or "none". */
static void read_address(struct arena *arena, const struct yaml_node *node, int family,
			 const char **ret_ip, unsigned *ret_prefix, struct diag *diag)
{
	const char *key = family == AF_INET ? "ip" : "ip6";
	const char *text = text_of(arena, node, key, diag);
	unsigned max = family == AF_INET ? 32 : 128;
	unsigned char bytes[16];
	char *slash, *end;
	unsigned long len = 0;

	if (!text)
		return;
	if (!strcmp(text, "none")) {
		*ret_ip = "";
		return;
	}
	slash = strchr(text, '/');
	if (slash) {
		*slash = 0;
		len = strtoul(slash + 1, &end, 10);
		if (end == slash + 1 || *end || len == 0 || len > max)
			len = max + 1;
	}
	if (inet_pton(family, text, bytes) != 1 || len > max) {
		diag_add(diag, node->where, DIAG_TYPE, "\"%s\" must be an %s address, perhaps with "
			 "/LENGTH, or none", key, family == AF_INET ? "IPv4" : "IPv6");
		return;
	}
	*ret_ip = text;
	*ret_prefix = (unsigned) len;
}

static void read_mac(struct arena *arena, const struct yaml_node *node, struct lab_wish *wish,
		     struct diag *diag)
{
	const char *text = text_of(arena, node, "mac", diag);
	unsigned b[6];
	char rest;

	if (!text)
		return;
	if (strlen(text) != 17 || sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2],
					 &b[3], &b[4], &b[5], &rest) != 6 || (b[0] & 1))
		diag_add(diag, node->where, DIAG_TYPE, "\"mac\" must be the address of one station, "
			 "like \"02:00:00:00:00:01\" (quoted)");
	else
		wish->mac = text;
}

static void read_tag(struct arena *arena, const struct yaml_node *node, const char *key,
		     struct lab_wish *wish, struct diag *diag)
{
	const char *text = text_of(arena, node, key, diag);
	char *end;
	unsigned long tag;

	if (!text)
		return;
	tag = strtoul(text, &end, 10);
	if (*end || text[0] == '-' || tag > NET_MAX_VID) {
		diag_add(diag, node->where, DIAG_RANGE, "\"%s\" must be from 0 (untagged) to %d", key,
			 NET_MAX_VID);
		return;
	}
	wish->has_tag = true;
	wish->tag = (uint16_t) tag;
}

static void read_port(struct arena *arena, const struct yaml_node *node, struct lab_wish *wish,
		      struct diag *diag)
{
	const char *text = text_of(arena, node, "port", diag);
	char *colon;

	if (!text)
		return;
	colon = strchr(text, ':');
	if (!colon || colon == text || !colon[1] || strpbrk(text, "*?")) {
		diag_add(diag, node->where, DIAG_PORT_SYNTAX, "\"port\" must be switch:port, without "
			 "globs");
		return;
	}
	*colon = 0;
	wish->sw = text;
	wish->port = colon + 1;
}

/* --- sections -------------------------------------------------------------------- */

static void read_wish(struct arena *arena, const struct yaml_node *node, bool is_machine,
		      struct lab_wish *wish, struct diag *diag)
{
	static const char *const vm_keys[] = {"port", "ip", "ip6", "mac", "tag"};
	static const char *const machine_keys[] = {"network", "ip", "ip6", "mac", "vlan"};
	const char *in = is_machine ? "a machine of x-lab" : "a VM of x-lab";

	wish->where = node->where;
	if (!is_map(node, in, diag))
		return;
	for (size_t i = 0; i < node->n_items; i++) {
		const char *key = node->keys[i]->text;
		const struct yaml_node *value = node->items[i];

		if (!strcmp(key, "ip"))
			read_address(arena, value, AF_INET, &wish->ip, &wish->prefix, diag);
		else if (!strcmp(key, "ip6"))
			read_address(arena, value, AF_INET6, &wish->ip6, &wish->prefix6, diag);
		else if (!strcmp(key, "mac"))
			read_mac(arena, value, wish, diag);
		else if (!is_machine && !strcmp(key, "port"))
			read_port(arena, value, wish, diag);
		else if (!strcmp(key, is_machine ? "vlan" : "tag"))
			read_tag(arena, value, key, wish, diag);
		else if (is_machine && !strcmp(key, "network"))
			wish->network = text_of(arena, value, key, diag);
		else
			unknown_key(node->keys[i], in, is_machine ? machine_keys : vm_keys, 5, diag);
	}
	if (!is_machine && !yaml_get(node, "port"))
		diag_add(diag, node->where, DIAG_MISSING, "\"port\" is missing in %s", in);
	if (is_machine && !wish->network)
		diag_add(diag, node->where, DIAG_MISSING, "\"network\" is missing in %s", in);
}

static void read_list(struct arena *arena, const struct yaml_node *node, bool is_machine,
		      struct lab_wish **ret_wishes, size_t *ret_n, struct diag *diag)
{
	if (!is_map(node, is_machine ? "x-lab machines" : "x-lab vms", diag))
		return;
	*ret_wishes = arena_new_array(arena, struct lab_wish, node->n_items);
	*ret_n = node->n_items;
	for (size_t i = 0; i < node->n_items; i++) {
		struct lab_wish *wish = &(*ret_wishes)[i];

		wish->name = arena_strdup(arena, node->keys[i]->text);
		if (!name_ok(wish->name))
			diag_add(diag, node->keys[i]->where, DIAG_NAME, "\"%s\" cannot be a name: use "
				 "letters, digits, dot, dash and underscore", wish->name);
		read_wish(arena, node->items[i], is_machine, wish, diag);
		wish->where = node->keys[i]->where;
	}
}

static void read_switches(struct arena *arena, const struct yaml_node *node,
			  struct lab_wishes *wishes, struct diag *diag)
{
	if (node->kind != YAML_SEQ) {
		diag_add(diag, node->where, DIAG_TYPE, "x-lab switches must be a list of names");
		return;
	}
	wishes->switches = arena_new_array(arena, const char *, node->n_items);
	wishes->switch_wheres = arena_new_array(arena, struct where, node->n_items);
	for (size_t i = 0; i < node->n_items; i++) {
		const char *name = text_of(arena, node->items[i], "switches", diag);

		if (!name)
			continue;
		wishes->switches[wishes->n_switches] = name;
		wishes->switch_wheres[wishes->n_switches++] = node->items[i]->where;
	}
}

void lab_wishes_read(struct arena *arena, const struct yaml_node *x_lab, struct lab_wishes *wishes,
		     struct diag *diag)
{
	static const char *const keys[] = {"switches", "vms", "machines"};

	*wishes = (struct lab_wishes){0};
	if (!x_lab || !is_map(x_lab, "x-lab", diag))
		return;
	for (size_t i = 0; i < x_lab->n_items; i++) {
		const char *key = x_lab->keys[i]->text;
		const struct yaml_node *value = x_lab->items[i];

		if (!strcmp(key, "switches"))
			read_switches(arena, value, wishes, diag);
		else if (!strcmp(key, "vms"))
			read_list(arena, value, false, &wishes->vms, &wishes->n_vms, diag);
		else if (!strcmp(key, "machines"))
			read_list(arena, value, true, &wishes->machines, &wishes->n_machines, diag);
		else
			unknown_key(x_lab->keys[i], "x-lab", keys, 3, diag);
	}
}
