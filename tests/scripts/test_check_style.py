# SPDX-License-Identifier: Apache-2.0
"""check-style catches each thing it promises to catch, and nothing else."""

import pathlib
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
LICENCE = "/* SPDX-License-Identifier: Apache-2.0 */\n"
GUARDED = LICENCE + "#ifndef REGIONSHIFT_NOUN_H\n#define REGIONSHIFT_NOUN_H\n{}\n#endif\n"

CALM = LICENCE + """\
#include "noun.h"

#include <stdio.h>

/* strcpy(a, b), atoi() and time() in prose are no calls; nor is "system(" in a text. */
static const char *const word = "system(3) and sprintf(buffer)";

int noun_value(const struct noun *noun, int letter)
{
    int64_t daytime = noun->time(3);

    switch (letter) {
    case 'a':
        return snprintf(NULL, 0, "%s", word);
    default:
        return (int)daytime;
    }
}

struct noun *noun_create(void)
{
    return calloc(1, sizeof(struct noun));
}
"""


def check(tree, files):
    """Runs check-style on a tree of these files; its exit code and what it printed."""
    for name, text in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    shutil.copy(TOP / ".clang-format", tree / ".clang-format")
    command = [TOP / "scripts/check-style", tree]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_calm_code_passes(tmp_path):
    files = {"monitor/core/noun.c": CALM, "include/noun.h": GUARDED.format("\nint noun;\n")}
    assert check(tmp_path, files) == (0, "")


def function_of(lines):
    return LICENCE + "void f(void)\n{\n" + "    g();\n" * (lines - 3) + "}\n"


def body(text):
    return LICENCE + "void f(void)\n{\n    " + text + "\n}\n"


def core_switch(label):
    return body(f"switch (x) {{\n    case {label}:\n    default:\n        break;\n    }}")


PLANTED = {
    "long-line": ("monitor/io/a.c", LICENCE + '#include "' + "x" * 90 + '.h"\n', "2: 103 columns"),
    "long-line-in-a-script": ("scripts/a", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n"
                              + "#" * 101 + "\n", "3: 101 columns"),
    "long-function": ("monitor/io/a.c", function_of(71), "2: f has 71 lines"),
    "long-file": ("tests/a.py", "# SPDX-License-Identifier: Apache-2.0\n" + "a = 1\n" * 800,
                  "800: 801 lines"),
    "no-licence": ("monitor/io/a.c", "int a;\n", "1: no licence"),
    "no-licence-in-a-script": ("scripts/a", "#!/bin/sh\n", "2: no licence"),
    "no-guard": ("include/a.h", LICENCE + "int a;\n", "1: no header guard"),
    "guard-of-another": ("include/a.h", GUARDED.format("int a;"), "1: no header guard"),
    "guard-left-open": ("include/noun.h", GUARDED.format("int a;").replace("#endif\n", "int b;\n"),
                        "5: the header guard is not closed"),
    "malloc-in-core": ("monitor/core/a.c", body("p = malloc(3);"), "4: malloc() in f"),
    "default-over-enum": ("monitor/core/a.c", core_switch("SITE_UP"), "6: default: over our own"),
    "library-header": ("monitor/core/a.c", LICENCE + "#include <uv.h>\n", "2: library header"),
    "not-formatted": ("monitor/io/a.c", LICENCE + "int  a;\n", "2: not formatted"),
}
CALLS = ("strcpy", "strcat", "sprintf", "vsprintf", "atoi", "strtok", "gmtime", "localtime",
         "rand", "time", "system", "popen", "alloca")
PLANTED.update({call: ("tests/io/a.c", body(f"{call}(a);"), f"4: {call}() is banned: use ")
                for call in CALLS})


@pytest.mark.parametrize("planted", PLANTED)
def test_each_promise_is_kept(tmp_path, planted):
    name, text, complaint = PLANTED[planted]
    code, output = check(tmp_path, {name: text})
    assert code == 1
    assert output.startswith(f"{name}:{complaint}"), output
    assert output.endswith("check-style: 1 to mend\n"), output


def test_a_library_header_is_found_behind_our_own(tmp_path):
    code, output = check(tmp_path, {
        "include/store.h": LICENCE + "#ifndef REGIONSHIFT_STORE_H\n#define REGIONSHIFT_STORE_H\n"
        "#include <uv.h>\n#endif\n",
        "monitor/codec/a.c": LICENCE + '#include "store.h"\n',
    })
    assert code == 1
    assert "monitor/codec/a.c:2: library header in a pure part: store.h -> uv.h" in output


def test_seventy_lines_and_a_hundred_columns_are_allowed(tmp_path):
    wide = LICENCE + "/* " + "x" * 94 + " */\n"
    assert check(tmp_path, {"monitor/io/a.c": function_of(70), "monitor/io/b.c": wide}) == (0, "")


def test_allocation_at_the_start_and_outside_core_is_nobodys_business(tmp_path):
    source = body("p = malloc(3);")
    assert check(tmp_path, {"monitor/io/a.c": source, "monitor/core/create.c": source}) == (0, "")
