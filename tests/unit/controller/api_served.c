/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/controller/api_served.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

const char good[] =
	"version: 1\n"
	"switches: {kvm1: {dpid: 0x11}}\n"
	"networks:\n"
	"  office:\n"
	"    ports: [kvm1:vm-a]\n";

const char other[] =
	"version: 1\n"
	"switches: {kvm1: {dpid: 0x11}}\n"
	"networks:\n"
	"  office:\n"
	"    ports: [kvm1:vm-a, kvm1:vm-b]\n";

const char bad[] =
	"version: 1\n"
	"networks:\n"
	"  office:\n"
	"    prots: [\"*:*\"]\n"
	"    vlan: 5000\n";

char dir[64], file[128], socket_path[128];

struct loop *loop;

struct history *history;

struct config *config;

struct api *api;

char listener[] = "tcp:127.0.0.1:6653";

char *listeners[] = { listener, NULL };

int n_changed;

void on_changed(void *ctx)
{
	(void) ctx;
	n_changed++;
}

void write_file(const char *text)
{
	FILE *f = fopen(file, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
}

int api_served_up(void **state)
{
	static const char *const ports[] = { "vm-a", "vm-b" };
	const char *error = NULL;
	(void) state;
	snprintf(dir, sizeof dir, "/tmp/weft-api-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(file, sizeof file, "%s/topology.yaml", dir);
	snprintf(socket_path, sizeof socket_path, "%s/weftd.sock", dir);
	write_file(good);
	loop = loop_new();
	world_init(&world, good);
	world.core->now_ms = loop_now_ms(loop);
	world_connect(&world, "kvm1", ports, 2);
	char folder[128];
	snprintf(folder, sizeof folder, "%s/history", dir);
	history = history_new(folder);
	config = config_new(loop, file, history);
	config_start(config, world.core, on_changed, NULL);
	struct api_world seen = { .core = world.core, .config = config, .listeners = listeners,
				  .started_wall_ms = loop_wall_ms() };
	api = api_new(loop, dir, &seen, &error);
	n_changed = 0;
	return api ? 0 : -1;
}

int api_served_down(void **state)
{
	char path[256];
	(void) state;
	api_free(api);
	config_free(config);
	history_free(history);
	world_uninit(&world);
	loop_free(loop);
	assert_int_equal(access(socket_path, F_OK), -1);
	unlink(file);
	snprintf(path, sizeof path, "%s/weftd.pid", dir);
	unlink(path);
	snprintf(path, sizeof path, "rm -r %s/history", dir);
	assert_int_equal(system(path), 0);
	assert_int_equal(rmdir(dir), 0);
	return 0;
}

json_t *call(const char *method, const char *target, const char *body, int code)
{
	struct answer answer;
	ask(loop_base(loop), socket_path, method, target, body, body ? strlen(body) : 0, &answer);
	json_t *json = json_loadb(answer.body ? answer.body : "", answer.size, 0, NULL);
	assert_non_null(json);
	assert_int_equal(answer.code, code);
	assert_non_null(strstr(answer.head, "Content-Type: application/json\r\n"));
	answer_free(&answer);
	return json;
}

const char *text(const json_t *json, const char *key)
{
	const char *value = json_string_value(json_object_get(json, key));
	return value ? value : "";
}

json_int_t number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}
