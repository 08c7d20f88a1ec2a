/* SPDX-License-Identifier: Apache-2.0 */
/* acl_probe file SEED [simple]: a random file with rules.
 * acl_probe frames SEED N FILE: random frames, and where the reference says they
 * come out: "FROM STATE HEX -> TO ..." per line. The last four bytes of a frame
 * are its number. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/apps/acl_expect.h"

static int print_file(bool is_simple)
{
	random_file(stdout, is_simple);
	return 0;
}

static void print_frame(const struct net *net, unsigned number)
{
	const struct place *from = &places[random_below(N_PLACES)];
	const struct tracked_state *state;
	bool is_for[N_PLACES], expected[N_PLACES];
	uint8_t frame[RANDOM_FRAME];
	unsigned dst;
	do
		state = &tracked_states[random_below(N_STATES)];
	while (!state->words);
	size_t size = expect_frame(from, &dst, frame);
	for (unsigned i = 0; i < 4; i++)
		frame[size - 1 - i] = (uint8_t) (number >> 8 * i);
	expect_places(net, from, dst, frame, size, state, is_for, expected);
	printf("%s %s ", from->name, state->words);
	for (size_t i = 0; i < size; i++)
		printf("%02x", frame[i]);
	printf(" ->");
	for (size_t p = 0; p < N_PLACES; p++)
		if (expected[p])
			printf(" %s", places[p].name);
	putchar('\n');
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	random_seed(strtoull(argv[2], NULL, 0) * 0x9e3779b97f4a7c15ULL);
	if (!strcmp(argv[1], "file"))
		return print_file(argc > 3);
	if (argc < 5)
		return 2;
	struct diag *diag = diag_new(argv[4]);
	struct net *net = net_load(argv[4], diag);
	if (!net)
		diag_print(diag, stderr);
	for (unsigned n = 1; net && n <= strtoul(argv[3], NULL, 0); n++)
		print_frame(net, n);
	net_free(net);
	diag_free(diag);
	return net ? 0 : 1;
}
