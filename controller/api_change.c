/* SPDX-License-Identifier: Apache-2.0 */
/* Another file in force, and back: /v1/apply, /v1/reload, /v1/rollback, /v1/confirm, and what
 * there was: /v1/history, /v1/revision. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api_private.h"
#include "controller/confirm.h"
#include "topo/arena.h"

enum { MAX_MESSAGE = 200 };

/* A number from 1 in a parameter; 0 = it is not there. False when it was answered with what is wrong. */
static bool take_number(struct api_request *request, const char *name, uint32_t max, uint32_t *ret)
{
	const char *text = http_param(request->call, name);
	char *end;
	*ret = 0;
	if (!text)
		return true;
	errno = 0;
	unsigned long n = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || !n || n > max) {
		api_error(request->call, 400, NULL, "a number from 1 on", "\"%s\" is no value for parameter \"%s\"", text, name);
		return false;
	}
	*ret = (uint32_t) n;
	return true;
}

static bool take_asked(struct api_request *request, struct config_asked *asked)
{
	*asked = (struct config_asked) { .uid = http_peer_uid(request->call), .message = http_param(request->call, "message") };
	if (asked->message && strlen(asked->message) > MAX_MESSAGE) {
		api_error(request->call, 400, NULL, "say it shorter", "a message has at most %d bytes", MAX_MESSAGE);
		return false;
	}
	return take_number(request, "confirm_seconds", CONFIRM_MAX_S, &asked->confirm_s);
}

static void answer(struct api_request *request, const char *problem)
{
	const struct api_world *world = &request->api->world;
	struct config_state state;
	config_state(world->config, &state);
	if (!problem) {
		json_t *config = show_config(world, false);
		show_set(config, "applied", json_true());
		api_reply(request->call, config);
		return;
	}
	json_t *more = json_pack("{s:b, s:o}", "applied", 0, "findings", show_findings(state.refused));
	api_error(request->call, state.refused ? 422 : 409, more, state.hint, "%s", problem);
}

void api_apply(struct api_request *request)
{
	struct config_asked asked;
	if (take_asked(request, &asked))
		answer(request, config_apply(request->api->world.config, request->body, request->body_size, &asked));
}

void api_rollback(struct api_request *request)
{
	struct config_asked asked;
	uint32_t number;
	if (take_number(request, "number", UINT32_MAX, &number) && take_asked(request, &asked))
		answer(request, config_rollback(request->api->world.config, number, &asked));
}

void api_confirm(struct api_request *request)
{
	answer(request, config_confirm(request->api->world.config, http_peer_uid(request->call)));
}

void api_reload(struct api_request *request)
{
	const struct api_world *world = &request->api->world;
	struct config_state state;
	config_reload(world->config, http_peer_uid(request->call));
	config_state(world->config, &state);
	json_t *config = show_config(world, false);
	if (!state.failed) {
		api_reply(request->call, config);
		return;
	}
	json_t *more = json_pack("{s:O}", "findings", json_object_get(config, "findings"));
	json_decref(config);
	api_error(request->call, 422, more, "correct what the findings say; the file is read again when it changes",
		  "%s has errors; nothing was changed", state.file);
}

/* --- what there was ------------------------------------------------------------------------ */

static json_t *revision_json(const struct revision *r)
{
	return json_pack("{s:I, s:I, s:s, s:o, s:s, s:o, s:I, s:o}", "number", (json_int_t) r->number, "time_ms", (json_int_t) r->wall_ms,
			 "source", history_source_word(r->source), "uid", r->uid == HISTORY_NOBODY ? json_null() : json_integer(r->uid),
			 "sha256", r->digest, "of", r->of ? json_integer(r->of) : json_null(), "bytes", (json_int_t) r->size,
			 "message", r->message[0] ? show_text(r->message) : json_null());
}

void api_history(struct api_request *request)
{
	const struct api_world *world = &request->api->world;
	const struct history *history = config_history(world->config);
	json_t *config = show_config(world, false), *list = json_array();
	for (size_t i = 0; history && i < history_n(history); i++)
		json_array_append_new(list, revision_json(history_at(history, i)));
	json_t *json = json_pack("{s:o, s:O, s:O, s:o}", "revisions", list, "in_force", json_object_get(config, "revision"), "confirm",
				 json_object_get(config, "confirm"), "folder", history ? show_text(history_folder(history)) : json_null());
	json_decref(config);
	api_reply(request->call, json);
}

void api_revision(struct api_request *request)
{
	const struct api_world *world = &request->api->world;
	struct history *history = config_history(world->config);
	struct config_state state;
	const char *error = "there is no revision in force";
	uint32_t number;
	size_t size;
	if (!take_number(request, "number", UINT32_MAX, &number))
		return;
	config_state(world->config, &state);
	if (!number)
		number = state.revision;
	char *text = history && number ? history_text(history, number, &size, &error) : NULL;
	if (!text) {
		api_error(request->call, 404, NULL, "`weft history` lists what there is", "%s", error);
		return;
	}
	json_t *json = revision_json(history_find(history, number));
	show_set(json, "text", show_text(text));
	free(text);
	api_reply(request->call, json);
}
