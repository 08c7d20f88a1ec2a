/* SPDX-License-Identifier: Apache-2.0 */
/* GET /metrics: made while the client reads. Another file may come meanwhile, with other
 * networks and rules; then the rest is of that one. */
#include <stdlib.h>

#include "controller/api_private.h"
#include "controller/metrics.h"

static enum http_more more(void *ctx, struct http_out *out)
{
	size_t size;
	const char *text = metrics_next(ctx, &size);
	if (!text)
		return HTTP_END;
	http_out(out, text, size);
	return HTTP_MORE;
}

static void done(void *ctx) { metrics_free(ctx); }

static const struct http_stream_ops ops = { .more = more, .done = done };

void api_metrics(struct api_request *request)
{
	http_stream(request->call, METRICS_CONTENT_TYPE, &ops, metrics_new(&request->api->world));
}
