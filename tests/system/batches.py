# SPDX-License-Identifier: Apache-2.0
"""What was really done to the zone: the batches in the log of Route 53's stand-in, and whether they
keep the rules that can be seen from outside (C2, C5)."""

import dataclasses
import re

from programs import StageError

_FENCE = re.compile(r'epoch=(\d+) by=(\S+)')


@dataclasses.dataclass
class Batch:
    """One batch that Route 53 accepted from a daemon."""

    seq: int            # number in the stand-in's log
    when: float         # seconds since 1970
    epoch: int          # of the fence that it wrote
    replaced: int       # epoch of the fence that it removed; None: there was none
    by: str             # name of the probe, as the fence says
    weights: dict       # {"pizza": {"us-east-1": 0, "us-west-2": 100}, ...} after it
    moved: bool         # whether a weight changed
    late: bool          # its reply was lost, it was executed later
    edited: bool        # somebody else changed the zone since the batch before
    entry: dict         # the log's line


def read_fence(text):
    """(epoch, by) of a fence's text; (None, None) without one."""
    match = _FENCE.search(text or "")
    return (int(match[1]), match[2]) if match else (None, None)


def _play(weights, changes):
    """The weights after changes; services and regions are told by the set's identifier."""
    weights = {service: dict(regions) for service, regions in weights.items()}
    for change in changes:
        rrset = change["ResourceRecordSet"]
        service, _, region = rrset.get("SetIdentifier", "").partition("-")
        if service in weights and change["Action"] in ("CREATE", "UPSERT"):
            weights[service][region] = rrset["Weight"]
    return weights


def read(entries, weights, group):
    """The daemons' batches among the entries of the log; `weights` are those before the first."""
    batches = []
    edited = False
    for entry in entries:
        if entry["verdict"] == "refused":
            continue
        after = _play(weights, entry["changes"])
        if entry["source"] != "lab":
            epoch, by = read_fence(entry["fences_after"].get(group))
            batches.append(Batch(
                seq=entry["seq"], when=entry["time_ms"] / 1000, epoch=epoch, by=by,
                replaced=read_fence(entry["fences_before"].get(group))[0], weights=after,
                moved=after != weights, late=entry["source"] == "late", edited=edited,
                entry=entry))
        edited = entry["source"] == "lab"
        weights = after
    return batches


def check(batches, group):
    """Epochs rise strictly; each batch removes exactly the fence that was there, which is that of
    the batch before it unless somebody else wrote in between; no name has weight 0 everywhere."""
    for before, batch in zip([None] + batches, batches):
        where = f"batch {batch.seq} (epoch {batch.epoch} by {batch.by})"
        if batch.epoch is None:
            raise StageError(f"{where} left no fence")
        if before is not None and batch.epoch <= before.epoch:
            raise StageError(f"{where}: epochs rise strictly, but {before.epoch} was before it")
        if before is not None and not batch.edited and batch.replaced != before.epoch:
            raise StageError(f"{where} replaced the fence of {batch.replaced}, not {before.epoch}")
        _check_deleted(batch, group, where)
        for service, weights in batch.weights.items():
            if not any(weights.values()):
                raise StageError(f"{where}: no weight is left for {service}: {weights}")


def _check_deleted(batch, group, where):
    """The fence it deleted is what the zone had (C1: a compare)."""
    was = batch.entry["fences_before"].get(group)
    deleted = [record["Value"].strip('"')
               for change in batch.entry["changes"] if change["Action"] == "DELETE"
               for record in change["ResourceRecordSet"].get("ResourceRecords", [])
               if change["ResourceRecordSet"]["Name"].startswith(f"_regionshift.{group}.")]
    if deleted != ([was] if was else []):
        raise StageError(f"{where} deleted the fences {deleted}, the zone had {was!r}")
