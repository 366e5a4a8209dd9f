/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_watch.c: the life of the stream.
 *
 *     ASKING --> OPENING --> OPEN
 *       ^                     |
 *       +----- PAUSING <------+   the stream broke, at any time
 *
 * ASKING is a small linearizable read through the link. It finds a member that answers and has a
 * majority behind it, gets a token if one is needed, and says where the store is: the beginning of
 * a new watch, or the proof that the store was not set back behind what was told. The stream is
 * then opened at the member that answered, behind what was told.
 *
 * A stream may be dead and silent: a path that swallows packets, a member that stands still. So a
 * quiet stream is asked for a sign of life; and when a read shows a change that the stream does not
 * tell, it is given up. (That a member lost its majority, it says itself: see "hasleader".) */
#include "etcd_watch.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etcd_members.h"
#include "etcd_stream.h"
#include "etcd_words.h"

enum {
    TICK_MS = 500,
    QUIET_MS = 2000,  /* then the stream is asked for a sign of life */
    STRAY_MS = 5000,  /* the link lives elsewhere for so long: the stream follows */
    STEADY_MS = 5000, /* a stream that stood so long was a good one */
    PAUSE_FIRST_MS = 50,
    PAUSE_LAST_MS = 1000,
    BREAKS_MAX = 3, /* in a row, then the reader is told */
    REQUEST_MAX = 8192
};

enum watch_phase { WATCH_PAUSING, WATCH_ASKING, WATCH_OPENING, WATCH_OPEN };

struct etcd_watch {
    struct etcd_link *link;
    const struct store_settings *settings;
    const char *prefix;
    char under[STORE_KEY_MAX + 1];
    store_watch_event event;
    void *context;

    enum watch_phase phase;
    uv_timer_t timer;
    bool asked; /* the link has a question of ours */
    struct etcd_stream *stream;
    uint32_t member; /* it stands at */
    msec_t opened_ms;
    unsigned breaks; /* since a stream stood well */

    uint64_t told; /* everything up to here; 0: where the store is now is not known */
    uint64_t told_when_asked;
    bool lost;
    enum store_status lost_status;
    msec_t line_ms;     /* the last sign of life */
    msec_t progress_ms; /* when another was asked for; 0: it was not */
    msec_t stray_ms;    /* the link's member is another since; 0: it is not */
    uint64_t changed;   /* a read saw this ... */
    msec_t changed_ms;  /* ... at that time, and the stream has not told it */

    bool closing;
    bool timer_closed;
    void (*closed)(void *context);
    void *closed_context;
};

static void ask(struct etcd_watch *watch);
static void on_timer(uv_timer_t *timer);

static msec_t now_ms(void)
{
    return (msec_t)(uv_hrtime() / 1000000);
}

static void wake_after(struct etcd_watch *watch, msec_t after_ms)
{
    uv_update_time(etcd_link_loop(watch->link));
    (void)uv_timer_start(&watch->timer, on_timer, (uint64_t)after_ms, 0);
}

/* ---- telling ---- */

static void tell_lost(struct etcd_watch *watch, enum store_status status, const char *words)
{
    if (watch->lost && watch->lost_status == status)
        return;
    watch->lost = true;
    watch->lost_status = status;
    watch->event(watch->context, status, NULL, words);
}

static void tell_lost_at(struct etcd_watch *watch, const char *words)
{
    char sentence[ETCD_SENTENCE_MAX + 1];

    (void)snprintf(sentence, sizeof(sentence), "store: etcd: the watch: %s", words);
    tell_lost(watch, STORE_AWAY, sentence);
}

/* After a loss: an empty event, which asks the reader to read everything again. */
static void tell_again(struct etcd_watch *watch)
{
    struct store_view nothing = {.revision = watch->told, .since = watch->told};

    watch->lost = false;
    watch->event(watch->context, STORE_OK, &nothing, "");
}

