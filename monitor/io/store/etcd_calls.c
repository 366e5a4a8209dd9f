/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_calls.c: a call is a record, in the list of the pending until it is reported, and alive
 * until the link has answered its last question. The requests are written down inside the call, so
 * that nothing of the caller's is borrowed.
 *
 * A read takes pages, all at the revision of the first, and begins anew when etcd compacted that
 * revision meanwhile. A write that was perhaps carried out is STORE_AWAY, whatever else is known:
 * who wrote reads (store.h). */
#include "etcd_calls.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum {
    CALLS_MAX = 1024,
    CALLS_BYTES_MAX = 32 * 1024 * 1024, /* of requests that wait */
    PAGE_ITEMS = 500,
    PAGES_MAX = 8 * 1024,
    VIEW_ITEMS_MAX = 1000 * 1000, /* votes of 32,768 groups by 25 probes, and the heads */
    VIEW_BYTES_MAX = 512 * 1024 * 1024,
    BEGINNINGS_MAX = 4, /* of one read */
    RANGE_REQUEST_MAX = 8192
};

struct call {
    TAILQ_ENTRY(call) entry;
    struct etcd_calls *calls;
    bool reported;
    size_t size; /* of its request, while it is pending */
    store_view_done view_done;
    store_write_done write_done;
    void *context;

    /* a write */
    bool is_txn;
    int64_t lease;    /* it used */
    bool lacks_lease; /* only the compares were asked */

    /* a read */
    char under[STORE_KEY_MAX + 1];
    char but[STORE_KEY_MAX + 1]; /* but for what begins with this; "": for nothing */
    bool is_behind;              /* the pages before that have come */
    msec_t deadline_ms;
    uint64_t told; /* by the watch when it began */
    uint32_t page_items;
    uint32_t beginnings;
    struct etcd_page *pages;
    size_t page_count;
    size_t item_count;
    size_t bytes;
};
TAILQ_HEAD(call_list, call);

struct etcd_calls {
    struct etcd_tools tools;
    struct call_list pending;
    uint32_t pending_count;
    size_t pending_bytes;
    uint32_t alive;
    uint64_t revision;
};

static msec_t now_ms(void)
{
    return (msec_t)(uv_hrtime() / 1000000);
}

/* ---- a call's life ---- */

static struct call *call_create(struct etcd_calls *calls)
{
    struct call *call = calloc(1, sizeof(*call));

    assert(call != NULL); /* a call that can neither be made nor refused has no other way */
    call->calls = calls;
    TAILQ_INSERT_TAIL(&calls->pending, call, entry);
    calls->pending_count++;
    calls->alive++;
    return call;
}

static void clear_pages(struct call *call)
{
    for (size_t i = 0; i < call->page_count; i++)
        etcd_page_clear(&call->pages[i]);
    free(call->pages);
    call->pages = NULL;
    call->page_count = 0;
    call->item_count = 0;
    call->bytes = 0;
    call->is_behind = false;
}

static void call_destroy(struct call *call)
{
    assert(call->reported);
    clear_pages(call);
    call->calls->alive--;
    free(call);
}

/* The one finish of a call: off the list, then told. */
static void report(struct call *call, enum store_status status, const struct store_view *view,
                   uint64_t revision, const char *sentence)
{
    struct etcd_calls *calls = call->calls;

    if (call->reported)
        return;
    call->reported = true;
    TAILQ_REMOVE(&calls->pending, call, entry);
    calls->pending_count--;
    calls->pending_bytes -= call->size;
    if (call->view_done != NULL)
        call->view_done(call->context, status, status == STORE_OK ? view : NULL, sentence);
    else
        call->write_done(call->context, status, status == STORE_OK ? revision : 0, sentence);
}

static void fail(struct call *call, enum store_status status, const char *sentence)
{
    report(call, status, NULL, 0, sentence);
}

static void not_understood(struct call *call, const struct etcd_answer *answer, const char *words)
{
    char sentence[ETCD_SENTENCE_MAX + 1];

    etcd_link_misread(call->calls->tools.link, answer, words, sentence, sizeof(sentence));
    fail(call, STORE_AWAY, sentence);
}

static void note_revision(struct etcd_calls *calls, uint64_t revision)
{
    if (revision > calls->revision)
        calls->revision = revision;
}

static bool is_overfull(const struct etcd_calls *calls, size_t size)
{
    return calls->pending_count > CALLS_MAX || calls->pending_bytes + size > CALLS_BYTES_MAX;
}

static void ask(struct call *call, const char *path, const struct buffer *body, bool may_repeat,
                msec_t timeout_ms, etcd_answered answered)
{
    struct etcd_question question = {.path = path,
                                     .body = buffer_text(body),
                                     .length = body->length,
                                     .may_repeat = may_repeat,
                                     .timeout_ms = timeout_ms};

    etcd_link_ask(call->calls->tools.link, &question, answered, call);
}

/* ---- what cannot be sent is said from the loop ---- */

static void on_refused(uv_timer_t *timer);

struct refusal {
    uv_timer_t timer;
    struct call *call;
    enum store_status status;
    const char *sentence;
};

