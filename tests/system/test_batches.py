# SPDX-License-Identifier: Apache-2.0
"""What the laboratory says of Route 53's log: a judge that never condemns would prove nothing."""

import batches
import pytest
from programs import StageError

GROUP = "jwt-pizza"
NORMAL = {"pizza": {"us-east-1": 100, "us-west-2": 0}}


def fence(epoch, by="use1"):
    return f"v=rs1 group={GROUP} epoch={epoch} by={by} nonce=00 plan=00"


def rrset(action, name, **more):
    return {"Action": action, "ResourceRecordSet": {"Name": name, **more}}


def weight(region, value):
    return rrset("CREATE", "pizza.example.com.", Type="A", SetIdentifier=f"pizza-{region}",
                 Weight=value)


class Log:
    """Entries as the stand-in writes them."""

    def __init__(self):
        self.entries = []
        self.fence = None

    def batch(self, epoch, *changes, by="use1", source="api", deletes=...):
        deleted = self.fence if deletes is ... else deletes
        fences = [rrset("DELETE", f"_regionshift.{GROUP}.example.com.", Type="TXT",
                        ResourceRecords=[{"Value": f'"{deleted}"'}])] if deleted else []
        before = {GROUP: self.fence} if self.fence else {}
        self.fence = fence(epoch, by)
        self.entries.append({"seq": len(self.entries) + 1, "time_ms": 1000, "verdict": "accepted",
                             "source": source, "changes": [*fences, *changes],
                             "fences_before": before, "fences_after": {GROUP: self.fence}})
        return self

    def read(self):
        return batches.read(self.entries, NORMAL, GROUP)

    def check(self):
        batches.check(self.read(), GROUP)


def moved(log=None):
    return (log or Log()).batch(1).batch(2, weight("us-east-1", 0), weight("us-west-2", 100),
                                         by="usw2")


def test_a_move_is_read_as_epoch_fence_weights_and_author():
    first, second = moved().read()
    assert (first.epoch, first.replaced, first.by, first.moved) == (1, None, "use1", False)
    assert (second.epoch, second.replaced, second.by, second.moved) == (2, 1, "usw2", True)
    assert second.weights == {"pizza": {"us-east-1": 0, "us-west-2": 100}}
    moved().check()


def test_what_was_refused_is_no_batch():
    log = moved()
    log.entries[1]["verdict"] = "refused"
    assert [batch.epoch for batch in log.read()] == [1]


@pytest.mark.parametrize("epoch", [2, 1])
def test_an_epoch_that_does_not_rise_is_condemned(epoch):
    with pytest.raises(StageError, match="epochs rise strictly"):
        moved().batch(epoch).check()


def test_a_batch_that_replaced_another_fence_is_condemned():
    log = moved()
    log.entries[1]["fences_before"] = {GROUP: fence(7)}
    with pytest.raises(StageError, match="replaced the fence of 7, not 1"):
        log.check()


@pytest.mark.parametrize("deletes", [None, fence(2, "fra")])
def test_a_batch_that_did_not_delete_the_fence_it_found_is_condemned(deletes):
    with pytest.raises(StageError, match="deleted the fences"):
        moved().batch(3, deletes=deletes).check()


def test_a_name_without_any_weight_is_condemned():
    with pytest.raises(StageError, match="no weight is left for pizza"):
        moved().batch(3, weight("us-west-2", 0)).check()


def test_a_fence_that_a_human_wrote_may_be_replaced_too():
    moved().batch(9, source="lab").batch(10).check()
    assert [batch.edited for batch in moved().batch(9, source="lab").batch(10).read()] \
        == [False, False, True]
