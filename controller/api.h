/* SPDX-License-Identifier: Apache-2.0 */
/* api: HTTP/JSON over the Unix socket RUN_DIR/weftd.sock (mode 0660; file
 * permissions are the login). The paths are a table in api.c, from which the
 * manual page is printed. */
#ifndef CONTROLLER_API_H
#define CONTROLLER_API_H

#include "controller/config.h"
#include "controller/core.h"
#include "controller/session.h"

#include <stdio.h>

struct loop;
struct api;

/* What the API shows and moves. */
struct api_world {
	struct core *core;
	struct sessions *sessions;
	struct config *config;
	struct tls *tls;                /* or null */
	uint64_t started_wall_ms;
	char **listeners;               /* texts, null-terminated */
};

/* Null and a sentence in ret_error when the socket cannot be made (another
 * weftd lives there: its pid is named). The process must ignore SIGPIPE. */
struct api *api_new(struct loop *, const char *run_dir, const struct api_world *, const char **ret_error);
void api_free(struct api *);

/* The page docs/reference/api.md. */
void api_print_reference(FILE *);

#endif
