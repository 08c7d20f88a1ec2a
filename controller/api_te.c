/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/te and /v1/graph. A what-if is a plan of its own: it is made beside the loop,
 * and the answer is a stream that waits meanwhile, so the client may go away. */
#include <stdlib.h>
#include <string.h>

#include "controller/api_private.h"
#include "controller/show_te.h"
#include "topo/arena.h"

struct asked {
	struct te_question *question;
	struct http_call *call;         /* null = the client has gone */
	bool is_done;
};

static enum http_more more(void *ctx, struct http_out *out)
{
	struct asked *a = ctx;
	if (!a->is_done)
		return HTTP_WAIT;
	return api_out_last(out, te_question_answer(a->question));
}

static void asked_free(struct asked *a)
{
	te_question_free(a->question);
	free(a);
}

static void client_gone(void *ctx)
{
	struct asked *a = ctx;
	a->call = NULL;
	if (a->is_done)
		asked_free(a);
}

static const struct http_stream_ops ops = { .more = more, .done = client_gone };

static void run(void *ctx)
{
	struct asked *a = ctx;
	te_question_run(a->question);
}

static void done(void *ctx)
{
	struct asked *a = ctx;
	a->is_done = true;
	if (a->call)
		http_wake(a->call);
	else
		asked_free(a);
}

static void ask(struct api_request *request, const char *text)
{
	struct core *core = request->api->world.core;
	char why[300];
	struct te_question *question = te_question_new(core, text, why, sizeof why);
	if (!question) {
		api_error(request->call, 400, NULL, "weft show links lists the links; ask \"kvm1-kvm2 down\", \"kvm2 down\" or "
			  "\"kvm1->kvm3 x2\"", "%s", why);
		return;
	}
	struct asked *a = xheap_alloc(sizeof *a);
	*a = (struct asked) { .question = question, .call = request->call };
	http_stream(request->call, "application/json", &ops, a);
	if (core->work) {
		core->work(core->ctx, run, done, a);
	} else {
		run(a);
		a->is_done = true;
	}
}

void api_te(struct api_request *request)
{
	const char *text = http_param(request->call, "what_if");
	if (text)
		ask(request, text);
	else
		api_reply(request->call, show_te(&request->api->world, &request->query));
}

void api_graph(struct api_request *request)
{
	api_reply(request->call, show_graph(&request->api->world));
}
