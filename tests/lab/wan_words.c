// SPDX-License-Identifier: Apache-2.0
/* The commands of the laboratory's network, a line each:
 *
 *     delay A B MS        both ways, one way each      cut A B             both ways
 *     jitter A B MS       up to this much, +/-         cut-one-way A B     what goes from A to B
 *     loss A B PCT        both ways                    heal [A [B]]        undoes cuts and loss
 *                                                      show                every link in use
 *
 * A and B are hosts, several joined by commas, or * for all; a host is not linked with itself. The
 * lines of one message take effect at one instant, or, if one of them is wrong, none does. */
#include "wan_state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 4, LINE_MAX_LENGTH = 1023, US_IN_MS = 1000, PPM_IN_PCT = 10000 };

/* A line that is being obeyed. */
struct order {
    struct wan_links *links;
    FILE *answer;
    char *words[WORDS_MAX + 1]; /* one more than allowed, so that too many are seen */
    uint32_t word_count;
    uint32_t a; /* sets of hosts, a bit each */
    uint32_t b;
    double number;
    char wrong[256];
};

struct command {
    const char *name;
    uint32_t words_min;
    uint32_t words_max;
    const char *usage;
    double number_max; /* of the fourth word */
    bool one_way;
    void (*change)(const struct order *order, struct wan_link *link);
};

/* ---- what each does to one link, one way ---- */

static void change_delay(const struct order *order, struct wan_link *link)
{
    link->rule.delay_us = (uint64_t)(order->number * US_IN_MS);
}

static void change_jitter(const struct order *order, struct wan_link *link)
{
    link->rule.jitter_us = (uint64_t)(order->number * US_IN_MS);
}

static void change_loss(const struct order *order, struct wan_link *link)
{
    link->rule.loss_ppm = (uint64_t)(order->number * PPM_IN_PCT);
}

static void change_cut(const struct order *order, struct wan_link *link)
{
    (void)order;
    link->rule.cut = true;
    wan_link_clear(link);
}

static void change_heal(const struct order *order, struct wan_link *link)
{
    (void)order;
    link->rule.cut = false;
    link->rule.loss_ppm = 0;
}

static const struct command commands[] = {
    {"delay", 4, 4, "delay A B MS, 0 to 60000", WAN_DELAY_MAX_MS, false, change_delay},
    {"jitter", 4, 4, "jitter A B MS, 0 to 60000", WAN_DELAY_MAX_MS, false, change_jitter},
    {"loss", 4, 4, "loss A B PCT, 0 to 100", 100, false, change_loss},
    {"cut", 3, 3, "cut A B", 0, false, change_cut},
    {"cut-one-way", 3, 3, "cut-one-way A B", 0, true, change_cut},
    {"heal", 1, 3, "heal [A [B]]", 0, false, change_heal},
    {"show", 1, 1, "show", 0, false, NULL},
};

/* ---- reading ---- */

static int parse_host(const struct order *order, const char *name, size_t length, uint32_t *ret_set)
{
    const struct wan_links *links = order->links;

    for (uint32_t i = 0; i < links->host_count; i++) {
        if (strlen(links->names[i]) == length && memcmp(links->names[i], name, length) == 0) {
            *ret_set |= UINT32_C(1) << i;
            return 0;
        }
    }
    return -1;
}

/* "a,b" or "*" */
static int parse_hosts(struct order *order, const char *text, uint32_t *ret_set)
{
    uint32_t set = 0;

    if (strcmp(text, "*") == 0) {
        *ret_set = (UINT32_C(1) << order->links->host_count) - 1;
        return 0;
    }
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");

        if (parse_host(order, at, length, &set) < 0) {
            snprintf(order->wrong, sizeof order->wrong,
                     "'%.*s' is no host; allowed: the hosts of `show`, several joined by commas, *",
                     (int)(length < WAN_NAME_MAX ? length : WAN_NAME_MAX), at);
            return -1;
        }
        at += length;
        if (*at == '\0')
            break;
    }
    *ret_set = set;
    return 0;
}

static int parse_number(struct order *order, const struct command *command)
{
    const char *text = order->words[3];
    char *end;

    errno = 0;
    order->number = strtod(text, &end);
    if (end == text || *end != '\0' || errno != 0 ||
        !(order->number >= 0 && order->number <= command->number_max)) {
        snprintf(order->wrong, sizeof order->wrong, "'%.31s': allowed is %s", text, command->usage);
        return -1;
    }
    return 0;
}

