# SPDX-License-Identifier: Apache-2.0
"""A stand-in for Amazon Route 53 on the loopback, for tests and demonstrations.

A request goes through these files, in this order:

    server.py      sockets: reads one HTTP request, delivers (or loses) one reply
    api.py         the pipeline: faults, signature, rate, policies, validation, operation, reply
    signature.py   is it signed as botocore signs?
    principals.py  who asks, and may they?                 iam.py: what a policy says (pure)
    sts.py         AssumeRole, at the same address
    cloud.py       CloudWatch, load balancers, there too    watched.py: alarms, targets
    model.py       is it what the service model allows?  XML in, XML out
    operations.py  one method for each operation of Route 53; health.py: of health checks
    account.py     zones, changes, what is in sync, what DNS shows
    zone.py        the rules of a change batch (pure)     names.py, rdata.py: their words
    checks.py      health checks: what may be asked for, what follows from it (pure)
    checkers.py    who polls, and when                     poll.py: one attempt
    journal.py     one JSON line for each batch
    faults.py      what is switched on to go wrong        control.py: /_lab, the switches
    hosts.py       names outside the zones                control_checks.py: /_lab/check
    answers.py     DNS answers from a zone (pure)         dnsserver.py: its sockets
"""
