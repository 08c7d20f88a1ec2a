/* SPDX-License-Identifier: Apache-2.0 */
/* top: the busiest links and ports, sorted, again and again on a terminal; once in a pipe. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <jansson.h>

#include "controller/cli.h"
#include "controller/cli_list.h"
#include "controller/client.h"
#include "topo/arena.h"

enum { EVERY_MS = 5000, ROWS_ONCE = 20, LEAST_ROWS = 3, FRAME = 6 };

static double real(const json_t *item, const char *key) { return json_number_value(json_object_get(item, key)); }

/* --- what is busy ------------------------------------------------------------------------ */

/* Per direction of a link the part that is used; below 0 = not known. */
static double link_key(const json_t *link)
{
	static const char *const keys[] = { "utilisation_from_a_percent", "utilisation_from_b_percent", "nic_from_a_percent", "nic_from_b_percent" };
	double most = -1;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (json_is_number(json_object_get(link, keys[i])))
			most = fmax(most, real(link, keys[i]));
	return most;
}

static double port_key(const json_t *port)
{
	return json_is_number(json_object_get(port, "rx_mbps")) ? real(port, "rx_mbps") + real(port, "tx_mbps") : -1;
}

struct busy { const json_t *item; double key; size_t at; };

static int busier_first(const void *a_, const void *b_)
{
	const struct busy *a = a_, *b = b_;
	if (a->key != b->key)
		return a->key > b->key ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

/* The n busiest of the list, in order; owned by the caller. */
static struct busy *busiest(const json_t *list, double (*key)(const json_t *), size_t *n)
{
	size_t i, all = json_array_size(list);
	struct busy *items = xheap_alloc((all + 1) * sizeof *items);
	const json_t *item;
	json_array_foreach(list, i, item)
		items[i] = (struct busy) { item, key(item), i };
	qsort(items, all, sizeof *items, busier_first);
	*n = all < *n ? all : *n;
	return items;
}

static void print_links(FILE *f, const json_t *links, size_t n)
{
	struct busy *items = busiest(links, link_key, &n);
	struct cli_table *table = cli_table_new("LINK A-SENDS> A%> B-SENDS> B%> CAPACITY> STATE");
	for (size_t i = 0; i < n; i++) {
		cli_cell(table, items[i].item, "name", FORM_TEXT);
		cli_cell(table, items[i].item, "load_from_a_mbps", FORM_MBPS);
		cli_cell(table, items[i].item, "utilisation_from_a_percent", FORM_PERCENT);
		cli_cell(table, items[i].item, "load_from_b_mbps", FORM_MBPS);
		cli_cell(table, items[i].item, "utilisation_from_b_percent", FORM_PERCENT);
		cli_cell(table, items[i].item, "capacity_mbps", FORM_MBPS);
		cli_cell(table, items[i].item, "state", FORM_TEXT);
	}
	if (cli_table_end(table, f))
		fputc('\n', f);
	free(items);
}

/* Of a port with one host that host: "192.168.20.5 02:00:00:00:00:05". */
static void host_cell(struct cli_table *table, const struct cli *cli, const json_t *port)
{
	char sw[100], name[100], limit[] = "limit=1", *words[] = { sw, name, limit };
	const json_t *use;
	long long n = 0;
	size_t i;
	json_array_foreach(json_object_get(port, "networks"), i, use)
		n += client_number(use, "hosts");
	if (n != 1) {
		cli_table_cell(table, "%s", n ? "several" : "");
		return;
	}
	snprintf(sw, sizeof sw, "switch=%s", client_text(port, "switch"));
	snprintf(name, sizeof name, "port=%s", client_text(port, "name"));
	char *target = client_target("/v1/hosts", 3, words);
	json_t *answer = target ? client_get(cli->run_dir, target) : NULL;
	const json_t *host = json_array_get(json_object_get(answer, "hosts"), 0);
	cli_table_cell(table, "%s%s%s", client_text(host, "ip"), *client_text(host, "ip") ? " " : "", client_text(host, "mac"));
	json_decref(answer);
	free(target);
}

static void print_ports(FILE *f, const struct cli *cli, const json_t *ports, size_t n)
{
	struct busy *items = busiest(ports, port_key, &n);
	struct cli_table *table = cli_table_new("SWITCH PORT IN> OUT> IN-DROPS> OUT-DROPS> HOST");
	for (size_t i = 0; i < n; i++) {
		cli_cell(table, items[i].item, "switch", FORM_TEXT);
		cli_cell(table, items[i].item, "name", FORM_TEXT);
		cli_cell(table, items[i].item, "rx_mbps", FORM_MBPS);
		cli_cell(table, items[i].item, "tx_mbps", FORM_MBPS);
		cli_cell(table, items[i].item, "rx_dropped", FORM_PLAIN);
		cli_cell(table, items[i].item, "tx_dropped", FORM_PLAIN);
		host_cell(table, cli, items[i].item);
	}
	cli_table_end(table, f);
	free(items);
}

/* False after saying why on stderr. */
static bool print_all(FILE *f, const struct cli *cli, size_t rows)
{
	json_t *links = client_get(cli->run_dir, "/v1/links"), *ports = links ? client_get(cli->run_dir, "/v1/ports") : NULL;
	const json_t *list = json_object_get(links, "links");
	size_t n_links = json_array_size(list) < rows / 2 ? json_array_size(list) : rows / 2;
	if (ports) {
		print_links(f, list, n_links);
		print_ports(f, cli, json_object_get(ports, "ports"), rows - n_links);
	}
	json_decref(links);
	json_decref(ports);
	return ports != NULL;
}

/* --- the screen ---------------------------------------------------------------------------- */

static volatile sig_atomic_t is_over;

static void on_signal(int number)
{
	(void) number;
	is_over = 1;
}

static struct winsize screen_size(void)
{
	struct winsize size;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col)
		size = (struct winsize) { .ws_row = 24, .ws_col = 80 };
	return size;
}

