/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of web share. */
#ifndef CONTROLLER_WEB_PRIVATE_H
#define CONTROLLER_WEB_PRIVATE_H

#include "controller/client_many.h"
#include "controller/http.h"
#include "controller/loop.h"
#include "controller/web.h"

enum {
	WEB_MAX_ANSWER = 32 << 20,      /* bytes that weftd may answer */
	WEB_MAX_ASKED = 16,             /* different questions to weftd at once */
	WEB_MAX_VIEWERS = 64,           /* of events */
	WEB_EVENTS = 2048,              /* kept for viewers that read slowly */
	WEB_BEAT_MS = 15000,            /* an empty line to every viewer: is it still there? */
};

/* {"error": .., "hint": ..} */
char *web_error_text(const char *error, const char *hint, bool is_away);        /* the caller's to free */
void web_error(struct http_call *, int code, const char *error, const char *hint);

/* web_fetch.c: answers of weftd, shared by all who ask the same within max_age_ms. */
struct web_fetches *web_fetches_new(struct loop *, struct clients *);
void web_fetches_free(struct web_fetches *);
void web_fetch(struct web_fetches *, struct http_call *, const char *target, uint32_t max_age_ms);

/* web_events.c: one stream of events from weftd, for all viewers. */
struct web_events *web_events_new(struct loop *, struct clients *);
void web_events_free(struct web_events *);
/* after: the viewer knows that one and those before; UINT64_MAX = those that come. */
void web_events_follow(struct web_events *, struct http_call *, uint64_t after);

/* web_assets.c: the files of the page. */
struct web_asset { const char *path, *type, *text, *end; };
extern const struct web_asset web_assets[];
extern const size_t n_web_assets;
extern const struct web_asset web_door;  /* for who has no token */

#endif