/* Its revision is that of the last change in it: the line's own may be ahead of what it tells. */
static void tell_changes(struct etcd_watch *watch, const struct etcd_watch_line *line)
{
    struct store_view changes = {.since = watch->told};
    size_t first = 0;

    while (first < line->count && line->items[first].mod_revision <= watch->told)
        first++;
    if (first == line->count)
        return;
    changes.items = line->items + first;
    changes.count = line->count - first;
    changes.revision = line->items[line->count - 1].mod_revision;
    watch->told = changes.revision;
    if (watch->changed <= watch->told)
        watch->changed = 0;
    watch->event(watch->context, STORE_OK, &changes, "");
}

/* ---- breaking ---- */

static void stop_stream(struct etcd_watch *watch)
{
    if (watch->stream != NULL)
        etcd_stream_close(watch->stream);
    watch->stream = NULL;
}

/* The stream is no more; nothing is missed yet. */
static void take_up(struct etcd_watch *watch, enum store_status status, const char *sentence)
{
    if (watch->phase == WATCH_OPEN && now_ms() - watch->opened_ms > STEADY_MS)
        watch->breaks = 0;
    stop_stream(watch);
    watch->phase = WATCH_PAUSING;
    wake_after(watch,
               etcd_back_off_ms(PAUSE_FIRST_MS, PAUSE_LAST_MS, watch->breaks, etcd_random()));
    watch->breaks++;
    if (watch->breaks > BREAKS_MAX && sentence[0] != '\0')
        tell_lost(watch, status, sentence);
}

static void give_up_member(struct etcd_watch *watch, const char *words)
{
    char sentence[ETCD_SENTENCE_MAX + 1];
    struct etcd_target target;

    etcd_link_target(watch->link, watch->member, ETCD_PATH_WATCH, &target);
    (void)snprintf(sentence, sizeof(sentence), "store: etcd at %.120s, asked to tell changes: %s",
                   target.member, words);
    etcd_link_blame(watch->link, watch->member);
    take_up(watch, STORE_AWAY, sentence);
}

/* What was told is no ground to go on from: begin where the store is now. */
static void begin_anew(struct etcd_watch *watch, const char *words)
{
    take_up(watch, STORE_AWAY, "");
    watch->told = 0;
    watch->changed = 0;
    tell_lost_at(watch, words);
}

/* ---- the stream's lines ---- */

static void on_canceled(struct etcd_watch *watch, const struct etcd_watch_line *line)
{
    char sentence[ETCD_SENTENCE_MAX + 1];
    struct etcd_target target;

    if (line->compacted > 0 || line->error.fault == ETCD_COMPACTED) {
        begin_anew(watch, "what changed meanwhile was compacted away; everything is read again");
        return;
    }
    etcd_link_target(watch->link, watch->member, ETCD_PATH_WATCH, &target);
    etcd_sentence(sentence, sizeof(sentence), target.member, ETCD_PATH_WATCH, 1, &line->error);
    if (line->error.fault == ETCD_BAD_TOKEN)
        etcd_link_forget_token(watch->link);
    if (line->error.fault == ETCD_DENIED)
        watch->breaks = BREAKS_MAX; /* no hurry helps, and it is to be known */
    take_up(watch, etcd_fault_status(line->error.fault), sentence);
}

static void on_created(struct etcd_watch *watch)
{
    watch->phase = WATCH_OPEN;
    watch->opened_ms = now_ms();
    watch->stray_ms = 0;
    wake_after(watch, TICK_MS);
    if (watch->lost)
        tell_again(watch);
}

static void on_line(void *context, const char *text, size_t length)
{
    struct etcd_watch *watch = context;
    struct etcd_watch_line line = {0};
    char words[ETCD_WORDS_MAX + 1] = "";

    if (etcd_read_watch(watch->prefix, text, length, &line, words, sizeof(words)) != 0) {
        begin_anew(watch, words); /* what it said is lost, and it would say it again */
        return;
    }
    watch->line_ms = now_ms();
    watch->progress_ms = 0;
    if (line.canceled || line.error.fault != ETCD_FAULT_NONE) {
        on_canceled(watch, &line);
    } else {
        if (line.created && watch->phase == WATCH_OPENING)
            on_created(watch);
        if (line.count > 0 && watch->stream != NULL)
            tell_changes(watch, &line);
    }
    etcd_watch_line_clear(&line);
}

