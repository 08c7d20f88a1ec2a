/* SPDX-License-Identifier: Apache-2.0 */
/* web: options, the socket, the token; then controller/web.c serves until a signal comes. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "controller/cli.h"
#include "controller/loop.h"
#include "controller/web.h"
#include "controller/web_auth.h"
#include "ofproto/listen.h"
#include "ofproto/log.h"
#include "ofproto/tls.h"

enum { MAX_NAMES = 16, RELOAD_MS = 10000, BACKLOG = 64 };

struct wish {
	const char *listen, *pki, *token_file;
	bool tls;
	const char *names[MAX_NAMES];
	size_t n_names;
};

static int fail(const char *why)
{
	fprintf(stderr, "weft web: %s\n", why);
	return CLI_ERROR;
}

/* --- the socket --------------------------------------------------------------------------- */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static bool is_loopback(const union address *a)
{
	if (a->any.sa_family == AF_INET)
		return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

/* "127.0.0.1:8653", "[::1]:8653". Null, or what is wrong. */
static const char *parse(const char *text, union address *ret)
{
	static char copy[100];
	struct listen_target target;
	if (snprintf(copy, sizeof copy, "tcp:%s", text) >= (int) sizeof copy)
		return "--listen is too long";
	if (listen_parse(copy, &target))
		return "--listen takes ADDRESS:PORT, as 127.0.0.1:8653, [::1]:8653 or, with --tls, [::]:8653";
	memset(ret, 0, sizeof *ret);
	if (inet_pton(AF_INET, target.address, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons(target.port);
	} else if (!target.address[0] || inet_pton(AF_INET6, target.address, &ret->v6.sin6_addr) == 1) {
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_port = htons(target.port);
	} else {
		return "--listen takes an address, no name";
	}
	return NULL;
}

/* -1 after saying why. */
static int open_socket(const char *text, union address *at)
{
	socklen_t size = at->any.sa_family == AF_INET ? sizeof at->v4 : sizeof at->v6;
	int fd = socket(at->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (fd < 0 || bind(fd, &at->any, size) || listen(fd, BACKLOG) || getsockname(fd, &at->any, &size)) {
		fprintf(stderr, "weft web: cannot listen on %s: %s\n", text, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static uint16_t port_of(const union address *a)
{
	return ntohs(a->any.sa_family == AF_INET ? a->v4.sin_port : a->v6.sin6_port);
}

/* --- what is printed ------------------------------------------------------------------------ */

static bool is_any(const union address *a)
{
	return a->any.sa_family == AF_INET ? !a->v4.sin_addr.s_addr : IN6_IS_ADDR_UNSPECIFIED(&a->v6.sin6_addr);
}

/* How a browser calls us: the address, the first --name, or this machine's name. */
static void host_text(const struct wish *wish, const union address *a, char host[300])
{
	char text[INET6_ADDRSTRLEN];
	if (wish->n_names) {
		snprintf(host, 300, "%s", wish->names[0]);
	} else if (is_any(a)) {
		if (gethostname(host, 256))
			strcpy(host, "localhost");
	} else if (a->any.sa_family == AF_INET) {
		snprintf(host, 300, "%s", inet_ntop(AF_INET, &a->v4.sin_addr, text, sizeof text));
	} else {
		snprintf(host, 300, "[%s]", inet_ntop(AF_INET6, &a->v6.sin6_addr, text, sizeof text));
	}
}

static void say_address(const struct wish *wish, const union address *a, const char *token)
{
	char host[300];
	host_text(wish, a, host);
	printf("http%s://%s:%u/", wish->tls ? "s" : "", host, port_of(a));
	if (wish->token_file)
		printf("\nthe token is in %s\n", wish->token_file);
	else
		printf("?token=%s\n", token);
	fflush(stdout);
}

/* --- the run ---------------------------------------------------------------------------------- */

static void stop(void *ctx) { loop_stop(ctx); }

static void look_at_files(void *ctx)
{
	const char *error;
	if (tls_reload(ctx, &error) < 0)
		fprintf(stderr, "weft web: %s; the old certificates stay in force\n", error);
}

static int serve(const struct cli *cli, const struct wish *wish, struct tls *tls, const char *token)
{
	union address at;
	const char *why = parse(wish->listen, &at);
	if (why)
		return fail(why);
	if (!wish->tls && !is_loopback(&at))
		return fail("beyond this machine only with --tls, or everybody on the way reads the token");
	int fd = open_socket(wish->listen, &at);
	if (fd < 0)
		return CLI_ERROR;
	struct loop *loop = loop_new();
	const struct web_options options = {
		.run_dir = cli->run_dir, .token = token, .port = port_of(&at), .tls = tls, .names = wish->names, .n_names = wish->n_names,
	};
	struct web *web = web_new(loop, fd, &options);
	struct loop_timer *reload = tls ? loop_every(loop, RELOAD_MS, look_at_files, tls) : NULL;
	loop_on_signal(loop, SIGTERM, stop, loop);
	loop_on_signal(loop, SIGINT, stop, loop);
	say_address(wish, &at, token);
	loop_run(loop);
	loop_timer_free(reload);
	web_free(web);
	loop_free(loop);
	return CLI_OK;
}

static int run(const struct cli *cli, const struct wish *wish)
{
	char token[WEB_TOKEN_MAX + 1];
	const char *why = NULL;
	struct tls *tls = NULL;
	if (wish->token_file)
		why = web_token_file(wish->token_file, token);
	else
		web_token_new(token);
	if (!why && wish->tls)
		tls = tls_new(wish->pki, &why);
	if (why)
		return fail(why);
	int status = serve(cli, wish, tls, token);
	tls_free(tls);
	return status;
}

/* --- options ------------------------------------------------------------------------------------ */

/* The value of the option at argv[*i], which then is the last word of it; null = another option. */
static const char *value_of(const char *option, int argc, char **argv, int *i)
{
	size_t size = strlen(option);
	if (!strncmp(argv[*i], option, size) && argv[*i][size] == '=')
		return argv[*i] + size + 1;
	if (strcmp(argv[*i], option) || *i + 1 == argc)
		return NULL;
	return argv[++*i];
}

int cli_web(const struct cli *cli, int argc, char **argv)
{
	struct wish wish = { .listen = "127.0.0.1:8653", .pki = "/etc/weft/pki" };
	const char *value;
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--tls"))
			wish.tls = true;
		else if ((value = value_of("--listen", argc, argv, &i)))
			wish.listen = value;
		else if ((value = value_of("--pki", argc, argv, &i)))
			wish.pki = value;
		else if ((value = value_of("--token-file", argc, argv, &i)))
			wish.token_file = value;
		else if (wish.n_names < MAX_NAMES && (value = value_of("--name", argc, argv, &i)))
			wish.names[wish.n_names++] = value;
		else
			return cli_bad_usage(argv[0], "it takes --listen ADDR:PORT, --tls, --pki DIR, --token-file FILE and --name NAME");
	}
	signal(SIGPIPE, SIG_IGN);
	log_init("weft");
	log_set("all", "warn");
	return run(cli, &wish);
}
