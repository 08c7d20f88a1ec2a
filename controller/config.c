/* SPDX-License-Identifier: Apache-2.0 */
/* config: the topology file of a running weftd. See config.h; how a file is
 * replaced so that nothing acknowledged is lost is in file.c. */
#include "controller/config.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/file.h"
#include "controller/loop.h"
#include "ofproto/log.h"
#include "topo/arena.h"

LOG_MODULE(config)

/* An editor writes in several steps: wait until it is quiet. */
enum { SETTLE_MS = 50 };

/* What a path led to. */
struct place {
	dev_t folder_dev, dev;
	ino_t folder, inode;            /* inode 0 = there is no regular file */
	bool is_link;
};

struct config {
	struct loop *loop;
	char *file;
	char folder[PATH_MAX], name[NAME_MAX + 1];
	struct net *first;              /* until config_take_net */
	char *model;                    /* the running net as net_print gives it */
	struct diag *findings;          /* of the last load of the file */
	struct diag *refused;           /* of the text that the last apply brought; null = it was taken */
	struct config_state state;
	struct core *core;
	void (*changed)(void *ctx);
	void *ctx;
	int inotify;
	int folder_watch, file_watch;   /* of inotify, -1 = none */
	struct loop_timer *settle;
	struct place read, seen;        /* where the file was: at the last reading, at the last look */
};

static char *model_text(const struct net *net)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	if (!f)
		log_abort("out of memory");
	net_print(net, f);
	fclose(f);
	return text;
}

static struct place place_of(const struct config *config)
{
	struct place place = { 0 };
	struct stat st;
	if (!stat(config->folder, &st)) {
		place.folder_dev = st.st_dev;
		place.folder = st.st_ino;
	}
	place.is_link = !lstat(config->file, &st) && S_ISLNK(st.st_mode);
	if (!stat(config->file, &st) && S_ISREG(st.st_mode)) {
		place.dev = st.st_dev;
		place.inode = st.st_ino;
	}
	return place;
}

static bool same_place(const struct place *a, const struct place *b)
{
	return a->folder_dev == b->folder_dev && a->folder == b->folder && a->dev == b->dev && a->inode == b->inode;
}

static void took(struct config *config, const struct net *net)
{
	snprintf(config->state.digest, sizeof config->state.digest, "%s", net->digest_text);
	config->state.loaded_wall_ms = loop_wall_ms();
	config->state.failed = false;
}

/* Keeps what was found; state points to it. */
static void keep(struct diag **kept, const struct diag **seen, struct diag *take)
{
	diag_free(*kept);
	*kept = take;
	*seen = take;
}

struct config *config_new(struct loop *loop, const char *file)
{
	struct config *config = xheap_alloc(sizeof *config);
	char copy[PATH_MAX];
	config->loop = loop;
	config->file = xheap_strdup(file);
	snprintf(copy, sizeof copy, "%s", file);
	snprintf(config->folder, sizeof config->folder, "%s", dirname(copy));
	snprintf(copy, sizeof copy, "%s", file);
	snprintf(config->name, sizeof config->name, "%s", basename(copy));
	config->inotify = config->folder_watch = config->file_watch = -1;
	config->state.file = config->file;
	config->state.n_loads = 1;
	keep(&config->findings, &config->state.findings, diag_new(file));
	config->first = net_load(file, config->findings);
	if (!config->first) {
		config->state.failed = true;
		config->state.n_failures = 1;
		return config;
	}
	config->model = model_text(config->first);
	took(config, config->first);
	return config;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	if (config->inotify >= 0) {
		loop_on_readable(config->loop, config->inotify, NULL, NULL);
		close(config->inotify);
	}
	loop_timer_free(config->settle);
	net_free(config->first);
	diag_free(config->findings);
	diag_free(config->refused);
	free(config->model);
	free(config->file);
	free(config);
}

struct net *config_take_net(struct config *config)
{
	struct net *net = config->first;
	config->first = NULL;
	return net;
}

static void note_failure(struct config *config)
{
	char line[512] = "";
	size_t n = diag_n_errors(config->findings);
	config->state.failed = true;
	config->state.n_failures++;
	for (size_t i = 0; i < diag_n_findings(config->findings); i++) {
		const struct finding *f = diag_finding(config->findings, i);
		diag_format(config->findings, f, line, sizeof line);
		VLOG_ERR("%s", line);
	}
	if (diag_n_findings(config->findings))
		diag_format(config->findings, diag_finding(config->findings, 0), line, sizeof line);
	events_note(config->core->events, config->core->wall_ms, EVENT_ERROR, "config-refused", "",
		    "%zu errors in %s, nothing was changed; the first: %s", n, config->file, line);
}

static void watch_one(const struct config *config, const char *path, uint32_t mask, int *watch)
{
	int now = inotify_add_watch(config->inotify, path, mask);
	if (*watch >= 0 && *watch != now)
		inotify_rm_watch(config->inotify, *watch);
	*watch = now;
}