static void refuse(struct call *call, enum store_status status, const char *sentence)
{
    struct refusal *refusal = calloc(1, sizeof(*refusal));
    uv_loop_t *loop = etcd_link_loop(call->calls->tools.link);

    assert(refusal != NULL);
    *refusal = (struct refusal){.call = call, .status = status, .sentence = sentence};
    (void)uv_timer_init(loop, &refusal->timer); /* cannot fail */
    refusal->timer.data = refusal;
    etcd_link_hold(call->calls->tools.link);
    uv_update_time(loop);
    (void)uv_timer_start(&refusal->timer, on_refused, 0, 0);
}

static void on_refusal_closed(uv_handle_t *handle)
{
    struct refusal *refusal = handle->data;
    struct etcd_link *link = refusal->call->calls->tools.link;

    call_destroy(refusal->call);
    free(refusal);
    etcd_link_release(link);
}

static void on_refused(uv_timer_t *timer)
{
    struct refusal *refusal = timer->data;

    fail(refusal->call, refusal->status, refusal->sentence);
    uv_close((uv_handle_t *)timer, on_refusal_closed);
}

static const char too_many[] = "store: etcd: more calls wait for it than may: its members are too "
                               "slow; this one was not begun";

/* ---- writing ---- */

static void on_written(void *context, const struct etcd_answer *answer)
{
    struct call *call = context;
    enum etcd_fault fault = answer->error.fault;
    char words[ETCD_WORDS_MAX + 1] = "";
    bool succeeded = false;
    uint64_t revision = 0;

    if (fault == ETCD_NO_LEASE) {
        etcd_lease_is_gone(call->calls->tools.lease, call->lease);
        fail(call, STORE_LEASE_LOST, etcd_lease_lost_sentence(call->calls->tools.lease));
    } else if (fault != ETCD_FAULT_NONE) {
        fail(call, etcd_fault_status(fault), answer->sentence);
    } else if (etcd_read_write(answer->body, answer->length, call->is_txn, &succeeded, &revision,
                               words, sizeof(words)) != 0) {
        not_understood(call, answer, words);
    } else {
        note_revision(call->calls, revision);
        if (!succeeded)
            fail(call, STORE_CONFLICT, "");
        else if (call->lacks_lease)
            fail(call, STORE_LEASE_LOST, etcd_lease_lost_sentence(call->calls->tools.lease));
        else
            report(call, STORE_OK, NULL, revision, "");
    }
    call_destroy(call);
}

static bool needs_lease(const struct store_txn *txn)
{
    for (size_t i = 0; i < txn->put_count; i++) {
        if (txn->puts[i].leased && txn->puts[i].value != NULL)
            return true;
    }
    return false;
}

/* Without a lease only the compares are asked: a conflict goes before (store.h). */
static void write_request(struct call *call, const struct store_txn *txn, const char *prefix,
                          struct buffer *body)
{
    struct store_txn compares_only = *txn;

    compares_only.put_count = 0;
    if (!call->is_txn)
        etcd_write_put(body, prefix, &txn->puts[0], call->lease);
    else
        etcd_write_txn(body, prefix, call->lacks_lease ? &compares_only : txn, call->lease);
}

void etcd_calls_txn(struct etcd_calls *calls, const struct store_txn *txn, store_write_done done,
                    void *context)
{
    struct call *call = call_create(calls);
    bool leased = needs_lease(txn);
    struct buffer body;

    call->write_done = done;
    call->context = context;
    call->is_txn = !(txn->compare_count == 0 && txn->put_count == 1 && txn->puts[0].value != NULL);
    call->lease = leased ? etcd_lease_id(calls->tools.lease) : 0;
    call->lacks_lease = leased && call->lease == 0;
    if (call->lacks_lease && txn->compare_count == 0) {
        refuse(call, STORE_LEASE_LOST, etcd_lease_lost_sentence(calls->tools.lease));
        return;
    }
    buffer_init(&body, ETCD_REQUEST_MAX);
    write_request(call, txn, calls->tools.prefix, &body);
    assert(!body.failed); /* the biggest transaction of store.h fits */
    if (is_overfull(calls, body.length)) {
        refuse(call, STORE_AWAY, too_many);
    } else {
        call->size = body.length;
        calls->pending_bytes += call->size;
        ask(call, call->is_txn ? ETCD_PATH_TXN : ETCD_PATH_PUT, &body, false, 0, on_written);
    }
    buffer_clear(&body);
}

/* ---- reading ---- */

static void ask_page(struct call *call);

/* All pages as one view. */
static void report_view(struct call *call)
{
    struct store_item *items = calloc(call->item_count + 1, sizeof(*items));
    struct store_view view = {.revision = call->pages[0].revision, .items = items};

    assert(items != NULL);
    for (size_t i = 0; i < call->page_count; i++) {
        const struct etcd_page *page = &call->pages[i];

        if (page->count > 0)
            memcpy(items + view.count, page->items, page->count * sizeof(*items));
        view.count += page->count;
    }
    note_revision(call->calls, view.revision);
    if (!call->reported)
        call->calls->tools.heard(call->calls->tools.context, call->told, &view);
    report(call, STORE_OK, &view, 0, "");
    free(items);
}

