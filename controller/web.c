/* SPDX-License-Identifier: Apache-2.0 */
/* Who may ask, and for what. The order of the checks: the host that is asked, the token,
 * the method, the path, the parameters; who fails at one learns nothing of the next. */
#include "controller/web.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "controller/web_auth.h"
#include "controller/web_private.h"
#include "ofproto/log.h"
#include "ofproto/tls.h"
#include "topo/arena.h"

struct web {
	struct loop *loop;
	struct web_options options;
	struct http *http;
	struct clients *clients;
	struct web_fetches *fetches;
	struct web_events *events;
};

/* --- what may be asked of weftd --------------------------------------------------------------- */

enum { MAX_WORDS = 6, MAX_TARGET = 2000, DEFAULT_LIMIT = 1000, MAX_LIMIT = 10000 };

/* max_age_ms: for how long an answer is good for others. Nothing that writes, sends a frame
 * or costs weftd much is here. */
static const struct view {
	const char *path;
	uint32_t max_age_ms;
	bool has_limit;                 /* it is a list: it gets a limit when there is none */
	const char *words[MAX_WORDS];   /* parameters */
} views[] = {
	{ "/metrics", 1000, false, { NULL } },
	{ "/v1/status", 1000, false, { NULL } },
	{ "/v1/graph", 2000, false, { NULL } },
	{ "/v1/switches", 2000, true, { "switch", "state" } },
	{ "/v1/ports", 2000, true, { "switch", "network", "port", "state" } },
	{ "/v1/hosts", 2000, true, { "switch", "network", "port", "mac", "ip", "state" } },
	{ "/v1/networks", 2000, true, { "network" } },
	{ "/v1/acls", 4000, true, { "acl", "network" } },
	{ "/v1/links", 2000, true, { "switch", "state" } },
	{ "/v1/te", 2000, true, { "switch" } },
	{ "/v1/explain", 0, false, { "from", "to", "protocol", "as", "size" } },
	{ "/v1/events", 500, true, { "after", "follow", "switch", "network", "kind", "severity" } },
};
enum { N_VIEWS = sizeof views / sizeof *views };

/* --- answers ------------------------------------------------------------------------------------- */

char *web_error_text(const char *error, const char *hint, bool is_away)
{
	json_t *json = json_pack("{s:s, s:s*}", "error", error, "hint", hint);
	if (json && is_away)
		json_object_set_new(json, "away", json_true());
	char *text = json ? json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	json_decref(json);
	return text ? text : xheap_strdup("{\"error\":\"no text\"}");
}

void web_error(struct http_call *call, int code, const char *error, const char *hint)
{
	char *text = web_error_text(error, hint, false);
	http_reply(call, code, code == 405 ? "GET" : NULL, text, strlen(text));
	free(text);
}

/* Scripts and styles are our files, and nothing else is; nobody frames the page, nothing is kept,
 * nothing is told to others. */
