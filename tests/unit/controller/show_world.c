/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/controller/show_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

const char show_world_file[] =
	"version: 1\n"
	"switches:\n"
	"  kvm1: {dpid: 0x11}\n"
	"  kvm2: {dpid: 0x12}\n"
	"networks:\n"
	"  office:\n"
	"    max_hosts: 4\n"
	"    transport: vlan\n"
	"    vlan: 20\n"
	"    uplinks: [kvm1:eno2, kvm2:eno2]\n"
	"    ports:\n"
	"      - {port: kvm1:vm-a, max_hosts: 1}\n"
	"      - kvm2:vm-b\n"
	"      - kvm1:both\n"
	"      - {port: kvm1:off, enable: false}\n"
	"  yard:\n"
	"    ports:\n"
	"      - {port: kvm1:vm-a, tag: 30}\n"
	"      - \"kvm1:bo*\"\n";

const char *const show_ports1[] = { "vm-a", "both", "off", "other", "eno2" };

const char *const show_ports2[] = { "vm-b", "eno2" };

int show_world_up(void **state)
{
	(void) state;
	world_init(&world, show_world_file);
	kvm1 = world_connect(&world, "kvm1", show_ports1, 5);
	kvm2 = core_switch_by_name(world.core, "kvm2");
	return 0;
}

int show_world_down(void **state)
{
	(void) state;
	world_uninit(&world);
	return 0;
}

const char *at(const json_t *json, const char *path)
{
	static char texts[8][1024];
	static unsigned turn;
	char copy[128], *rest = copy, *word, *text = texts[turn++ % 8];
	snprintf(copy, sizeof copy, "%s", path);
	while ((word = strsep(&rest, ".")))
		json = json_is_array(json) ? json_array_get(json, strtoul(word, NULL, 10)) : json_object_get(json, word);
	char *dump = json ? json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	snprintf(text, sizeof texts[0], "%s", dump ? dump : "");
	free(dump);
	return text;
}

const json_t *with(const json_t *list, const char *key, const char *text)
{
	size_t i;
	const json_t *item;
	json_array_foreach(list, i, item) {
		const char *value = json_string_value(json_object_get(item, key));
		if (value && !strcmp(value, text))
			return item;
	}
	return NULL;
}

json_t *list(const struct show_list *what, const struct show_query *query)
{
	json_t *document = show_whole(what, &world.api, query);
	json_t *items = json_incref(json_object_get(document, what->name));
	json_decref(document);
	return items;
}

size_t count(const struct show_list *what, const struct show_query *query)
{
	json_t *items = list(what, query);
	size_t n = json_array_size(items);
	json_decref(items);
	return n;
}
