/* SPDX-License-Identifier: Apache-2.0 */
/* B1: a region's secret word, exactly while its latch is set; and beside it the next word, while
 * the words change. In every other case, known group or not, the answer is the same empty 404: it
 * cannot hold a word by accident, and tells nothing. */
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct beacon_word *word_of(const struct settings *settings, uint32_t group,
                                         uint32_t region)
{
    const struct group *g = &settings->groups[group];

    for (uint32_t i = 0; g->beacons && i < g->word_count; i++) {
        if (g->words[i].region == region)
            return &g->words[i];
    }
    return NULL;
}

/* All of it is far within the first 5,120 bytes, where Route 53 looks. NULL: no memory. */
static char *body_of(const struct beacon_word *word)
{
    size_t size = strlen(word->word) + strlen(word->next) + 2;
    char *text = malloc(size);

    if (text != NULL)
        snprintf(text, size, word->next[0] != '\0' ? "%s\n%s" : "%s%s", word->word, word->next);
    return text;
}

void handle_beacon(struct request *request)
{
    const struct settings *settings = request->now.settings;
    uint32_t group = settings_group(settings, request->args[0]);
    uint32_t region = settings_region(settings, request->args[1]);
    const struct beacon_word *word =
        group != NONE && region != NONE ? word_of(settings, group, region) : NULL;
    bool lit = word != NULL && request->now.latches != NULL &&
               latches_get(request->now.latches, request->args[0], request->args[1], NULL);
    char *text = lit ? body_of(word) : NULL;

    if (text != NULL)
        reply_text(request, MHD_HTTP_OK, "text/plain", text, strlen(text));
    else
        reply_text(request, MHD_HTTP_NOT_FOUND, "text/plain", NULL, 0);
}
