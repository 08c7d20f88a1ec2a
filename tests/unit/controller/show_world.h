/* SPDX-License-Identifier: Apache-2.0 */
/* show_world: two switches, of which one is connected, and what the API shows of them. */
#ifndef TESTS_SHOW_WORLD_H
#define TESTS_SHOW_WORLD_H

#include "apps/pipeline.h"
#include "controller/show.h"
#include "tests/unit/controller/one_world.h"
#include "topo/ways.h"

extern const char show_world_file[];
extern const char *const show_ports1[];
extern const char *const show_ports2[];
enum { VM_A = 1, BOTH = 2, OFF = 3, OTHER = 4, ENO2 = 5, VM_B = 1 };
int show_world_up(void **state);
int show_world_down(void **state);
/* "a.1.b" = the value as compact JSON; "" = there is none. */
const char *at(const json_t *json, const char *path);
/* The item whose member key is the text. */
const json_t *with(const json_t *list, const char *key, const char *text);
json_t *list(const struct show_list *what, const struct show_query *query);
size_t count(const struct show_list *what, const struct show_query *query);

#endif
