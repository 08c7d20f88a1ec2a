/* SPDX-License-Identifier: Apache-2.0 */
/* The files of controller/web, as they are, inside of the program. */
#include "controller/web_private.h"

#define FILE_INSIDE(NAME, FILE) \
	extern const char NAME[], NAME##_end[]; \
	__asm__(".section .rodata\n" #NAME ":\n.incbin \"controller/web/" FILE "\"\n" #NAME "_end:\n.byte 0\n.previous\n");

FILE_INSIDE(page_index, "index.html")
FILE_INSIDE(page_style, "style.css")
FILE_INSIDE(page_app, "app.mjs")
FILE_INSIDE(page_model, "model.mjs")
FILE_INSIDE(page_explain, "explain.mjs")
FILE_INSIDE(page_layout, "layout.mjs")
FILE_INSIDE(page_door, "door.html")

#define HTML "text/html; charset=utf-8"
#define CSS "text/css; charset=utf-8"
#define JS "text/javascript; charset=utf-8"

const struct web_asset web_assets[] = {
	{ "/", HTML, page_index, page_index_end },
	{ "/style.css", CSS, page_style, page_style_end },
	{ "/app.mjs", JS, page_app, page_app_end },
	{ "/model.mjs", JS, page_model, page_model_end },
	{ "/explain.mjs", JS, page_explain, page_explain_end },
	{ "/layout.mjs", JS, page_layout, page_layout_end },
};
const size_t n_web_assets = sizeof web_assets / sizeof *web_assets;
const struct web_asset web_door = { "", HTML, page_door, page_door_end };