static void on_stream_ended(void *context, const struct etcd_answer *answer)
{
    struct etcd_watch *watch = context;

    watch->stream = NULL; /* it frees itself */
    if (answer->error.fault == ETCD_BAD_TOKEN)
        etcd_link_forget_token(watch->link);
    take_up(watch, etcd_fault_status(answer->error.fault), answer->sentence);
}

static void open_stream(struct etcd_watch *watch)
{
    msec_t timeout_ms = watch->settings->timeout_ms;
    struct buffer body;

    buffer_init(&body, REQUEST_MAX);
    etcd_write_watch(&body, watch->prefix, watch->under, watch->told + 1);
    watch->member = etcd_link_current(watch->link);
    watch->line_ms = now_ms();
    watch->progress_ms = 0;
    watch->phase = WATCH_OPENING;
    watch->stream =
        etcd_stream_open(watch->link, watch->member, ETCD_PATH_WATCH, buffer_text(&body),
                         body.length, timeout_ms, on_line, on_stream_ended, watch);
    buffer_clear(&body);
    if (watch->stream == NULL)
        take_up(watch, STORE_AWAY, "store: no memory for the watch");
    else
        wake_after(watch, timeout_ms);
}

/* ---- asking where the store is ---- */

static void maybe_free(struct etcd_watch *watch)
{
    void (*closed)(void *context) = watch->closed;
    void *context = watch->closed_context;

    if (!watch->timer_closed || watch->asked)
        return;
    free(watch);
    closed(context);
}

static void pause_asking(struct etcd_watch *watch)
{
    watch->phase = WATCH_PAUSING;
    wake_after(watch,
               etcd_back_off_ms(PAUSE_FIRST_MS, PAUSE_LAST_MS, watch->breaks++, etcd_random()));
}

static void on_asked(void *context, const struct etcd_answer *answer)
{
    struct etcd_watch *watch = context;
    struct etcd_page page = {0};
    char words[ETCD_WORDS_MAX + 1] = "";

    watch->asked = false;
    if (watch->closing) {
        maybe_free(watch);
        return;
    }
    if (answer->error.fault != ETCD_FAULT_NONE) {
        pause_asking(watch);
        tell_lost(watch, etcd_fault_status(answer->error.fault), answer->sentence);
        return;
    }
    if (etcd_read_range(watch->prefix, answer->body, answer->length, &page, words, sizeof(words)) !=
        0) {
        char sentence[ETCD_SENTENCE_MAX + 1];

        etcd_link_misread(watch->link, answer, words, sentence, sizeof(sentence));
        pause_asking(watch);
        tell_lost(watch, STORE_AWAY, sentence);
        return;
    }
    if (page.revision < watch->told_when_asked) {
        watch->told = page.revision;
        tell_lost_at(watch, "the store's revision went back; everything is read again");
    }
    if (watch->told == 0)
        watch->told = page.revision;
    etcd_page_clear(&page);
    open_stream(watch);
}

/* Of a corner where no key of ours is: only the revision is wanted. */
static void ask(struct etcd_watch *watch)
{
    struct etcd_question question = {.path = ETCD_PATH_RANGE, .may_repeat = true};
    char corner[STORE_KEY_MAX + 1];
    struct etcd_span span = {.under = corner};
    struct buffer body;

    watch->phase = WATCH_ASKING;
    (void)snprintf(corner, sizeof(corner), "%.*s~", STORE_KEY_MAX - 1, watch->under);
    buffer_init(&body, REQUEST_MAX);
    etcd_write_range(&body, watch->prefix, &span, NULL, 1, 0);
    question.body = buffer_text(&body);
    question.length = body.length;
    watch->told_when_asked = watch->told;
    watch->asked = true;
    etcd_link_ask(watch->link, &question, on_asked, watch);
    buffer_clear(&body);
}

/* ---- while it stands ---- */

