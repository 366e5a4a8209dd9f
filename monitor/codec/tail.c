/* SPDX-License-Identifier: Apache-2.0 */
#include "tail.h"

#include <arpa/inet.h>
#include <string.h>

#include "pool.h"
#include "record.h"

enum {
    TAIL_BYTES_MAX = 1024 * 1024,
    ALIAS_TTL_MS = 60 * 1000, /* of a load balancer's answers; an alias has no TTL of its own */
    VALUE_TEXT_MAX = 1024
};

/* ---- the one form of a value ---- */

static int family_of(enum dns_type type)
{
    return type == DNS_TYPE_A ? AF_INET : type == DNS_TYPE_AAAA ? AF_INET6 : 0;
}

/* As dns_answer_read() writes it. */
static void write_value(enum dns_type type, const char *value, char out[VALUE_TEXT_MAX])
{
    unsigned char address[sizeof(struct in6_addr)];
    int family = family_of(type);
    size_t length = strlen(value);

    if (family != 0 && inet_pton(family, value, address) == 1 &&
        inet_ntop(family, address, out, VALUE_TEXT_MAX) != NULL)
        return;
    length = length < VALUE_TEXT_MAX ? length : VALUE_TEXT_MAX - 1;
    for (size_t i = 0; i < length; i++)
        out[i] = value[i] >= 'A' && value[i] <= 'Z' ? (char)(value[i] + ('a' - 'A')) : value[i];
    length -= length > 0 && out[length - 1] == '.';
    out[length] = '\0';
}

static bool has_value(const struct tail_question *question, const char *value)
{
    for (uint32_t i = 0; i < question->value_count; i++) {
        if (strcmp(question->values[i], value) == 0)
            return true;
    }
    return false;
}

/* ---- what the change does to one name ---- */

static bool is_type(const char *text, enum dns_type *ret_type)
{
    if (strcmp(text, "A") == 0)
        *ret_type = DNS_TYPE_A;
    else if (strcmp(text, "AAAA") == 0)
        *ret_type = DNS_TYPE_AAAA;
    else if (strcmp(text, "CNAME") == 0)
        *ret_type = DNS_TYPE_CNAME;
    else
        return false;
    return true;
}

static bool same_name(const struct record_set *a, const struct record_set *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->type, b->type) == 0;
}

static int weight_after(const struct batch *batch, const struct record_set *set)
{
    for (uint32_t i = 0; i < batch->item_count; i++) {
        const struct batch_item *item = &batch->items[i];

        if (item->action == BATCH_CREATE && same_name(&item->set, set) &&
            strcmp(item->set.set, set->set) == 0)
            return item->set.weight;
    }
    return set->weight;
}

static int add_values(struct pool *pool, struct tail_question *question,
                      const struct record_set *set)
{
    char text[VALUE_TEXT_MAX];

    for (uint32_t i = 0; i < set->value_count && question->value_count < TAIL_VALUES_MAX; i++) {
        const char *copy;

        write_value(question->type, set->values[i], text);
        if (has_value(question, text))
            continue;
        copy = pool_copy(pool, text, strlen(text));
        if (copy == NULL)
            return -1;
        question->values[question->value_count++] = copy;
    }
    return 0;
}

/* Some answer that was given before is not given any more. */
static bool loses_value(const struct zone_view *view, const struct batch *batch,
                        const struct tail_question *question, const struct record_set *of)
{
    char text[VALUE_TEXT_MAX];

    for (uint32_t i = 0; i < view->set_count; i++) {
        const struct record_set *set = &view->sets[i];

        if (!same_name(set, of) || set->weight <= 0 || weight_after(batch, set) > 0)
            continue;
        for (uint32_t k = 0; k < set->value_count; k++) {
            write_value(question->type, set->values[k], text);
            if (!has_value(question, text))
                return true;
        }
    }
    return false;
}

static bool has_question(const struct tail *tail, const struct record_set *of, enum dns_type type)
{
    for (uint32_t i = 0; i < tail->question_count; i++) {
        if (tail->questions[i].type == type && strcmp(tail->questions[i].name, of->name) == 0)
            return true;
    }
    return false;
}

