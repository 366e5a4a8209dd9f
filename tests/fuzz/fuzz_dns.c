/* SPDX-License-Identifier: Apache-2.0 */
/* What strangers send as DNS answers, and texts that want to be fences. What is promised: values
 * only of the question asked, each a text that ends; the same bytes say the same; and a fence that
 * is read is written again byte for byte (one form for one statement, C2). */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "dns_answer.h"
#include "dns_reply.h"
#include "fuzz.h"
#include "record.h"

static const struct {
    enum dns_type type;
    const char *name;
} questions[] = {
    {DNS_TYPE_TXT, "_regionshift.jwt-pizza.example.com"},
    {DNS_TYPE_A, "pizza.example.com"},
    {DNS_TYPE_AAAA, "pizza.example.com."},
    {DNS_TYPE_CNAME, "\\052.example.com"},
};

static void check_items(const struct dns_answer *answer)
{
    size_t total = 0;

    assert(answer->count <= DNS_ANSWER_ITEMS_MAX && answer->used <= DNS_ANSWER_BYTES_MAX);
    for (size_t i = 0; i < answer->count; i++) {
        assert(answer->items[i] >= answer->bytes &&
               answer->items[i] < answer->bytes + sizeof(answer->bytes));
        total += strlen(answer->items[i]) + 1;
    }
    assert(total <= answer->used);
    if (dns_answer_epoch(answer->items, answer->count, "jwt-pizza") != 0)
        assert(answer->count == 1 && strstr(answer->items[0], "group=jwt-pizza ") != NULL);
}

/* The first byte picks the question. */
void fuzz_dns_answer(const uint8_t *data, size_t size)
{
    struct dns_answer *answers = calloc(2, sizeof(*answers));
    size_t question;
    enum dns_answer_status status;

    assert(answers != NULL);
    if (size > 0) {
        question = data[0] % (sizeof(questions) / sizeof(questions[0]));
        status = dns_answer_read(data + 1, size - 1, questions[question].name,
                                 questions[question].type, &answers[0]);
        assert((status == DNS_ANSWER_VALUES) == (answers[0].count > 0));
        check_items(&answers[0]);
        assert(dns_answer_read(data + 1, size - 1, questions[question].name,
                               questions[question].type, &answers[1]) == status);
        assert(answers[0].count == answers[1].count && answers[0].used == answers[1].used);
        assert(memcmp(answers[0].bytes, answers[1].bytes, answers[0].used) == 0);
    }
    free(answers);
}

/* As a name to ask for: in settings' words, and any others. */
void fuzz_dns_name(const uint8_t *data, size_t size)
{
    static const unsigned char header[12] = {0, 0, 0x84, 0, 0, 1};
    struct dns_answer *answer = calloc(1, sizeof(*answer));
    char *name = malloc(size + 1);

    assert(answer != NULL && name != NULL);
    memcpy(name, data, size);
    name[size] = '\0';
    assert(dns_answer_read(header, sizeof(header), name, DNS_TYPE_TXT, answer) ==
           DNS_ANSWER_NONSENSE);
    free(name);
    free(answer);
}

void fuzz_dns_fence(const uint8_t *data, size_t size)
{
    struct fence fence;
    char written[FENCE_TEXT_MAX + 1];
    char *text = malloc(size + 1);
    size_t length;

    assert(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    length = strlen(text);
    if (fence_parse(text, &fence) == 0) {
        bool quoted = text[0] == '"';

        assert(fence.epoch > 0 && fence.epoch <= FENCE_EPOCH_MAX);
        assert(fence_format(&fence, written, sizeof(written)) == 0);
        assert(strlen(written) + (quoted ? 2 : 0) == length);
        assert(memcmp(text + quoted, written, strlen(written)) == 0);
    }
    free(text);
}

static const struct dns_query asked[] = {
    {.id = 0x1234, .name = "www.example.com", .type = "A", .edns = true},
    {.id = 0x1234, .name = "www.example.com", .type = "AAAA", .edns = true},
    {.id = 0x1234, .name = "www.example.com", .type = "CNAME", .edns = true},
    {.id = 0x1234, .name = "www.example.com", .type = "MX", .edns = true},
    {.id = 0x1234, .name = ".", .type = "NS", .edns = true},
    {.id = 0x1234, .name = "www.example.com", .type = "PTR", .edns = true},
    {.id = 0x1234, .name = "www.example.com", .type = "SOA", .edns = true},
    {.id = 0x1234, .name = "www.example.com", .type = "SRV", .edns = true},
    {.id = 0x1234, .name = "www.example.com", .type = "TXT", .edns = true},
    {.id = 0x1234, .name = "*.example.com", .type = "CAA", .edns = true, .dnssec = true},
};

enum { ASKED_COUNT = sizeof(asked) / sizeof(asked[0]) };

/* Lines, whole ones, of what can be shown; as many as records at least. */
static void check_text(const struct dns_reply *reply)
{
    uint32_t lines = 0;

    assert(reply->text_length <= sizeof(reply->text));
    for (size_t i = 0; i < reply->text_length; i++) {
        unsigned char c = (unsigned char)reply->text[i];

        assert(c == '\n' || (c >= ' ' && c < 0x7f));
        lines += c == '\n';
    }
    assert(reply->text_length == 0 || reply->text[reply->text_length - 1] == '\n');
    assert(lines >= reply->answers || reply->text_cut);
    assert(reply->rcode >= 0 && reply->rcode <= 0xfff);
}

/* The first byte picks the question; to this very question no reply is a reply to another one. */
void fuzz_dns_reply(const uint8_t *data, size_t size)
{
    struct dns_reply *replies = calloc(2, sizeof(*replies));
    struct dns_query query;
    enum dns_reply_status status;

    assert(replies != NULL);
    if (size > 0) {
        query = asked[data[0] % ASKED_COUNT];
        status = dns_reply_read(data + 1, size - 1, &query, &replies[0]);
        if (status == DNS_REPLY_READ) {
            check_text(&replies[0]);
            assert(dns_reply_read(data + 1, size - 1, &query, &replies[1]) == status);
            assert(replies[0].text_length == replies[1].text_length);
            assert(memcmp(replies[0].text, replies[1].text, replies[0].text_length) == 0);
        }
        query.id ^= 1;
        assert(dns_reply_read(data + 1, size - 1, &query, &replies[1]) == DNS_REPLY_FOREIGN ||
               status == DNS_REPLY_FOREIGN);
    }
    free(replies);
}

/* Any name to ask for: what is written is read back as a question that is ours. */
void fuzz_dns_query(const uint8_t *data, size_t size)
{
    struct dns_reply *reply = calloc(1, sizeof(*reply));
    unsigned char out[DNS_QUERY_MAX];
    char *name = malloc(size + 1);
    struct dns_query query = {.id = 7, .name = name, .type = "A"};
    size_t length;

    assert(reply != NULL && name != NULL);
    memcpy(name, data, size);
    name[size] = '\0';
    query.edns = size % 2 == 1;
    length = dns_query_write(&query, out);
    assert(length <= sizeof(out));
    if (length > 0) {
        assert(dns_reply_read(out, length, &query, reply) == DNS_REPLY_FOREIGN);
        out[2] |= 0x80;
        assert(dns_reply_read(out, length, &query, reply) == DNS_REPLY_READ);
        assert(reply->rcode == 0 && reply->answers == 0 && reply->edns == query.edns);
    }
    free(name);
    free(reply);
}