static void want_sign_of_life(struct etcd_watch *watch)
{
    struct buffer body;

    buffer_init(&body, REQUEST_MAX);
    etcd_write_progress(&body);
    (void)etcd_stream_send(watch->stream, buffer_text(&body), body.length);
    buffer_clear(&body);
    watch->progress_ms = now_ms();
}

static bool has_strayed(struct etcd_watch *watch)
{
    if (etcd_link_current(watch->link) == watch->member)
        watch->stray_ms = 0;
    else if (watch->stray_ms == 0)
        watch->stray_ms = now_ms();
    return watch->stray_ms != 0 && now_ms() - watch->stray_ms >= STRAY_MS;
}

static void look_after(struct etcd_watch *watch)
{
    msec_t patience_ms = watch->settings->timeout_ms;

    if (watch->progress_ms != 0 && now_ms() - watch->progress_ms > patience_ms) {
        give_up_member(watch, "it gave no sign of life: look whether it stands still");
        return;
    }
    if (watch->changed > watch->told && now_ms() - watch->changed_ms > patience_ms) {
        watch->changed = 0;
        give_up_member(watch, "it does not tell what a read shows: look at the network to it");
        return;
    }
    if (has_strayed(watch)) {
        take_up(watch, STORE_AWAY, "store: etcd: the watch moves to another member");
        return;
    }
    if (watch->progress_ms == 0 && now_ms() - watch->line_ms > QUIET_MS)
        want_sign_of_life(watch);
    wake_after(watch, TICK_MS);
}

static void on_timer(uv_timer_t *timer)
{
    struct etcd_watch *watch = timer->data;

    switch (watch->phase) {
    case WATCH_PAUSING:
        ask(watch);
        break;
    case WATCH_ASKING:
        break; /* the link's answer comes by itself */
    case WATCH_OPENING:
        give_up_member(watch, "the watch did not begin in time: look whether it stands still");
        break;
    case WATCH_OPEN:
        look_after(watch);
        break;
    }
}

/* ---- the interface ---- */

uint64_t etcd_watch_told(const struct etcd_watch *watch)
{
    return watch->told;
}

bool etcd_watch_covers(const struct etcd_watch *watch, const char *key)
{
    return strncmp(key, watch->under, strlen(watch->under)) == 0;
}

void etcd_watch_heard(struct etcd_watch *watch, uint64_t told, uint64_t revision, uint64_t changed)
{
    if (watch->closing)
        return;
    if (watch->told == 0 && watch->phase == WATCH_ASKING) {
        watch->told = revision; /* from now on; what was before, this read tells */
        return;
    }
    if (revision < told && watch->told >= told) {
        if (watch->phase == WATCH_OPENING || watch->phase == WATCH_OPEN)
            begin_anew(watch, "the store's revision went back; everything is read again");
        return;
    }
    if (changed > watch->told && watch->changed == 0) {
        watch->changed = changed;
        watch->changed_ms = now_ms();
    }
}

struct etcd_watch *etcd_watch_create(struct etcd_link *link, const struct store_settings *settings,
                                     const char *prefix, const char *under, uint64_t known_revision,
                                     store_watch_event event, void *context)
{
    struct etcd_watch *watch = calloc(1, sizeof(*watch));

    if (watch == NULL)
        return NULL;
    watch->link = link;
    watch->settings = settings;
    watch->prefix = prefix;
    (void)snprintf(watch->under, sizeof(watch->under), "%s", under);
    watch->told = known_revision;
    watch->event = event;
    watch->context = context;
    (void)uv_timer_init(etcd_link_loop(link), &watch->timer); /* cannot fail */
    watch->timer.data = watch;
    ask(watch); /* only asks: nothing is told from inside */
    return watch;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct etcd_watch *watch = handle->data;

    watch->timer_closed = true;
    maybe_free(watch);
}

void etcd_watch_close(struct etcd_watch *watch, void (*closed)(void *context), void *context)
{
    assert(!watch->closing);
    watch->closing = true;
    watch->closed = closed;
    watch->closed_context = context;
    stop_stream(watch);
    uv_close((uv_handle_t *)&watch->timer, on_timer_closed);
    watch->event(watch->context, STORE_AWAY, NULL, "store: is being closed");
}