static void add_headers(struct http_call *call)
{
	http_add_header(call, "Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; "
			"img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
	http_add_header(call, "X-Content-Type-Options", "nosniff");
	http_add_header(call, "X-Frame-Options", "DENY");
	http_add_header(call, "Referrer-Policy", "no-referrer");
	http_add_header(call, "Cross-Origin-Resource-Policy", "same-origin");
	http_add_header(call, "Cross-Origin-Opener-Policy", "same-origin");
	http_add_header(call, "Cache-Control", "no-store");
}

static void give_asset(struct http_call *call, int code, const struct web_asset *asset)
{
	http_add_header(call, "Content-Type", asset->type);
	http_reply(call, code, NULL, asset->text, (size_t) (asset->end - asset->text));
}

/* --- who ------------------------------------------------------------------------------------------- */

static bool is_name(void *ctx, const char *name)
{
	const struct web_options *o = ctx;
	for (size_t i = 0; i < o->n_names; i++)
		if (!strcasecmp(o->names[i], name))
			return true;
	return o->tls && tls_is_for(o->tls, name);
}

static void cookie_name(const struct web *web, char buf[32]) { snprintf(buf, 32, "weft_%u", web->options.port); }

static bool may_look(struct web *web, struct http_call *call)
{
	const char *bearer = web_bearer(http_header(call, "Authorization"));
	char name[32];
	size_t size = 0;
	if (bearer)
		return web_token_is(web->options.token, bearer, strlen(bearer));
	cookie_name(web, name);
	const char *cookie = web_cookie(http_header(call, "Cookie"), name, &size);
	return web_token_is(web->options.token, cookie, size);
}

/* The token in the address becomes a cookie, and leaves the address. False: there is none. */
static bool take_token(struct web *web, struct http_call *call)
{
	const char *given = http_param(call, "token");
	char name[32], cookie[WEB_TOKEN_MAX + 100];
	if (strcmp(http_path(call), "/") || strcmp(http_method(call), "GET") || !given)
		return false;
	if (!web_token_is(web->options.token, given, strlen(given)))
		return false;
	cookie_name(web, name);
	snprintf(cookie, sizeof cookie, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s", name, web->options.token,
		 web->options.tls ? "; Secure" : "");
	http_add_header(call, "Set-Cookie", cookie);
	http_add_header(call, "Location", "/");
	http_reply(call, 303, NULL, "{}", 2);
	return true;
}

static void turn_away(struct http_call *call)
{
	http_add_header(call, "WWW-Authenticate", "Bearer");
	if (!strcmp(http_path(call), "/"))
		give_asset(call, 401, &web_door);
	else
		web_error(call, 401, "a token is wanted", "open the address that weft web printed, or send Authorization: Bearer TOKEN");
}

/* --- what ------------------------------------------------------------------------------------------- */

static bool is_word(const struct view *view, const char *name)
{
	for (size_t i = 0; i < MAX_WORDS && view->words[i]; i++)
		if (!strcmp(view->words[i], name))
			return true;
	return view->has_limit && !strcmp(name, "limit");
}

static bool add_escaped(char target[MAX_TARGET], const char *text)
{
	size_t n = strlen(target);
	for (; *text && n + 4 < MAX_TARGET; text++) {
		unsigned char c = (unsigned char) *text;
		bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~:", c);
		n += (size_t) snprintf(target + n, MAX_TARGET - n, is_plain ? "%c" : "%%%02X", c);
	}
	return !*text;
}

static bool is_limit(const char *text)
{
	size_t n = strlen(text);
	return n && n < 6 && text[strspn(text, "0123456789")] == '\0' && atoi(text) > 0 && atoi(text) <= MAX_LIMIT;
}

/* The question for weftd, with the parameters that the view has; false when it was answered. */
static bool make_target(struct http_call *call, const struct view *view, char target[MAX_TARGET])
{
	char limit[32];
	snprintf(target, MAX_TARGET, "%s", view->path);
	for (size_t i = 0; i < http_n_params(call); i++) {
		const char *name = http_param_name(call, i), *value = http_param_value(call, i);
		bool fits = is_word(view, name) && (strcmp(name, "limit") || is_limit(value));
		snprintf(target + strlen(target), MAX_TARGET - strlen(target), "%c", i ? '&' : '?');
		if (!fits || !add_escaped(target, name) || !add_escaped(target, "") || strlen(target) + 2 > MAX_TARGET) {
			web_error(call, 400, "this view does not take that", "limit is from 1 to 10000; docs/howto/browser.md says more");
			return false;
		}
		strcat(target, "=");
		if (!add_escaped(target, value)) {
			web_error(call, 400, "that is too long", NULL);
			return false;
		}
	}
	if (view->has_limit && !http_param(call, "limit")) {
		snprintf(limit, sizeof limit, "%climit=%d", strchr(target, '?') ? '&' : '?', DEFAULT_LIMIT);
		if (strlen(target) + strlen(limit) < MAX_TARGET)
			strcat(target, limit);
	}
	return true;
}

static void follow(struct web *web, struct http_call *call)
{
	const char *after = http_param(call, "after");
	if (http_n_params(call) != (after ? 2 : 1) || (after && (!*after || strlen(after) > 18 || after[strspn(after, "0123456789")])))
		web_error(call, 400, "this stream takes nothing but after=NUMBER", NULL);
	else
		web_events_follow(web->events, call, after ? strtoull(after, NULL, 10) : UINT64_MAX);
}

static void give_view(struct web *web, struct http_call *call, const struct view *view)
{
	const char *follows = http_param(call, "follow");
	char target[MAX_TARGET];
	if (!strcmp(view->path, "/v1/events") && follows && !strcmp(follows, "1"))
		follow(web, call);
	else if (make_target(call, view, target))
		web_fetch(web->fetches, call, target, view->max_age_ms);
}

static void on_request(void *ctx, struct http_call *call)
{
	struct web *web = ctx;
	size_t size;
	add_headers(call);
	if (!web_host_is_ours(http_header(call, "Host"), is_name, &web->options)) {
		web_error(call, 421, "this is not the host that was asked for", "ask by address or as localhost, or start weft web with --name NAME");
		return;
	}
	if (!may_look(web, call)) {
		if (!take_token(web, call))
			turn_away(call);
		return;
	}
	if (strcmp(http_method(call), "GET")) {
		web_error(call, 405, "nothing but GET", NULL);
		return;
	}
	if (!http_body(call, &size) || size) {
		web_error(call, 413, "no body", NULL);
		return;
	}
	for (size_t i = 0; i < n_web_assets; i++)
		if (!strcmp(http_path(call), web_assets[i].path)) {
			if (!take_token(web, call))
				give_asset(call, 200, &web_assets[i]);
			return;
		}
	for (size_t i = 0; i < N_VIEWS; i++)
		if (!strcmp(http_path(call), views[i].path)) {
			give_view(web, call, &views[i]);
			return;
		}
	web_error(call, 404, "that is not here", "weft web shows only; for the rest there is weftd's socket");
}

/* --- life --------------------------------------------------------------------------------------------- */

struct web *web_new(struct loop *loop, int listen_fd, const struct web_options *options)
{
	struct web *web = xheap_alloc(sizeof *web);
	json_set_alloc_funcs(xheap_alloc, free);
	web->loop = loop;
	web->options = *options;
	web->clients = clients_new(loop, options->run_dir);
	web->fetches = web_fetches_new(loop, web->clients);
	web->events = web_events_new(loop, web->clients);
	web->http = http_new_tls(loop_base(loop), listen_fd, options->tls, 0, on_request, web);
	return web;
}

void web_free(struct web *web)
{
	if (!web)
		return;
	http_free(web->http);
	clients_free(web->clients);
	web_events_free(web->events);
	web_fetches_free(web->fetches);
	free(web);
}