/* 0, or -1: more than anyone wrote for us. */
static int keep_page(struct call *call, struct etcd_page *page, size_t length)
{
    struct etcd_page *pages;

    if (call->page_count >= PAGES_MAX || call->item_count + page->count > VIEW_ITEMS_MAX ||
        call->bytes + length > VIEW_BYTES_MAX)
        return -1;
    pages = reallocarray(call->pages, call->page_count + 1, sizeof(*pages));
    if (pages == NULL)
        return -1;
    pages[call->page_count] = *page;
    call->pages = pages;
    call->page_count++;
    call->item_count += page->count;
    call->bytes += length;
    return 0;
}

/* Whether the next question was asked; otherwise the read has been reported. */
static bool take_page(struct call *call, const struct etcd_answer *answer)
{
    struct etcd_page page = {0};
    char words[ETCD_WORDS_MAX + 1] = "";

    if (etcd_read_range(call->calls->tools.prefix, answer->body, answer->length, &page, words,
                        sizeof(words)) != 0) {
        not_understood(call, answer, words);
        return false;
    }
    if (keep_page(call, &page, answer->length) != 0) {
        etcd_page_clear(&page);
        fail(call, STORE_FULL,
             "store: etcd: more stands under the prefix than this program would ever write: look "
             "who else writes there, or take another store.prefix");
        return false;
    }
    if (page.next_key == NULL && (call->is_behind || call->but[0] == '\0')) {
        report_view(call);
        return false;
    }
    call->is_behind |= page.next_key == NULL;
    ask_page(call);
    return true;
}

/* Whether the question may be asked in another way, and was. */
static bool ask_otherwise(struct call *call, const struct etcd_answer *answer)
{
    enum etcd_fault fault = answer->error.fault;

    if (answer->too_long && call->page_items > 1) {
        call->page_items = call->page_items > 8 ? call->page_items / 8 : 1;
        ask_page(call);
        return true;
    }
    if ((fault != ETCD_COMPACTED && fault != ETCD_FUTURE) || call->page_count == 0 ||
        ++call->beginnings >= BEGINNINGS_MAX)
        return false;
    clear_pages(call);
    ask_page(call);
    return true;
}

static void on_page(void *context, const struct etcd_answer *answer)
{
    struct call *call = context;
    bool goes_on = false;

    if (call->reported) {
        call_destroy(call);
        return;
    }
    if (answer->error.fault == ETCD_FAULT_NONE)
        goes_on = take_page(call, answer);
    else if (now_ms() < call->deadline_ms)
        goes_on = ask_otherwise(call, answer);
    if (goes_on)
        return;
    if (!call->reported)
        fail(call, etcd_fault_status(answer->error.fault), answer->sentence);
    call_destroy(call);
}

static void ask_page(struct call *call)
{
    const struct etcd_page *last = call->page_count > 0 ? &call->pages[call->page_count - 1] : NULL;
    const char *but = call->but[0] != '\0' ? call->but : NULL;
    struct etcd_span span = {.under = call->under,
                             .before = call->is_behind ? NULL : but,
                             .behind = call->is_behind ? but : NULL};
    msec_t left_ms = call->deadline_ms - now_ms();
    struct buffer body;

    buffer_init(&body, RANGE_REQUEST_MAX);
    etcd_write_range(&body, call->calls->tools.prefix, &span, last != NULL ? last->next_key : NULL,
                     call->page_items, last != NULL ? call->pages[0].revision : 0);
    ask(call, ETCD_PATH_RANGE, &body, true, left_ms > 0 ? left_ms : 1, on_page);
    buffer_clear(&body);
}

void etcd_calls_get(struct etcd_calls *calls, const char *under, const char *but,
                    store_view_done done, void *context)
{
    struct call *call = call_create(calls);

    call->view_done = done;
    call->context = context;
    (void)snprintf(call->under, sizeof(call->under), "%s", under);
    (void)snprintf(call->but, sizeof(call->but), "%s", but);
    call->deadline_ms = now_ms() + calls->tools.settings->timeout_ms;
    call->told = calls->tools.told(calls->tools.context);
    call->page_items = PAGE_ITEMS;
    if (is_overfull(calls, 0))
        refuse(call, STORE_AWAY, too_many);
    else
        ask_page(call);
}

/* ---- the rest ---- */

uint64_t etcd_calls_revision(const struct etcd_calls *calls)
{
    return calls->revision;
}

void etcd_calls_fail(struct etcd_calls *calls, const char *sentence)
{
    struct call *call;

    while ((call = TAILQ_FIRST(&calls->pending)) != NULL)
        fail(call, STORE_AWAY, sentence);
}

struct etcd_calls *etcd_calls_create(const struct etcd_tools *tools)
{
    struct etcd_calls *calls = calloc(1, sizeof(*calls));

    if (calls == NULL)
        return NULL;
    calls->tools = *tools;
    TAILQ_INIT(&calls->pending);
    return calls;
}

void etcd_calls_destroy(struct etcd_calls *calls)
{
    assert(calls == NULL || calls->alive == 0);
    free(calls);
}