static void note_ttl(struct tail *tail, const struct record_set *set)
{
    msec_t ttl_ms = set->ttl_s < 0 ? ALIAS_TTL_MS : set->ttl_s * 1000;

    if (ttl_ms > tail->ttl_ms)
        tail->ttl_ms = ttl_ms;
}

/* The name of a set that changes becomes a question, when an answer can tell old from new. */
static int add_question(struct pool *pool, const struct zone_view *view, const struct batch *batch,
                        const struct record_set *of, struct tail *tail)
{
    struct tail_question *question = &tail->questions[tail->question_count];
    enum dns_type type;
    bool literal = true;

    if (!is_type(of->type, &type) || of->weight < 0 || tail->question_count == TAIL_QUESTIONS_MAX ||
        has_question(tail, of, type))
        return 0;
    *question = (struct tail_question){.type = type};
    for (uint32_t i = 0; i < view->set_count; i++) {
        const struct record_set *set = &view->sets[i];

        if (!same_name(set, of))
            continue;
        note_ttl(tail, set);
        literal &= set->ttl_s >= 0;
        if (weight_after(batch, set) > 0 && add_values(pool, question, set) != 0)
            return -1;
    }
    if (!literal || question->value_count == 0 || !loses_value(view, batch, question, of))
        return 0;
    question->name = pool_copy(pool, of->name, strlen(of->name));
    tail->question_count += question->name != NULL;
    return question->name != NULL ? 0 : -1;
}

/* ---- the fence, where nothing else can be asked ---- */

static int add_fence(struct pool *pool, const struct batch *batch, const char *group,
                     struct tail *tail)
{
    struct tail_question *question = &tail->questions[0];

    *question = (struct tail_question){.type = DNS_TYPE_TXT, .epoch = batch->epoch};
    for (uint32_t i = 0; i < batch->item_count; i++) {
        const struct batch_item *item = &batch->items[i];

        if (item->action != BATCH_CREATE || strcmp(item->set.type, "TXT") != 0)
            continue;
        note_ttl(tail, &item->set);
        question->name = pool_copy(pool, item->set.name, strlen(item->set.name));
        question->group = pool_copy(pool, group, strlen(group));
        if (question->name == NULL || question->group == NULL)
            return -1;
        tail->question_count = 1;
    }
    return 0;
}

/* ---- the interface ---- */

int tail_create(const struct zone_view *view, const struct batch *batch, const char *group,
                struct tail **ret_tail)
{
    struct pool *pool = pool_create(TAIL_BYTES_MAX);
    struct tail *tail = pool != NULL ? pool_alloc(pool, sizeof(*tail)) : NULL;

    if (tail == NULL)
        goto out;
    tail->arena = pool;
    for (uint32_t i = 0; i < batch->item_count; i++) {
        if (batch->items[i].action == BATCH_CREATE &&
            add_question(pool, view, batch, &batch->items[i].set, tail) != 0)
            goto out;
    }
    if (tail->question_count == 0 && add_fence(pool, batch, group, tail) != 0)
        goto out;
    *ret_tail = tail;
    return 0;
out:
    pool_destroy(pool);
    return -1;
}

/* An epoch that leaps is nobody's, as in the zone itself (C2). */
static bool fence_is_new(const struct tail_question *question, const char *const *values,
                         size_t count)
{
    uint64_t epoch = dns_answer_epoch(values, count, question->group);

    return epoch >= question->epoch && !fence_leaps(epoch, question->epoch);
}

bool tail_is_new(const struct tail_question *question, const char *const *values, size_t count)
{
    if (question->group != NULL)
        return fence_is_new(question, values, count);
    for (size_t i = 0; i < count; i++) {
        if (!has_value(question, values[i]))
            return false;
    }
    return count > 0;
}

void tail_destroy(struct tail *tail)
{
    if (tail != NULL)
        pool_destroy(tail->arena);
}
