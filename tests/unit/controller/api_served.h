/* SPDX-License-Identifier: Apache-2.0 */
/* api_served: an API that is served in the loop of the test, and calls of it. */
#ifndef TESTS_API_SERVED_H
#define TESTS_API_SERVED_H

#include <time.h>

#include "controller/api_private.h"
#include "controller/loop.h"
#include "ofproto/log.h"
#include "tests/unit/controller/ask.h"
#include "tests/unit/controller/manual.h"
#include "tests/unit/controller/one_world.h"

extern const char good[];
extern const char other[];
extern const char bad[];
extern char dir[64], file[128], socket_path[128];
extern struct loop *loop;
extern struct history *history;
extern struct config *config;
extern struct api *api;
extern char listener[];
extern char *listeners[];
extern int n_changed;
void on_changed(void *ctx);
void write_file(const char *text);
/* Turns of the loop until it is so: it is asked after each of them. */
#define AWAIT(COND) do { \
	for (time_t end = time(NULL) + API_PATIENCE_S; !(COND) && time(NULL) < end;) \
		ask_turn(loop_base(loop)); \
	assert_true(COND); \
} while (0)
enum { API_PATIENCE_S = 120 };

int api_served_up(void **state);
int api_served_down(void **state);
/* The answer, which must be JSON and have this code. */
json_t *call(const char *method, const char *target, const char *body, int code);
const char *text(const json_t *json, const char *key);
json_int_t number(const json_t *json, const char *key);

#endif
