/* SPDX-License-Identifier: Apache-2.0 */
/* web_auth: who may look. A token in the address once, then in a cookie, or in a header;
 * and a host name that is ours, so that no page of others reaches us by a name of theirs. */
#ifndef CONTROLLER_WEB_AUTH_H
#define CONTROLLER_WEB_AUTH_H

#include <stdbool.h>
#include <stddef.h>

enum { WEB_TOKEN_MIN = 20, WEB_TOKEN_MAX = 200 };

/* 256 random bits in 43 letters, digits, - and _. */
void web_token_new(char ret_token[WEB_TOKEN_MAX + 1]);
/* The first line of the file; makes the file (mode 0600) when there is none. Null, or what is
 * wrong and what to do (static buffer): others may read it, it is too short ... */
const char *web_token_file(const char *path, char ret_token[WEB_TOKEN_MAX + 1]);
/* Takes as long whatever differs; the length is no secret. given may be null. */
bool web_token_is(const char *token, const char *given, size_t size);

/* A value of the header Cookie, or null. */
const char *web_cookie(const char *header, const char *name, size_t *ret_size);
/* Behind "Bearer " of the header Authorization, or null. */
const char *web_bearer(const char *header);

/* The header Host names us: by an address (a page of others has a name), as localhost, or by
 * one of these names. The port does not matter: a tunnel may end at another one. */
bool web_host_is_ours(const char *host, bool (*is_name)(void *ctx, const char *name), void *ctx);

#endif