/* Lines are cut at the width; a character has one byte that does not begin with 10. */
static void paint(const char *text, struct winsize size)
{
	unsigned row = 0, col = 0;
	printf("\033[H");
	for (const char *p = text; *p && row + 1 < size.ws_row; p++) {
		if (*p == '\n') {
			printf("\033[K\r\n");
			row++;
			col = 0;
			continue;
		}
		col += ((unsigned char) *p & 0xc0) != 0x80;
		if (col <= size.ws_col)
			putchar(*p);
	}
	printf("\033[J");
	fflush(stdout);
}

static void refresh(const struct cli *cli)
{
	struct winsize size = screen_size();
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	size_t rows = size.ws_row > FRAME + LEAST_ROWS ? size.ws_row - FRAME : LEAST_ROWS;
	if (!f)
		return;
	fprintf(f, "the busiest; q ends it\n\n");
	if (!print_all(f, cli, rows))
		fprintf(f, "weftd does not answer in %s; it is asked again\n", cli->run_dir);
	fclose(f);
	paint(text, size);
	free(text);
}

/* True when it shall end. */
static bool wait_for_key(void)
{
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };
	char key;
	if (poll(&fd, 1, EVERY_MS) <= 0)
		return is_over;
	return read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q' || is_over;
}

/* What is said on stderr meanwhile would be in the middle of the picture. */
static int run_screen(const struct cli *cli)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct termios before, raw;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), complaints = dup(STDERR_FILENO);
	if (null < 0 || complaints < 0 || tcgetattr(STDIN_FILENO, &before))
		return cli_bad_usage("top", "this is no terminal; --once prints one table");
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	raw = before;
	raw.c_lflag &= ~(tcflag_t) (ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	dup2(null, STDERR_FILENO);
	printf("\033[?1049h\033[?25l");
	do
		refresh(cli);
	while (!is_over && !wait_for_key());
	printf("\033[?25h\033[?1049l");
	fflush(stdout);
	dup2(complaints, STDERR_FILENO);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	close(null);
	close(complaints);
	return CLI_OK;
}

int cli_top(const struct cli *cli, int argc, char **argv)
{
	bool once = argc == 2 && !strcmp(argv[1], "--once");
	if (argc > 1 && !once)
		return cli_bad_usage(argv[0], "it takes --once and nothing else");
	if (cli->json)
		return cli_bad_usage(argv[0], "for programs there are weft --json show links, and show ports");
	if (!once && isatty(STDOUT_FILENO) && isatty(STDIN_FILENO))
		return run_screen(cli);
	return print_all(stdout, cli, ROWS_ONCE) ? CLI_OK : CLI_ERROR;
}
