/* SPDX-License-Identifier: Apache-2.0 */
/* proposal.h: a decision before it stands: how it begins and how it is committed (D8). Shared by
 * deciding.c, which proposes moves, and upkeep.c, which puts ledger and zone in order. */
#ifndef REGIONSHIFT_CORE_PROPOSAL_H
#define REGIONSHIFT_CORE_PROPOSAL_H

#include "state.h"

/* Fills in what all proposals share: the next epoch, the head's weights, the base. Nothing may be
 * proposed while a commit is on its way: its answer speaks of the proposal that was sent. */
struct decision *proposal_begin(struct engine *engine, uint32_t group, enum decision_kind kind);

/* Where a group's proposal stands, with its vectors: to be asked for before any of them is used. */
struct decision_slot *proposal_room(struct engine *engine, uint32_t group);

/* C2: the highest epoch ever seen: of heads, fences and the local journal. */
uint64_t proposal_highest_epoch(const struct engine *engine, uint32_t group);

/* D8: whose votes a proposal rests on: as they are, they allow it, whatever the others say. */
probe_set evidence_behind(const struct engine *engine, const struct decision *decision);

/* Sends the proposal to the store: one transaction that compares all it rests on. */
void proposal_commit(struct engine *engine, uint32_t group);

/* A vote that the newest commit compares has been told anew since: that is what it lost to, or will
 * lose to, and nothing has to be waited for. */
bool proposal_outdated(const struct engine *engine, uint32_t group);

/* Proposes what puts ledger and zone in order, if anything does; moves nothing by itself. */
bool upkeep_propose(struct engine *engine, uint32_t group);

#endif
