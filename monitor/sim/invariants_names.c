/* SPDX-License-Identifier: Apache-2.0 */
/* Every invariant, by its id. Those up to S-27 have their numbers from the studies this project
 * rests on; numbers that are missing need two runs to be seen, or no world at all. */
#include "invariants.h"

const struct invariant_name invariant_names[] = {
    {"S-01", "A1 A2 A3 D8",
     "A region loses weight by itself only while the store holds at least quorum.down votes "
     "against it, each leased, seeing, and made under the committer's settings."},
    {"S-02", "A3",
     "Those votes come from enough vantages and owners, one of them outside the region."},
    {"S-03", "D1 A4",
     "The region has been agreed down for hold, unbroken, by what the committer was told."},
    {"S-04", "D2 D4 D7",
     "A region gains weight only when agreed up for stable, unbroken, and not drained; an order "
     "with override lifts that for itself, but never for a region agreed down."},
    {"S-05", "C5",
     "No decision leaves a service without weight and no batch a record, or touches what is not in "
     "the "
     "settings."},
    {"S-06", "D2", "Whoever leaves, somebody who is agreed up serves on, or the static page does."},
    {"S-07", "A1 A4 V5", "Nothing moves by itself while fewer votes count than a quorum takes."},
    {"S-08", "C2 C7",
     "With every batch that Route 53 takes, the fence rises; it falls only by a person's hand, "
     "or when Route 53 loses what it had taken."},
    {"S-09", "C1 C2",
     "Every batch replaces the fence by one of its own epoch, nonce, author and plan."},
    {"S-10", "C6", "A batch is sent only by who holds a lease, with a second of it left."},
    {"S-11", "C6 C8",
     "A move is sent only while its reason stands: leavers agreed down or drained, gainers up."},
    {"S-12", "D6",
     "Moves without an order keep dwell and budget, counted over what the store took."},
    {"S-13", "D5",
     "Weight returns by choice only by an order given since the last decision, or when failback "
     "is auto."},
    {"S-14", "D7", "Under a freeze nothing is committed or sent, but by an order with override."},
    {"S-15", "C4 C8",
     "No batch writes over what a person wrote; what is adopted is what the zone says, on "
     "somebody's word; and no decision but a move moves weight."},
    {"S-16", "S2 A2",
     "No decision and no batch while the store has not answered for a lease's time."},
    {"S-19", "V5",
     "After a jump of the clock, or a stall, a probe neither votes, decides nor sends for 30 s."},
    {"S-20", "A1 A3", "Liars fewer than quorum.down never move anything alone."},
    {"S-22", "A2", "Votes of other settings, or of the blind, are never counted."},
    {"S-23", "D8 S1", "After a start nothing is proposed before the store was read whole."},
    {"S-24", "C2 C7",
     "A decision's epoch is above every epoch that its proposer knows, and above the head's."},
    {"S-26", "L4", "No step has more to tell than fits."},
    {"S-27", "V1 V3 A3",
     "Each honest vote against a region that loses weight was earned: by bad results that met a "
     "fault that was there."},
    {"S-28", "B1",
     "A beacon is lit exactly from the commit that evicts its region until a zone shows an epoch "
     "that does not, and each other gives it its weight; and no older batch takes it after that."},
    {"S-29", "D8",
     "The store takes a decision only if head, orders and the votes it rests on are as compared."},
    {"S-30", "C1 C4 C7",
     "A batch deletes and creates the same record sets, changes nothing but weights, and all of "
     "them to what its decision says; what a name lives on that only loses is written again."},
    {"S-31", "C3", "A batch is made from the newest reading of its zone, and sent once."},
    {"S-32", "C6", "Only who may act decides and sends, and only for the head."},
    {"S-33", "D9", "A group without a head is taken on as the zone is, and never moved."},
    {"S-34", "D7",
     "A decision that names an order obeys it, overrides only if it says so, and marks it obeyed."},
    {"S-35", "D2 D3 D5",
     "A leave takes all weight of a region and gives it to a substitute; a failback raises to "
     "the next step and no further."},
    {"S-36", "C8",
     "Cancelled is only what was never known to be applied or shown by beacons, once its regions "
     "have returned; and everything goes back to what it was."},
    {"S-37", "D6", "The ledger takes one entry for each move, and none for what moves nothing."},
    {"S-38", "V1 V3 V4", "A vote says of each site what the probe's own results say."},
    {"S-39", "V5", "A probe that sees nothing abstains."},
    {"S-40", "L1 L2",
     "Every move, and every region left because it is down, is told within 2 minutes, or a "
     "minute after the sinks are back."},
    {"S-41", "D7 C2 C3 C5",
     "Without the store a probe decides only on a person's confirmed word, to what was shown, from "
     "the fence that was shown, and above every epoch it knows."},
    {"S-42", "C1",
     "A zone is written only when those that come before it in its group have the decision."},
    {"S-43", "D3",
     "Where services move together, no adoption and no cancellation leaves some of them in a "
     "region "
     "and others not, unless a decision that some zone holds, or a person, said so."},
    {"S-44", "D3",
     "Where services move together, no zone lacks for 6 minutes what another one has of the head, "
     "unless a rule holds it back: a freeze, a drift, a region that would gain and is not up."},
};

const uint32_t invariant_count = sizeof(invariant_names) / sizeof(invariant_names[0]);