static void split(struct order *order, char *line)
{
    char *at = line;

    for (order->word_count = 0; order->word_count <= WORDS_MAX; order->word_count++) {
        at += strspn(at, " \t\r");
        if (*at == '\0')
            return;
        order->words[order->word_count] = at;
        at += strcspn(at, " \t\r");
        if (*at != '\0')
            *at++ = '\0';
    }
}

static int complain_of_name(struct order *order)
{
    size_t used = (size_t)snprintf(
        order->wrong, sizeof order->wrong,
        "'%.31s' is no command; allowed:", order->word_count > 0 ? order->words[0] : "");

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        used += (size_t)snprintf(order->wrong + used, sizeof order->wrong - used, "%s %s",
                                 i > 0 ? "," : "", commands[i].name);
    return -1;
}

static int parse(struct order *order, const struct command **ret_command)
{
    const struct command *command = NULL;

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (order->word_count > 0 && strcmp(order->words[0], commands[i].name) == 0)
            command = &commands[i];
    if (!command)
        return complain_of_name(order);
    if (order->word_count < command->words_min || order->word_count > command->words_max) {
        snprintf(order->wrong, sizeof order->wrong, "allowed is %s", command->usage);
        return -1;
    }
    if (parse_hosts(order, order->word_count > 1 ? order->words[1] : "*", &order->a) < 0 ||
        parse_hosts(order, order->word_count > 2 ? order->words[2] : "*", &order->b) < 0)
        return -1;
    if (order->word_count == WORDS_MAX && parse_number(order, command) < 0)
        return -1;
    *ret_command = command;
    return 0;
}

/* ---- obeying ---- */

static void show(const struct wan_links *links, FILE *answer)
{
    for (uint32_t from = 0; from < links->host_count; from++) {
        for (uint32_t to = 0; to < links->host_count; to++) {
            const struct wan_link *link = &links->links[from][to];

            if (from == to)
                continue;
            fprintf(
                answer, "%s %s delay %g jitter %g loss %g %s passed %" PRIu64 " lost %" PRIu64 "\n",
                links->names[from], links->names[to], (double)link->rule.delay_us / US_IN_MS,
                (double)link->rule.jitter_us / US_IN_MS, (double)link->rule.loss_ppm / PPM_IN_PCT,
                link->rule.cut ? "cut" : "open", link->passed, link->lost);
        }
    }
}

static bool is_meant(const struct order *order, const struct command *command, uint32_t from,
                     uint32_t to)
{
    bool there = (order->a >> from & 1) && (order->b >> to & 1);
    bool back = (order->b >> from & 1) && (order->a >> to & 1);

    return from != to && (there || (back && !command->one_way));
}

static void obey(const struct order *order, const struct command *command)
{
    struct wan_links *links = order->links;

    if (!command->change) {
        show(links, order->answer);
        return;
    }
    for (uint32_t from = 0; from < links->host_count; from++)
        for (uint32_t to = 0; to < links->host_count; to++)
            if (is_meant(order, command, from, to))
                command->change(order, &links->links[from][to]);
}

/* Reads the line that begins here, and obeys it unless this is only to see whether it is right. */
static int do_line(struct order *order, const char *begin, size_t length, bool only_read)
{
    const struct command *command = NULL;
    char line[LINE_MAX_LENGTH + 1];

    if (length > LINE_MAX_LENGTH) {
        snprintf(order->wrong, sizeof order->wrong, "%zu bytes; allowed: %d", length,
                 LINE_MAX_LENGTH);
        return -1;
    }
    memcpy(line, begin, length);
    line[length] = '\0';
    split(order, line);
    if (parse(order, &command) < 0)
        return -1;
    if (!only_read)
        obey(order, command);
    return 0;
}

static int do_lines(struct order *order, const char *lines, bool only_read)
{
    unsigned number = 1;

    for (const char *at = lines; number == 1 || *at != '\0'; number++) {
        size_t length = strcspn(at, "\n");

        if (do_line(order, at, length, only_read) < 0) {
            fprintf(order->answer, "error: line %u: %s\n", number, order->wrong);
            return -1;
        }
        at += length;
        if (*at == '\n')
            at++;
    }
    return 0;
}

void wan_links_obey(struct wan_links *links, const char *lines, FILE *answer)
{
    struct order order = {.links = links, .answer = answer};

    if (do_lines(&order, lines, true) == 0 && do_lines(&order, lines, false) == 0)
        fputs("ok\n", answer);
}
