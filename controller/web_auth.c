/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/web_auth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the token --------------------------------------------------------------------------- */

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void web_token_new(char token[WEB_TOKEN_MAX + 1])
{
	uint8_t bytes[43];
	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t) sizeof bytes) {
		fputs("weft: the kernel gives no random bytes\n", stderr);
		abort();
	}
	for (size_t i = 0; i < sizeof bytes; i++)
		token[i] = letters[bytes[i] & 63];
	token[sizeof bytes] = '\0';
}

static char problem[600];

static const char *fail(const char *path, const char *why)
{
	snprintf(problem, sizeof problem, "%s: %s", path, why);
	return problem;
}

static const char *make(const char *path, char token[WEB_TOKEN_MAX + 1])
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	char line[WEB_TOKEN_MAX + 2];
	if (fd < 0)
		return fail(path, strerror(errno));
	web_token_new(token);
	int n = snprintf(line, sizeof line, "%s\n", token);
	bool is_written = write(fd, line, (size_t) n) == n && !fsync(fd);
	int why = errno;
	close(fd);
	if (is_written)
		return NULL;
	unlink(path);
	return fail(path, strerror(why));
}

/* What a cookie and a header can carry. */
static bool is_token(const char *text)
{
	return text[strspn(text, letters)] == '\0' && strlen(text) >= WEB_TOKEN_MIN && strlen(text) <= WEB_TOKEN_MAX;
}

const char *web_token_file(const char *path, char token[WEB_TOKEN_MAX + 1])
{
	char line[WEB_TOKEN_MAX + 3] = "";
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? make(path, token) : fail(path, strerror(errno));
	bool is_there = !fstat(fd, &st);
	ssize_t n = read(fd, line, sizeof line - 1);
	close(fd);
	if (is_there && !S_ISREG(st.st_mode))
		return fail(path, "it is no regular file");
	if (!is_there || n < 0)
		return fail(path, "it cannot be read");
	if (st.st_mode & 0077)
		return fail(path, "others may read it; run: chmod 600, and put another token in");
	line[strcspn(line, "\n")] = '\0';
	if (!is_token(line))
		return fail(path, "its first line is no token: 20 to 200 letters, digits, - and _; remove the file to get a new one");
	strcpy(token, line);
	return NULL;
}

bool web_token_is(const char *token, const char *given, size_t size)
{
	volatile unsigned differs = 0;
	if (!given || size != strlen(token))
		return false;
	for (size_t i = 0; i < size; i++)
		differs |= (unsigned char) token[i] ^ (unsigned char) given[i];
	return !differs;
}

/* --- where it comes ------------------------------------------------------------------------ */

const char *web_cookie(const char *header, const char *name, size_t *ret_size)
{
	size_t size = strlen(name);
	for (const char *p = header; p && *p;) {
		p += strspn(p, "; ");
		size_t n = strcspn(p, ";");
		if (n > size && !strncmp(p, name, size) && p[size] == '=') {
			*ret_size = n - size - 1;
			return p + size + 1;
		}
		p += n;
	}
	return NULL;
}

const char *web_bearer(const char *header)
{
	return header && !strncasecmp(header, "Bearer ", 7) ? header + 7 : NULL;
}

/* --- who is asked ---------------------------------------------------------------------------- */

/* Without its port; false when it is none. */
static bool cut_port(const char *host, char name[256])
{
	const char *end = host[0] == '[' ? strchr(host, ']') : host + strcspn(host, ":");
	if (!end || end == host)
		return false;
	const char *from = host + (host[0] == '['), *rest = end + (host[0] == '[');
	if (*rest && (*rest != ':' || !rest[1] || rest[1 + strspn(rest + 1, "0123456789")]))
		return false;
	return snprintf(name, 256, "%.*s", (int) (end - from), from) < 256;
}

bool web_host_is_ours(const char *host, bool (*is_name)(void *ctx, const char *name), void *ctx)
{
	char name[256];
	uint8_t address[16];
	if (!host || !cut_port(host, name))
		return false;
	if (inet_pton(host[0] == '[' ? AF_INET6 : AF_INET, name, address) == 1)
		return true;
	return host[0] != '[' && (!strcasecmp(name, "localhost") || is_name(ctx, name));
}
