/* SPDX-License-Identifier: Apache-2.0 */
/* How answers of the API are written: one document, or an error that says what to do. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api_private.h"
#include "ofproto/log.h"

enum { FLAGS = JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(10) };

char *api_text(json_t *take)
{
	char *text = json_dumps(take, FLAGS);
	json_decref(take);
	if (!text)
		log_abort("a document that is no JSON");
	return text;
}

static int add(const char *text, size_t size, void *out)
{
	http_out(out, text, size);
	return 0;
}

void api_out(struct http_out *out, json_t *take)
{
	if (json_dump_callback(take, add, out, FLAGS))
		log_abort("a document that is no JSON");
	json_decref(take);
}

enum http_more api_out_last(struct http_out *out, json_t *take)
{
	api_out(out, take);
	http_out(out, "\n", 1);
	return HTTP_END;
}

static void reply_with(struct http_call *call, int code, const char *allow, json_t *take)
{
	char *text = api_text(take);
	size_t size = strlen(text);
	text[size] = '\n';
	http_reply(call, code, allow, text, size + 1);
	free(text);
}

void api_reply(struct http_call *call, json_t *take)
{
	reply_with(call, 200, NULL, take);
}

void api_error(struct http_call *call, int code, json_t *more, const char *hint, const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	json_t *json = json_pack("{s:o, s:o}", "error", show_text(text), "hint", show_text(hint));
	if (more)
		json_object_update(json, more);
	json_decref(more);
	reply_with(call, code, NULL, json);
}

void api_no_such_method(struct http_call *call, const char *allow)
{
	char text[200];
	snprintf(text, sizeof text, "%s takes %s, not %s", http_path(call), allow, http_method(call));
	reply_with(call, 405, allow, json_pack("{s:o, s:o}", "error", show_text(text), "hint", json_null()));
}
