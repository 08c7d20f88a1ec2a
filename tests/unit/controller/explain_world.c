/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/controller/explain_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const char open_file[] = SWITCHES NETWORKS("");

const char *const explain_ports1[] = { "vm-a", "vm-b", "off", "both", "vm-y", "stray", "vxlan0" };

const char *const explain_ports2[] = { "vm-web", "vxlan0" };

struct explain *x;

void take_all(void)
{
	for (int again = 0; again < 2; again++) {
		core_plan(world.core);
		for (uint32_t sw = 0; sw < world.core->n_switches; sw++)
			if (view_switch(world.core->view, sw)->connected) {
				world_take_rows(&world, sw);
				core_in_sync(world.core, sw);
			}
	}
}

void speak(const char *network, unsigned n, uint32_t sw, uint32_t ofport)
{
	uint32_t id = world.core->net->networks[net_network_by_name(world.core->net, network)].id;
	world_learn(&world, network, n, sw, ofport);
	for (int v6 = 0; v6 < 2; v6++) {
		struct fact fact = { .kind = FACT_ADDRESS, .sw = sw, .ofport = ofport, .network = id, .old_sw = NET_NONE,
				     .mac = { 2, 0, 0, 0, 0, (uint8_t) n }, .has_ip4 = !v6, .has_ip6 = v6,
				     .ip4 = { 10, 0, 0, (uint8_t) n }, .ip6 = { 0xfd, [15] = (uint8_t) n } };
		core_fact(world.core, &fact);
	}
	take_all();
}

void use(const char *file)
{
	world_reload(&world, file);
	take_all();
}

int explain_world_up(void **state)
{
	(void) state;
	world_init(&world, open_file);
	kvm1 = world_connect(&world, "kvm1", explain_ports1, 7);
	kvm2 = world_connect(&world, "kvm2", explain_ports2, 2);
	take_all();
	speak("office", 1, kvm1, VM_A);
	speak("office", 2, kvm1, VM_B);
	speak("office", 3, kvm2, VM_WEB);
	speak("yard", 9, kvm1, VM_Y);
	return 0;
}

int explain_world_down(void **state)
{
	(void) state;
	explain_free(x);
	x = NULL;
	world_uninit(&world);
	return 0;
}

const struct explain *asked(const char *from, const char *to, const char *protocol)
{
	struct explain_question question = { .from = from, .to = to };
	assert_null(explain_protocol_parse(protocol, &question.protocol));
	explain_free(x);
	x = explain_new(world.core, &question);
	return x;
}

void blocked(const char *from, const char *to, const char *protocol, const char *kind, const char *text, const char *cure)
{
	asked(from, to, protocol);
	if (x->error)
		fail_msg("%s; %s", x->error, x->hint);
	const struct explain_causes *causes = &x->directions[0].causes;
	assert_false(x->is_reachable);
	assert_true(causes->n >= 1);
	const struct explain_cause *cause = &causes->items[0];
	if (strcmp(cause->kind, kind) || !strstr(cause->text, text) || !strstr(cause->cure, cure))
		fail_msg("%s: %s -> %s", cause->kind, cause->text, cause->cure);
}

void reachable(const char *from, const char *to, const char *protocol)
{
	asked(from, to, protocol);
	if (x->error)
		fail_msg("%s; %s", x->error, x->hint);
	for (size_t d = 0; d < 2; d++)
		for (size_t i = 0; i < x->directions[d].causes.n; i++)
			fail_msg("%zu: %s", d, x->directions[d].causes.items[i].text);
	assert_true(x->is_reachable);
}

const struct explain_leg *leg(unsigned direction, const char *name)
{
	for (size_t i = 0; i < x->directions[direction].n_legs; i++)
		if (!strcmp(x->directions[direction].legs[i].name, name))
			return &x->directions[direction].legs[i];
	return NULL;
}

bool has_note(const char *kind)
{
	for (size_t i = 0; i < x->notes.n; i++)
		if (!strcmp(x->notes.items[i].kind, kind))
			return true;
	return false;
}

const char *way(const struct explain_leg *l)
{
	static char text[2000];
	text[0] = '\0';
	for (size_t i = 0; i < l->n_steps; i++)
		if (!l->steps[i].is_row)
			snprintf(text + strlen(text), sizeof text - strlen(text), "%s %s\n", l->steps[i].sw, l->steps[i].text);
	return text;
}
