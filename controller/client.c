/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/client.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <curl/curl.h>

#include "topo/arena.h"

enum { PATIENCE_S = 120 };              /* for a whole answer; not for a stream */

/* What came, and what to do with it: kept, or given away line by line. */
struct sink {
	char *text;
	size_t size, room;
	client_line_cb *cb;
	void *ctx;
	bool is_enough;                 /* the callback said so */
};

void client_reply_free(struct client_reply *reply)
{
	free(reply->body);
	reply->body = NULL;
}

static bool give_lines(struct sink *sink)
{
	char *from = sink->text, *end;
	while ((end = memchr(from, '\n', sink->size - (size_t) (from - sink->text)))) {
		*end = '\0';
		if (!sink->cb(sink->ctx, from, (size_t) (end - from))) {
			sink->is_enough = true;
			return false;
		}
		from = end + 1;
	}
	sink->size -= (size_t) (from - sink->text);
	memmove(sink->text, from, sink->size);
	return true;
}

static size_t on_bytes(char *bytes, size_t one, size_t n, void *ctx)
{
	struct sink *sink = ctx;
	(void) one;
	if (sink->size + n + 1 > sink->room) {
		sink->room = 2 * (sink->size + n + 1);
		sink->text = xheap_realloc(sink->text, sink->room);
	}
	memcpy(sink->text + sink->size, bytes, n);
	sink->size += n;
	sink->text[sink->size] = '\0';
	return !sink->cb || give_lines(sink) ? n : 0;
}

/* Labs of this machine (`weft lab up` without --dir) that may be what is meant. */
static void say_labs(void)
{
	glob_t labs;
	if (glob("/run/weft-lab/*/run/weftd.sock", 0, NULL, &labs))
		return;
	for (size_t i = 0; i < labs.gl_pathc; i++)
		fprintf(stderr, "  There is a lab: weft --run-dir %.*s ...\n",
			(int) (strrchr(labs.gl_pathv[i], '/') - labs.gl_pathv[i]), labs.gl_pathv[i]);
	globfree(&labs);
}

static void say_unreachable(const char *path, int os_error, const char *other)
{
	fprintf(stderr, "weft: weftd does not answer on %s: %s\n", path, os_error ? strerror(os_error) : other);
	if (os_error == EACCES)
		fprintf(stderr, "  Its permissions are the login: be root, or be in the group of that socket.\n");
	else
		fprintf(stderr, "  Is it running? If its run directory is another one: weft --run-dir DIR ..., or set WEFT_RUN_DIR.\n");
	if (os_error != EACCES)
		say_labs();
}

/* The answer's code, or 0 after saying why there is none. */
static long perform(CURL *curl, const char *run_dir, const char *target, struct sink *sink)
{
	char path[sizeof ((struct sockaddr_un *) NULL)->sun_path];
	char *url = xheap_alloc(strlen(target) + 32);
	long code = 0, os_error = 0;
	int n = snprintf(path, sizeof path, "%s/weftd.sock", run_dir);
	if (n < 0 || (size_t) n >= sizeof path) {
		fprintf(stderr, "weft: %s is too long for a socket: choose a shorter --run-dir\n", run_dir);
		free(url);
		return 0;
	}
	sprintf(url, "http://weftd%s", target);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, sink);
	CURLcode result = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os_error);
	free(url);
	if (result == CURLE_OK || (sink->cb && code))
		return code;
	if (result == CURLE_COULDNT_CONNECT)
		say_unreachable(path, (int) os_error, curl_easy_strerror(result));
	else
		fprintf(stderr, "weft: weftd on %s did not give a whole answer: %s\n", path, curl_easy_strerror(result));
	return 0;
}

static CURL *new_curl(void)
{
	CURL *curl = curl_easy_init();
	if (!curl) {
		fputs("weft: out of memory\n", stderr);
		abort();
	}
	return curl;
}

bool client_call(const char *run_dir, const char *target, const void *body, size_t size,
		 struct client_reply *reply)
{
	struct sink sink = { .text = xheap_alloc(1), .room = 1 };
	struct curl_slist *headers = NULL;
	CURL *curl = new_curl();
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long) PATIENCE_S);
	if (body) {
		/* Without this libcurl asks first whether it may send a large body. */
		headers = curl_slist_append(NULL, "Expect:");
		headers = curl_slist_append(headers, "Content-Type: application/octet-stream");
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) size);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	}
	long code = perform(curl, run_dir, target, &sink);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	if (!code) {
		free(sink.text);
		return false;
	}
	*reply = (struct client_reply) { .code = code, .body = sink.text, .size = sink.size };
	return true;
}

const char *client_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

long long client_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

void client_say_error(const struct client_reply *reply)
{
	json_t *json = json_loadb(reply->body, reply->size, 0, NULL);
	const char *error = client_text(json, "error"), *hint = client_text(json, "hint");
	if (*error)
		fprintf(stderr, "weft: %s%s%s\n", error, *hint ? "; " : "", hint);
	else
		fprintf(stderr, "weft: weftd answered with code %ld\n", reply->code);
	json_decref(json);
}

json_t *client_get(const char *run_dir, const char *target)
{
	struct client_reply reply;
	json_error_t error;
	json_t *json = NULL;
	if (!client_call(run_dir, target, NULL, 0, &reply))
		return NULL;
	if (reply.code >= 400) {
		client_say_error(&reply);
	} else {
		json = json_loadb(reply.body, reply.size, 0, &error);
		if (!json)
			fprintf(stderr, "weft: weftd's answer is no JSON: %s\n", error.text);
	}
	client_reply_free(&reply);
	return json;
}

bool client_lines(const char *run_dir, const char *target, client_line_cb *cb, void *ctx)
{
	struct sink sink = { .text = xheap_alloc(1), .room = 1, .cb = cb, .ctx = ctx };
	CURL *curl = new_curl();
	perform(curl, run_dir, target, &sink);
	curl_easy_cleanup(curl);
	free(sink.text);
	return sink.is_enough;
}

char *client_target(const char *path, int n_words, char **words)
{
	size_t size = strlen(path) + 2;
	for (int i = 0; i < n_words; i++)
		size += 3 * strlen(words[i]) + 2;
	char *target = xheap_alloc(size);
	strcpy(target, path);
	CURL *curl = new_curl();
	for (int i = 0; i < n_words; i++) {
		char *value = strchr(words[i], '=');
		if (!value || value == words[i]) {
			fprintf(stderr, "weft: \"%s\" is no filter; write it as key=value, as switch=kvm1\n", words[i]);
			free(target);
			target = NULL;
			break;
		}
		char *key = curl_easy_escape(curl, words[i], (int) (value - words[i]));
		value = curl_easy_escape(curl, value + 1, (int) strlen(value + 1));
		sprintf(target + strlen(target), "%c%s=%s", strchr(target, '?') ? '&' : '?', key, value);
		curl_free(key);
		curl_free(value);
	}
	curl_easy_cleanup(curl);
	return target;
}
