/* SPDX-License-Identifier: Apache-2.0 */
/* How YAML 1.1 reads an unquoted text (yaml.org/type, 2005): the rules that
 * turn `on` into true, 010 into 8, 52:54:00:12:34:56 into a large number and
 * 1e3 into 1000.0. Tools that still follow them rewrite files that way. */
#include <string.h>

#include "topo/scalar.h"

static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
static const char *const bools[] = {
	"y", "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO", "true", "True", "TRUE",
	"false", "False", "FALSE", "on", "On", "ON", "off", "Off", "OFF", NULL,
};
static const char *const floats[] = {
	".inf", ".Inf", ".INF", "-.inf", "-.Inf", "-.INF", "+.inf", "+.Inf", "+.INF",
	".nan", ".NaN", ".NAN", NULL,
};

static bool is_among(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(text, *words))
			return true;
	return false;
}

static bool is_all(const char *text, const char *set)
{
	return *text && text[strspn(text, set)] == '\0';
}

/* 1:30 and 190:20:30: groups of one or two digits below 60 behind the first. */
static bool is_sexagesimal(const char *p)
{
	size_t n = strspn(p, "0123456789_");

	if (!n || *p == '0' || *p == '_' || p[n] != ':')
		return false;
	for (p += n; *p == ':'; p += n) {
		p++;
		n = strspn(p, "0123456789");
		if (n < 1 || n > 2 || (n == 2 && *p > '5'))
			return false;
	}
	return *p == '\0';
}

/* [0-9]*.[0-9]* with an exponent, or digits with one. YAML 1.1 asks for the
 * dot and a sign in the exponent, 1.2 and many tools for neither. */
static bool is_float(const char *p)
{
	size_t digits = strspn(p, "0123456789_"), n = digits;
	bool has_dot = p[n] == '.';

	if (has_dot) {
		size_t fraction = strspn(p + n + 1, "0123456789_");
		n += 1 + fraction;
		digits += fraction;
	}
	if (!digits || *p == '_')
		return false;
	if (p[n] == 'e' || p[n] == 'E') {
		n++;
		n += p[n] == '+' || p[n] == '-';
		return is_all(p + n, "0123456789");
	}
	return has_dot && p[n] == '\0';
}

static bool is_date(const char *p)
{
	static const char form[] = "dddd-dd-dd";

	for (size_t i = 0; i < sizeof form - 1; i++)
		if (form[i] == 'd' ? p[i] < '0' || p[i] > '9' : p[i] != '-')
			return false;
	p += sizeof form - 1;
	return *p == '\0' || *p == 'T' || *p == 't' || *p == ' ';
}

enum scalar_guess scalar_guess(const char *text)
{
	const char *p = text + (*text == '-' || *text == '+');

	if (is_among(text, nulls))
		return SCALAR_NULL;
	if (is_among(text, bools))
		return SCALAR_BOOL;
	if (is_among(text, floats))
		return SCALAR_FLOAT;
	if (!strcmp(p, "0"))
		return SCALAR_INT;
	if (p[0] == '0' && is_all(p, "0123456789_"))
		return SCALAR_OCTAL;
	if (p[0] == '0' && (p[1] == 'o' || p[1] == 'b') && is_all(p + 2, "01234567_"))
		return SCALAR_OCTAL;
	if (p[0] == '0' && p[1] == 'x' && is_all(p + 2, "0123456789abcdefABCDEF_"))
		return SCALAR_INT;
	if (*p != '_' && is_all(p, "0123456789_"))
		return SCALAR_INT;
	if (is_sexagesimal(p))
		return SCALAR_SEXAGESIMAL;
	if (is_float(p))
		return SCALAR_FLOAT;
	if (is_date(text))
		return SCALAR_DATE;
	return SCALAR_STRING;
}

const char *scalar_guess_name(enum scalar_guess guess)
{
	switch (guess) {
	case SCALAR_STRING:
		return "text";
	case SCALAR_NULL:
		return "nothing";
	case SCALAR_BOOL:
		return "true or false";
	case SCALAR_INT:
		return "a number";
	case SCALAR_OCTAL:
		return "an octal number";
	case SCALAR_FLOAT:
		return "a decimal fraction";
	case SCALAR_SEXAGESIMAL:
		return "a number in base 60";
	case SCALAR_DATE:
		return "a date";
	}
	return "text";
}