/* The folder, for what is put in the file's place; and the file itself, which may
 * be in another folder when a link leads to it. */
static bool watch(struct config *config)
{
	watch_one(config, config->folder, IN_CLOSE_WRITE | IN_MOVED_TO, &config->folder_watch);
	watch_one(config, config->file, IN_CLOSE_WRITE, &config->file_watch);
	return config->folder_watch >= 0;
}

/* addition: more words, or "". */
static void tell(const struct config *config, const char *addition)
{
	VLOG_INFO("%s: in force, digest %s%s", config->file, config->state.digest, addition);
	events_note(config->core->events, config->core->wall_ms, EVENT_INFO, "config", "", "%s is in force, digest %s%s",
		    config->file, config->state.digest, addition);
}

/* Takes over a checked net, or notes that there was none. */
static void load(struct config *config, const char *text, size_t size)
{
	struct diag *diag = diag_new(config->file);
	config->read = place_of(config);
	if (config->inotify >= 0)
		watch(config);
	struct net *net = text ? net_parse(config->file, text, size, diag) : net_load(config->file, diag);
	keep(&config->findings, &config->state.findings, diag);
	config->state.n_loads++;
	if (!net) {
		note_failure(config);
		return;
	}
	if (!strcmp(net->digest_text, config->state.digest)) {
		took(config, net);
		config->state.n_unchanged++;
		VLOG_INFO("%s: nothing new", config->file);
		net_free(net);
		return;
	}
	char *model = model_text(net);
	bool same = !strcmp(model, config->model);
	free(config->model);
	config->model = model;
	config->state.n_unchanged += same;
	took(config, net);
	tell(config, same ? ", the same network as before" : "");
	/* Even the same network: line numbers may be others. */
	core_reload(config->core, net);
	config->changed(config->ctx);
}

void config_reload(struct config *config)
{
	load(config, NULL, 0);
}

const char *config_apply(struct config *config, const char *text, size_t size)
{
	struct diag *diag = diag_new(config->file);
	struct net *net = net_parse(config->file, text, size, diag);
	if (!net) {
		/* The file on disk is as it was: this is the caller's failure, not its. */
		keep(&config->refused, &config->state.refused, diag);
		config->state.n_loads++;
		config->state.n_failures++;
		return "the file has errors; nothing was changed";
	}
	net_free(net);
	diag_free(diag);
	keep(&config->refused, &config->state.refused, NULL);
	static char error[PATH_MAX + 128];
	int result = file_replace(config->file, text, size, 0644);
	if (result < 0) {
		snprintf(error, sizeof error, "cannot write %s: %s; nothing was changed", config->file,
			 strerror(errno));
		return error;
	}
	if (result)
		snprintf(error, sizeof error, "%s is in force, but may not survive a crash of this machine: "
			 "its folder cannot be synced: %s", config->file, strerror(errno));
	load(config, text, size);
	return result ? error : NULL;
}

static void on_settled(void *ctx)
{
	config_reload(ctx);
}

static void on_inotify(void *ctx)
{
	struct config *config = ctx;
	char buf[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)]
		__attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n;
	while ((n = read(config->inotify, buf, sizeof buf)) > 0) {
		for (char *p = buf; p < buf + n;) {
			struct inotify_event *ev = (struct inotify_event *) (void *) p;
			/* Without a name: of the file itself, or more events than the kernel keeps. */
			if (ev->len ? !strcmp(ev->name, config->name) : ev->mask & (IN_CLOSE_WRITE | IN_Q_OVERFLOW))
				loop_timer_again(config->settle, SETTLE_MS);
			p += sizeof *ev + ev->len;
		}
	}
}

/* What inotify does not tell: the file is gone, or its path leads elsewhere now
 * because a link or a folder on the way was replaced. A new file in the folder
 * itself is not read here: it may be half written, and its writer's close is told. */
void config_look(struct config *config)
{
	struct place now = place_of(config);
	bool is_old = same_place(&now, &config->read), is_settled = same_place(&now, &config->seen);
	bool is_elsewhere = now.is_link || now.folder != config->read.folder || now.folder_dev != config->read.folder_dev;
	config->seen = now;
	if (is_old || !is_settled)
		return;
	if (!now.inode || is_elsewhere || config->inotify < 0)
		config_reload(config);
}

void config_start(struct config *config, struct core *core, void (*changed)(void *ctx), void *ctx)
{
	config->core = core;
	config->changed = changed;
	config->ctx = ctx;
	tell(config, "");
	config->settle = loop_timer_new(config->loop, on_settled, config);
	config->read = config->seen = place_of(config);
	config->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (config->inotify < 0 || !watch(config)) {
		VLOG_WARN("cannot watch %s (%s): after an edit send SIGHUP or run `weft reload`",
			  config->folder, strerror(errno));
		if (config->inotify >= 0)
			close(config->inotify);
		config->inotify = -1;
		return;
	}
	loop_on_readable(config->loop, config->inotify, on_inotify, config);
}

void config_state(const struct config *config, struct config_state *ret)
{
	*ret = config->state;
}
