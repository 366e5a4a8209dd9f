/* SPDX-License-Identifier: Apache-2.0 */
/* Phases one below the other, each beginning where the one before it ended; the last line is the
 * whole, of the width of the terminal. */
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "check.h"

enum { USUAL_WIDTH = 80, LEFT = 2 + 12 + 10 + 2, BAR_MIN = 10, BAR_MAX = 120 };

static int terminal_width(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return USUAL_WIDTH;
}

static int bar_width(void)
{
    int width = terminal_width() - LEFT - 1;

    return width < BAR_MIN ? BAR_MIN : width > BAR_MAX ? BAR_MAX : width;
}

/* A full block where it can be shown. */
static const char *block(void)
{
    locale_t locale;
    bool is_utf8;

    if (!isatty(STDOUT_FILENO))
        return "#";
    locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    is_utf8 = locale != (locale_t)0 && nl_langinfo_l(CODESET, locale)[0] == 'U';
    if (locale != (locale_t)0)
        freelocale(locale);
    return is_utf8 ? "\xe2\x96\x88" : "#";
}

struct bars {
    const char *block;
    int width;
    usec_t total_us;
    usec_t at_us; /* where the next phase begins */
};

static int column(const struct bars *bars, usec_t at_us)
{
    if (at_us >= bars->total_us)
        return bars->width;
    return (int)(at_us * bars->width / bars->total_us);
}

/* What took any time at all has a block. */
static void print_bar(const struct bars *bars, const char *name, usec_t from_us, usec_t took_us)
{
    int from = column(bars, from_us);
    int to = column(bars, from_us + took_us);

    if (from >= bars->width)
        from = bars->width - 1;
    if (to <= from)
        to = from + 1;
    printf("  %-12s%7.1f ms  %*s", name, (double)took_us / 1000, from, "");
    for (int i = from; i < to; i++)
        fputs(bars->block, stdout);
    putchar('\n');
}

static void add_phase(struct bars *bars, const char *name, usec_t took_us)
{
    if (took_us < 0)
        return;
    print_bar(bars, name, bars->at_us, took_us);
    bars->at_us += took_us;
}

void check_bars(const struct timings *timings, bool is_side)
{
    struct bars bars = {.block = block(), .width = bar_width(), .total_us = timings->total_us};

    if (is_side && timings->resolve_us > 0)
        bars.total_us += timings->resolve_us;
    if (timings->total_us < 0)
        return;
    if (bars.total_us == 0)
        bars.total_us = 1;
    add_phase(&bars, "resolve", timings->resolve_us);
    add_phase(&bars, "connect", timings->connect_us);
    add_phase(&bars, "tls", timings->tls_us);
    add_phase(&bars, "first byte", timings->first_byte_us);
    print_bar(&bars, "total", 0, bars.total_us);
}
