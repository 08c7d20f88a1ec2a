/* SPDX-License-Identifier: Apache-2.0 */
/* view_world: a view, files for it, and what is told to it. */
#ifndef TESTS_VIEW_WORLD_H
#define TESTS_VIEW_WORLD_H

#include "topo/view.h"

/* Files, and what they say. */
enum { N_TEXTS = 3 };
extern const char *const texts[N_TEXTS];
extern struct net *nets[N_TEXTS];
int view_world_up(void **state);
int view_world_down(void **state);
enum { A, B, C };
/* What the callback heard. */
struct heard {
	struct fact facts[256];
	size_t n;
};
void hear(void *ctx, const struct fact *fact);
struct view *new_view(void);
bool port_fact(struct view *view, uint32_t sw, uint32_t ofport, const char *name, struct heard *heard);
uint32_t id(const char *name);
struct fact host_fact(const char *network, uint8_t mac, uint32_t sw, uint32_t ofport);
bool apply(struct view *view, struct fact fact);
const struct host *find(const struct view *view, const char *network, uint8_t mac);

#endif
