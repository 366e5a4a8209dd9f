/* SPDX-License-Identifier: Apache-2.0 */
/* FNV-1a by words of 64 bits instead of bytes, folded after each, because the multiplication alone
 * never carries a high bit down. */
#include "digest.h"

static const uint64_t basis = UINT64_C(0xcbf29ce484222325);
static const uint64_t prime = UINT64_C(0x100000001b3);

static void take(uint64_t *digest, uint64_t value)
{
    uint64_t mixed = (*digest ^ value) * prime;

    *digest = mixed ^ (mixed >> 29);
}

/* Eight bytes at a time; the end of the text counts, so that "a","b" is not "ab","". */
static void take_text(uint64_t *digest, const char *text)
{
    uint64_t word = 0;
    unsigned bytes = 0;

    for (; *text != '\0'; text++) {
        word = word << 8 | (unsigned char)*text;
        if (++bytes == sizeof(word)) {
            take(digest, word);
            word = 0;
            bytes = 0;
        }
    }
    take(digest, word << 8 | bytes);
}

void digest_init(struct digest *digest)
{
    *digest = (struct digest){.all = basis, .acts = basis};
}

void digest_fact(struct digest *digest, uint32_t probe, const struct fact *fact)
{
    uint64_t *all = &digest->all;

    take(all, (uint64_t)probe << 32 | (uint32_t)fact->code);
    take(all, (uint64_t)fact->at_ms);
    take(all, (uint64_t)fact->group << 32 | fact->site);
    take(all, (uint64_t)fact->region << 32 | fact->zone);
    take(all, fact->probe);
    take(all, (uint64_t)fact->epoch);
    take(all, (uint64_t)fact->number);
    take(all, (uint64_t)fact->limit);
    take_text(all, fact->rule);
    take_text(all, fact->word);
    take_text(all, fact->word2);
    take_text(all, fact->text);
}

static void take_decision(uint64_t *digest, const struct settings *settings,
                          const struct decision *decision)
{
    take(digest, (uint64_t)decision->group << 32 | (uint32_t)decision->kind);
    take(digest, decision->epoch);
    take(digest, decision->regions_left);
    for (uint32_t k = 0; k < settings->groups[decision->group].site_count; k++)
        take(digest, (uint64_t)decision->weights[k]);
}

void digest_commit(struct digest *digest, const struct settings *settings, uint32_t probe,
                   const struct commit *commit, uint64_t revision)
{
    uint64_t *all = &digest->all;

    take_decision(&digest->acts, settings, &commit->decision);
    take_decision(all, settings, &commit->decision);
    take(all, (uint64_t)probe << 32 | commit->decision.by);
    take(all, (uint64_t)commit->decision.at_wall);
    take(all, commit->decision.voters);
    take(all, revision);
    take_text(all, commit->decision.order);
    take_text(all, commit->decision.reason);
}

static void take_item(uint64_t *digest, const struct batch_item *item, bool with_values)
{
    take(digest, (uint64_t)item->action);
    take(digest, (uint64_t)item->set.weight);
    take_text(digest, item->set.name);
    take_text(digest, item->set.set);
    for (uint32_t i = 0; with_values && i < item->set.value_count; i++)
        take_text(digest, item->set.values[i]);
}

/* The values of a fence name who wrote it, and a nonce. */
void digest_batch(struct digest *digest, uint32_t probe, msec_t at_ms, const struct batch *batch)
{
    uint64_t *all = &digest->all;

    take(&digest->acts, (uint64_t)batch->zone << 32 | batch->group);
    take(&digest->acts, batch->epoch);
    take(all, (uint64_t)probe << 32 | batch->zone);
    take(all, (uint64_t)at_ms);
    take(all, batch->epoch);
    for (uint32_t i = 0; i < batch->item_count; i++) {
        take_item(&digest->acts, &batch->items[i], false);
        take_item(all, &batch->items[i], true);
    }
}

void digest_alert(struct digest *digest, uint32_t probe, msec_t at_ms, const struct alert *alert)
{
    uint64_t *all = &digest->all;

    take(all, (uint64_t)probe << 32 | (uint32_t)alert->event << 8 | (uint32_t)alert->phase);
    take(all, (uint64_t)at_ms);
    take(all, (uint64_t)alert->severity);
    take_text(all, alert->incident);
    take_text(all, alert->subject);
    take_text(all, alert->text);
}
