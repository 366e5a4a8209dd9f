# SPDX-License-Identifier: Apache-2.0
"""Settings with as many endpoints as a bench wants: services in regions, a check for each site. The
shape grows by more regions, then by more checks of a site, only where the limits of the settings
ask for it; regionshiftd -t says whether they do."""

import subprocess

SERVICES_OF_A_GROUP = 4
SETS_OF_A_ZONE = 2000       # a reading of one holds 4,096, with fences
SHAPES = [(2, 1), (8, 1), (32, 1), (32, 15)]     # (regions, checks of a site)

HEAD = """# Written by tests/bench/checks: %(count)d endpoints, each asked every %(interval)g s.
probe = { name = "bench"; };
quorum = { probes = ( { name = "bench"; vantage = "bench/here"; } ); };
store = { type = "sqlite"; path = "%(folder)s/store.db"; };
history = { path = "%(folder)s/history.db"; };
alerting = { spool = "%(folder)s/spool"; };
http = { listen = "%(listen)s"; socket = "%(folder)s/control.sock"; };
aws = { endpoint = "http://127.0.0.1:9"; };
checks = { interval = %(interval)g; timeout = %(timeout)g; retry = %(timeout)g; };
"""


def quoted(names):
    return ", ".join(f'"{name}"' for name in names)


def services_text(checks, regions, per_site):
    """(text, names). The checks are dealt out to the sites one by one; what is left over makes some
    sites have one more."""
    count = max(1, len(checks) // (regions * per_site))
    sites = [checks[k::count * regions] for k in range(count * regions)]
    names, services = [f"s{k}" for k in range(count)], []
    for k, name in enumerate(names):
        texts = []
        for region, its_checks in enumerate(sites[k * regions:(k + 1) * regions]):
            names_needed = len(its_checks) > 1
            listed = ", ".join((f'{{ name = "c{n}"; ' if names_needed else "{ ") + f"{check} }}"
                               for n, check in enumerate(its_checks))
            texts.append(f'{{ region = "r{region}"; weight = {0 if region else 100}; '
                         f'checks = ( {listed} ); }}')
        zone = f"Z{k // (SETS_OF_A_ZONE // regions)}"
        services.append(f'    {{ name = "{name}"; zone = "{zone}"; record = "{name}.example.com"; '
                        f'sites = ( {", ".join(texts)} ); }}')
    return "services = (\n" + ",\n".join(services) + "\n);\n", names


def groups_text(names, regions):
    size = SERVICES_OF_A_GROUP
    order = quoted(f"r{region}" for region in range(regions))
    groups = [f'    {{ name = "g{start // size}"; services = [ '
              f'{quoted(names[start:start + size])} ]; order = [ {order} ]; }}'
              for start in range(0, len(names), size)]
    return "groups = (\n" + ",\n".join(groups) + "\n);\n"


def write_settings(path, daemon, checks, head):
    """Of at least two checks, each the text of its keys. Returns (regions, checks of a site), or
    None and why."""
    why = ""
    for regions, per_site in [shape for shape in SHAPES if shape[0] <= len(checks)]:
        text, names = services_text(checks, regions, per_site)
        path.write_text(HEAD % {**head, "count": len(checks)} + text + groups_text(names, regions))
        tested = subprocess.run([daemon, "-c", str(path), "-t"], capture_output=True, text=True,
                                check=False, timeout=300)
        if tested.returncode == 0:
            return (regions, per_site), ""
        why = next((line for line in tested.stderr.splitlines() if "warning" not in line),
                   tested.stderr)
    return None, why
