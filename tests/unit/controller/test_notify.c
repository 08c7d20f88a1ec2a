/* SPDX-License-Identifier: Apache-2.0 */
/* notify: what a service manager hears. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "controller/notify.h"

static void hears(bool is_abstract)
{
	struct sockaddr_un own = { .sun_family = AF_UNIX };
	char name[64], heard[64] = "";
	snprintf(name, sizeof name, "%sweft-notify-%ld", is_abstract ? "@" : "/tmp/", (long) getpid());
	memcpy(own.sun_path, name, strlen(name));
	if (is_abstract)
		own.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *) &own, (socklen_t) (offsetof(struct sockaddr_un, sun_path) + strlen(name))), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	assert_true(notify_manager("READY=1"));
	assert_int_equal(recv(fd, heard, sizeof heard, 0), 7);
	assert_string_equal(heard, "READY=1");
	close(fd);
	unlink(name);
}

static void test_told(void **state)
{
	(void) state;
	hears(false);
	hears(true);
}

static void test_nobody(void **state)
{
	(void) state;
	setenv("NOTIFY_SOCKET", "/tmp/weft-no-such-socket", 1);
	assert_false(notify_manager("READY=1"));
	setenv("NOTIFY_SOCKET", "vsock:2:1", 1);
	assert_false(notify_manager("READY=1"));
	unsetenv("NOTIFY_SOCKET");
	assert_false(notify_manager("READY=1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_told), cmocka_unit_test(test_nobody) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
