/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the state folder, put into words and written beside the loop. */
#include "controller/core_te_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/file.h"
#include "ofproto/log.h"
#include "topo/arena.h"

LOG_MODULE(te)

struct save {
	struct core *core;
	struct te_words words;          /* owned */
	char *path;                     /* owned */
	bool *busy;
	int error;                      /* errno */
};

static void run(void *ctx)
{
	struct save *s = ctx;
	size_t size;
	char *text = s->words.text(s->words.ctx, &size);
	s->error = file_replace(s->path, text, size, 0644) < 0 ? errno : 0;
	free(text);
}

static void done(void *ctx)
{
	struct save *s = ctx;
	struct core *core = s->core;
	*s->busy = false;
	if (s->error && !core->te->save_failed)
		VLOG_WARN("cannot keep %s: %s; after a restart paths may be computed anew", s->path, strerror(s->error));
	core->te->save_failed = s->error != 0;
	s->words.free(s->words.ctx);
	free(s->path);
	free(s);
	if (core->kick)
		core->kick(core->ctx);
}

void te_save(struct core *core, const char *path, struct te_words take, bool *busy)
{
	struct save *s = xheap_alloc(sizeof *s);
	*s = (struct save) { .core = core, .words = take, .path = xheap_strdup(path), .busy = busy };
	*busy = true;
	if (core->work)
		core->work(core->ctx, run, done, s);
	else {
		run(s);
		done(s);
	}
}
